"""The five steps of an application. What is typed is kept as it comes: the pages' script sends each
step by itself (``Accept: application/json``), and without it every button keeps what is there."""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, make_response, redirect, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from portal.matters import document_views, notices, rules
from portal.matters.blueprint import blueprint
from portal.matters.frame import (
    countries,
    country_name,
    following,
    matters,
    refusal,
    sentence,
    step_page,
    view_of,
)
from portal.matters.models import MatterState
from portal.matters.parties import fields_of
from portal.matters.shapes import (
    KINDS,
    LANGUAGES,
    MAX_COPIES,
    PURPOSES,
    ROLES,
    Application,
    MatterView,
    PartyFields,
)
from portal.matters.submitting import NotComplete
from portal.matters.writing import MAX_FACTS, MAX_PURPOSE
from portal.problems import BadInput, PortalError
from portal.ui.context import current_actor
from portal.ui.locale import language


@blueprint.get("/<matter_id>/what")
def what(matter_id: str) -> Response:
    """Step 1: what is to be certified."""
    matter = _draft(matter_id)
    if isinstance(matter, Response):
        return matter
    return _what_page(matter, matter.application)


@blueprint.post("/<matter_id>/what")
def save_what(matter_id: str) -> Response | tuple[Response, int]:
    """Keep step 1."""
    quiet, stated = _wants_json(), _application(request.form)
    try:
        matters().save(current_actor(), matter_id, stated, partial=quiet or _staying())
    except PortalError as error:
        if quiet:
            return refusal(error)
        if not isinstance(error, BadInput):
            raise
        return _what_page(view_of(matter_id), stated, error)
    return _saved() if quiet else _onward(matter_id, "what")


@blueprint.get("/<matter_id>/parties")
def parties(matter_id: str) -> Response:
    """Step 2: who applies, and who acts for whom."""
    matter = _draft(matter_id)
    if isinstance(matter, Response):
        return matter
    return step_page("parties.html", matter, "parties")


@blueprint.get("/<matter_id>/parties/new")
def new_party(matter_id: str) -> Response:
    """A further party; ``?own=1`` begins with one's own checked identity, ``?role=``, ``?for=``."""
    matter = _draft(matter_id)
    if isinstance(matter, Response):
        return matter
    own = request.args.get("own") == "1"
    stated = matters().suggested(current_actor(), matter_id, own=own)
    role, principal = request.args.get("role", ""), request.args.get("for", "")
    if role in ROLES and role != stated.role:
        stated = PartyFields(role=role, acts_for=principal if role == "agent" else "")
    elif principal:
        stated = PartyFields(**{**_as_dict(stated), "acts_for": principal})
    return _party_page(matter, None, stated)


@blueprint.post("/<matter_id>/parties/new")
def add_party(matter_id: str) -> Response | tuple[Response, int]:
    """Keep a further party."""
    quiet, stated = _wants_json(), _party(request.form)
    try:
        party_id = matters().add_party(current_actor(), matter_id, stated, partial=quiet)
    except PortalError as error:
        return _party_refused(matter_id, None, stated, error, quiet)
    if quiet:
        address = url_for("matters.party", matter_id=matter_id, party_id=party_id)
        return _saved(address=address)
    return redirect(url_for("matters.parties", matter_id=matter_id), code=303)


@blueprint.get("/<matter_id>/parties/<party_id>")
def party(matter_id: str, party_id: str) -> Response:
    """A party's particulars: to be changed in a draft, to be read afterwards. Opening this page is
    recorded."""
    matter = view_of(matter_id)
    known = matters().particulars(current_actor(), matter_id, party_id)
    if matter.state == MatterState.DRAFT and matter.may_change:
        return _party_page(matter, party_id, fields_of(known))
    values: dict[str, Any] = {"party": known, "country": country_name(known.country)}
    return step_page("party_read.html", matter, "parties", **values)


@blueprint.post("/<matter_id>/parties/<party_id>")
def change_party(matter_id: str, party_id: str) -> Response | tuple[Response, int]:
    """Keep what was changed."""
    quiet, stated = _wants_json(), _party(request.form)
    try:
        matters().change_party(current_actor(), matter_id, party_id, stated, partial=quiet)
    except PortalError as error:
        return _party_refused(matter_id, party_id, stated, error, quiet)
    if quiet:
        return _saved()
    return redirect(url_for("matters.parties", matter_id=matter_id), code=303)


@blueprint.post("/<matter_id>/parties/<party_id>/remove")
def remove_party(matter_id: str, party_id: str) -> Response:
    """Take a party out."""
    matters().remove_party(current_actor(), matter_id, party_id)
    flash(gettext("The party was taken out."), "success")
    return redirect(url_for("matters.parties", matter_id=matter_id), code=303)


@blueprint.get("/<matter_id>/materials")
def materials(matter_id: str) -> Response:
    """Step 3: what is to be handed in."""
    matter = _draft(matter_id)
    if isinstance(matter, Response):
        return matter
    return step_page("materials.html", matter, "materials", **document_views.limits())


@blueprint.get("/<matter_id>/notice")
def notice(matter_id: str) -> Response:
    """Step 4: the meaning and the legal consequences (公证法 27)."""
    matter = _draft(matter_id)
    if isinstance(matter, Response):
        return matter
    return _notice_page(matter)


@blueprint.post("/<matter_id>/notice")
def confirm(matter_id: str) -> Response:
    """Confirm to have read it. Fields: ``confirm``, ``edition``, ``sha256``."""
    form = request.form
    try:
        if form.get("confirm") != "yes":
            message = "Tick the box to confirm that you have read the notice."
            raise BadInput("confirm", message, field="confirm")
        edition, sha256 = form.get("edition", ""), form.get("sha256", "")
        matters().confirm_informed(current_actor(), matter_id, edition, sha256)
    except BadInput as error:
        return _notice_page(view_of(matter_id), error)
    return redirect(url_for("matters.review", matter_id=matter_id), code=303)


@blueprint.get("/<matter_id>/review")
def review(matter_id: str) -> Response:
    """Step 5: everything once more, and what is missing."""
    matter = _draft(matter_id)
    if isinstance(matter, Response):
        return matter
    return _review_page(matter)


@blueprint.post("/<matter_id>/review")
def submit(matter_id: str) -> Response:
    """Hand it to the office."""
    try:
        matters().submit(current_actor(), matter_id)
    except NotComplete as error:
        return _review_page(view_of(matter_id), error)
    flash(gettext("Submitted. The office has it now; you see here how it goes on."), "success")
    return redirect(url_for("matters.show", matter_id=matter_id), code=303)


def _draft(matter_id: str) -> MatterView | Response:
    """The draft; whoever looks at a step of something submitted sees how it stands."""
    matter = view_of(matter_id)
    if matter.state != MatterState.DRAFT:
        return redirect(url_for("matters.show", matter_id=matter_id))
    return matter


def _what_page(
    matter: MatterView, stated: Application, error: PortalError | None = None
) -> Response:
    return step_page(
        "what.html",
        matter,
        "what",
        error.status if error else 200,
        stated=stated,
        purposes=PURPOSES,
        languages=LANGUAGES,
        countries=countries(),
        max_copies=MAX_COPIES,
        max_purpose=MAX_PURPOSE,
        max_facts=MAX_FACTS,
        **_problem(error),
    )


def _party_page(
    matter: MatterView,
    party_id: str | None,
    stated: PartyFields,
    error: PortalError | None = None,
) -> Response:
    principals = [each for each in matter.parties if each.role != "agent" and each.id != party_id]
    return step_page(
        "party.html",
        matter,
        "parties",
        error.status if error else 200,
        party_id=party_id,
        stated=stated,
        roles=ROLES,
        kinds=KINDS,
        principals=principals,
        papers={kind: rules.documents_for(kind) for kind in KINDS},
        countries=countries(),
        **_problem(error),
    )


def _party_refused(
    matter_id: str, party_id: str | None, stated: PartyFields, error: PortalError, quiet: bool
) -> Response | tuple[Response, int]:
    if quiet:
        return refusal(error)
    if not isinstance(error, BadInput):
        raise error
    return _party_page(view_of(matter_id), party_id, stated, error)


def _notice_page(matter: MatterView, error: PortalError | None = None) -> Response:
    here, words = language(), notices.current()
    other = "en" if here == "zh" else "zh"
    return step_page(
        "notice.html",
        matter,
        "notice",
        error.status if error else 200,
        notice=words,
        first=(here, words.paragraphs(here)),
        second=(other, words.paragraphs(other)),
        **_problem(error),
    )


def _review_page(matter: MatterView, error: PortalError | None = None) -> Response:
    country = country_name(matter.application.destination)
    status = error.status if error else 200
    values: dict[str, Any] = {"country": country, "refused": error is not None}
    return step_page("review.html", matter, "review", status, **values)


def _problem(error: PortalError | None) -> dict[str, str]:
    if error is None:
        return {"problem": "", "field": ""}
    return {"problem": sentence(error), "field": error.field or ""}


def _application(form: MultiDict[str, str]) -> Application:
    return Application(
        purpose_code=form.get("purpose_code", ""),
        purpose=form.get("purpose", ""),
        facts=form.get("facts", ""),
        destination=form.get("destination", ""),
        language=form.get("language", ""),
        copies=form.get("copies", 0, type=int),
    )


def _party(form: MultiDict[str, str]) -> PartyFields:
    known = PartyFields()
    return PartyFields(**{name: form.get(name, getattr(known, name)) for name in _as_dict(known)})


def _as_dict(stated: PartyFields) -> dict[str, str]:
    return {name: getattr(stated, name) for name in PartyFields.__slots__}


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _staying() -> bool:
    """Whether the button keeps what is there and goes nowhere."""
    return request.form.get("go") == "stay"


def _onward(matter_id: str, step: str) -> Response:
    if _staying():
        flash(gettext("Saved."), "success")
        return redirect(url_for(f"matters.{step}", matter_id=matter_id), code=303)
    return redirect(url_for(f"matters.{following(step)}", matter_id=matter_id), code=303)


def _saved(**more: Any) -> Response:
    return make_response(jsonify(saved=True, **more))
