"""From draws to what their pages show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from flask_babel import gettext

from portal.draws.naming import AWAITED, ROLES
from portal.draws.shapes import DrawLine, DrawView, InvitationView, ListView, Preview, Warning_
from portal.ui.locale import language

#: The steps every attempt has from every party, in order.
_EVERYBODY = ("commit", "shares", "acknowledge", "reveal")


@dataclass(frozen=True, slots=True)
class Waited:
    """Somebody who is waited for, and why; ``you``: whoever looks at the page."""

    name: str
    role: str
    what: str
    you: bool


@dataclass(frozen=True, slots=True)
class PartyLine:
    """One party and what it has done: ``ticks`` are (word, done)."""

    id: str
    name: str
    role: str
    icon: str
    email: str
    you: bool
    joined: bool
    claimed: bool
    link_open: bool
    waited: str
    ticks: tuple[tuple[str, bool], ...]


def title(draw: DrawView | DrawLine | InvitationView) -> str:
    """In the visitor's language where there is one."""
    first, second = draw.title_zh, draw.title_en
    if language() == "en":
        first, second = second, first
    return first or second or str(gettext("Draw without a title"))


def said(warning: Warning_) -> str:
    """A warning in the visitor's language."""
    return str(gettext(warning.text, **dict(warning.params)))


def waited(draw: DrawView) -> list[Waited]:
    """Who is waited for now; those that have handed in are not."""
    names = {each.id: each for each in draw.parties}
    return [
        Waited(
            names[each.party].name if each.party in names else each.party,
            names[each.party].role if each.party in names else "",
            str(AWAITED.get(each.type, each.type)),
            bool(draw.party) and each.party == draw.party,
        )
        for each in draw.expected
        if not each.handed_in
    ]


def party_lines(draw: DrawView) -> Iterator[PartyLine]:
    """Every party, and how far it is in the attempt that runs."""
    done = {
        (party, "reveal" if step.type == "recover" else step.type)
        for step in draw.steps
        if step.attempt == draw.attempt
        for party in _about(step.type, step.parties, step.body)
    }
    words = {
        "commit": gettext("committed"),
        "shares": gettext("dealt"),
        "acknowledge": gettext("acknowledged"),
        "reveal": gettext("revealed"),
    }
    for each in draw.parties:
        ticks = tuple((str(words[kind]), (each.id, kind) in done) for kind in _EVERYBODY)
        yield PartyLine(
            each.id,
            each.name,
            str(ROLES[each.role][0]),
            ROLES[each.role][1],
            each.email,
            each.you,
            each.joined,
            each.claimed,
            each.link_open,
            str(AWAITED.get(each.waiting_for, "")) if each.waiting_for else "",
            ticks if draw.attempt else (),
        )


def _about(kind: str, parties: tuple[str, ...], body: Any) -> tuple[str, ...]:
    """Whose step it is; a recovered seed counts as its dealer's."""
    return (str(body.get("dealer", "")),) if kind == "recover" else parties


def preview_json(preview: Preview) -> dict[str, Any]:
    """For the wizard's script, with the sentences in the visitor's language."""
    return {
        "entries": preview.entries,
        "tickets": preview.tickets,
        "places": preview.places,
        "feasible": preview.feasible,
        "warnings": [said(each) for each in preview.warnings],
        "stages": [
            {
                **{
                    name: value
                    for name, value in asdict(each).items()
                    if name in ("stage", "places", "alternates", "tickets", "chance")
                },
                "least": each.eligible_least,
                "most": each.eligible_most,
                "problem": said(each.problem) if each.problem else "",
            }
            for each in preview.stages
        ],
    }


def classes(found: ListView | None) -> dict[str, list[list[float]]]:
    """(weight, entries) by pool, for the picture. Before the list is committed to only the average
    weight is known, which may be a fraction."""
    if found is None:
        return {}
    if found.document:
        return {
            each["id"]: [[weight, count] for weight, count in each["weights"]]
            for each in found.document["pools"]
        }
    return {
        pool: [[round(count.tickets / count.entries, 2), count.entries]]
        for pool, count in found.counts.items()
        if count.entries
    }
