"""What the applicant's pages have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from babel import Locale
from flask import Response, jsonify, make_response, render_template
from flask_babel import get_locale, gettext

from portal.accounts.identities import COUNTRIES
from portal.accounts.identity_words import DOCUMENTS
from portal.deposits.filenames import shown_name
from portal.matters import words
from portal.matters.shapes import MatterView, Missing
from portal.problems import PortalError
from portal.ui.context import current_actor, services

if TYPE_CHECKING:
    from portal.matters.service import MatterService

#: where most certificates go, first in the list
_NEAR = ("CN", "HK", "MO", "TW")


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the application. ``look``: "done", "waiting" (something is missing) or
    "pending"."""

    name: str
    number: int
    label: str
    icon: str
    look: str
    here: bool


def matters() -> MatterService:
    return services().matters


def view_of(matter_id: str) -> MatterView:
    return matters().view(current_actor(), matter_id)


def step_page(
    template: str, matter: MatterView, step: str, status: int = 200, **values: Any
) -> Response:
    """A page of the application, with its rail; never to be kept by a browser or proxy."""
    page = render_template(
        f"matters/{template}",
        matter=matter,
        steps=rail(matter, step),
        step=step,
        words=words,
        documents=DOCUMENTS,
        said=said,
        following=following(step),
        **values,
    )
    answer = make_response(page, status)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def rail(matter: MatterView, here: str) -> list[Step]:
    """The five steps; what lacks nothing is done."""
    lacking = {each.step for each in matter.missing}
    lacking |= {"review"} if lacking else set()
    begun = {"what", "notice", "review", "parties"}
    found = []
    for number, (name, (label, icon)) in enumerate(words.STEPS.items(), 1):
        done = name not in lacking and (name in begun or bool(matter.materials))
        look = "pending" if name == "review" else "done" if done else "waiting"
        found.append(Step(name, number, str(label), icon, look, name == here))
    return found


def following(step: str) -> str:
    """The step after this one; the last one stays."""
    names = list(words.STEPS)
    return names[min(names.index(step) + 1, len(names) - 1)]


def first_lacking(matter: MatterView) -> str:
    """Where somebody goes on who comes back to a draft."""
    return matter.missing[0].step if matter.missing else "review"


def said(missing: Missing) -> str:
    """What is missing, in the visitor's language."""
    params = {
        name: gettext(str(value)) if name == "why" else shown_name(str(value))
        for name, value in missing.params.items()
    }
    return str(gettext(missing.message, **params))


def sentence(error: PortalError) -> str:
    """An error in the visitor's language."""
    if error.code == "text_long":  # without the field's name: it stands beside the field
        return str(gettext("At most %(max)d characters.", max=error.params.get("limit", 0)))
    return str(gettext(error.message, **error.params))


def refusal(error: PortalError) -> tuple[Response, int]:
    """An error as the pages' script reads it."""
    shape = {"code": error.code, "message": sentence(error), "field": error.field}
    return make_response(jsonify(error=shape)), error.status


def countries() -> list[tuple[str, str]]:
    """Code and name in the visitor's language, the near ones first."""
    names = (get_locale() or Locale("en")).territories
    rest = sorted((str(names.get(code, code)), code) for code in COUNTRIES - set(_NEAR))
    near = [(code, str(names.get(code, code))) for code in _NEAR]
    return near + [(code, name) for name, code in rest]


def country_name(code: str) -> str:
    return str((get_locale() or Locale("en")).territories.get(code, code))
