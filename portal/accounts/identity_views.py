"""Stating one's identity, and the office's side: reading what was stated and deciding."""

from __future__ import annotations

from babel import Locale
from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import get_locale, gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts.fresh import fresh_required
from portal.accounts.identities import COUNTRIES, IdentityRecord
from portal.accounts.identity_words import DOCUMENTS, LEVELS, STATES
from portal.problems import PortalError
from portal.security import roles_required
from portal.ui.context import current_actor, services

blueprint = Blueprint("identities", __name__, template_folder="templates")
_FIELDS = ("name", "document", "country", "number", "valid_until")
#: where most documents come from, first in the list
_NEAR = ("CN", "HK", "MO", "TW")


@blueprint.get("/account/identity")
@fresh_required(password_suffices=True)
def own() -> str:
    """What one stated, and a form to state it anew."""
    accounts, actor = services().accounts, current_actor()
    standing = accounts.identities.standing(actor.id)
    stated = accounts.identities.read(actor, actor.id) if standing.state else None
    return _own_page({name: getattr(stated, name, "") for name in _FIELDS})


@blueprint.post("/account/identity")
@fresh_required(password_suffices=True)
def submit() -> tuple[str, int] | BaseResponse:
    """Keep what is stated, sealed."""
    typed = {name: request.form.get(name, "") for name in _FIELDS}
    try:
        services().accounts.identities.submit(current_actor(), IdentityRecord(**typed))
    except PortalError as error:
        problem = (error.field, gettext(error.message, **error.params))
        return _own_page(typed, problem), error.status
    flash(gettext("Kept, encrypted. It now waits for the notary's office."), "success")
    return redirect(url_for("accounts.profile"), code=303)


@blueprint.get("/identities")
@roles_required("notary")
def waiting() -> str:
    """Who waits for the office."""
    found = services().accounts.identities.waiting()
    return render_template("accounts/identities.html", found=found)


@blueprint.get("/identities/<user_id>")
@roles_required("notary")
@fresh_required
def one(user_id: str) -> str:
    """Everything somebody stated; opening this page is recorded, and the person sees it."""
    return _one_page(user_id)


@blueprint.post("/identities/<user_id>")
@roles_required("notary")
@fresh_required
def decide(user_id: str) -> tuple[str, int] | BaseResponse:
    """Say what was found."""
    level, reason = request.form.get("level", ""), request.form.get("reason", "")
    seen = request.form.get("seen", "")
    try:
        services().accounts.identities.decide(current_actor(), user_id, level, reason, seen=seen)
    except PortalError as error:
        if error.field is None:
            raise
        return _one_page(user_id, gettext(error.message, **error.params)), error.status
    flash(gettext("Your finding is kept."), "success")
    return redirect(url_for("identities.waiting"), code=303)


def _own_page(typed: dict[str, str], problem: tuple[str | None, str] | None = None) -> str:
    return render_template(
        "accounts/identity.html",
        typed=typed,
        problem=problem,
        standing=services().accounts.identities.standing(current_actor().id),
        documents=DOCUMENTS,
        countries=_countries(),
        levels=LEVELS,
        states=STATES,
    )


def _one_page(user_id: str, problem: str = "") -> str:
    identities = services().accounts.identities
    # Before it is read: of what is stated between the two, the page shows the newer and names the
    # older, and a finding about it is refused.
    standing = identities.standing(user_id)
    stated = identities.read(current_actor(), user_id)
    return render_template(
        "accounts/identity_check.html",
        stated=stated,
        user_id=user_id,
        problem=problem,
        reason=request.form.get("reason", ""),
        standing=standing,
        document=DOCUMENTS[stated.document],
        country=dict(_countries())[stated.country],
        states=STATES,
        levels=LEVELS,
    )


def _countries() -> list[tuple[str, str]]:
    names = (get_locale() or Locale("en")).territories
    rest = sorted((str(names.get(code, code)), code) for code in COUNTRIES - set(_NEAR))
    near = [(code, str(names.get(code, code))) for code in _NEAR]
    return near + [(code, name) for name, code in rest]
