"""One matter on the office's side: everything of it, a party's particulars, documents, messages."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.accounts.identity_words import DOCUMENTS
from portal.desk import present, words
from portal.desk.blueprint import LOOKING, NOTARY, blueprint
from portal.desk.service import DeskService
from portal.matters.messaging import MAX_TEXT
from portal.matters.panels import matter_panels
from portal.matters.shapes import OFFICE
from portal.problems import BadInput, PortalError
from portal.security import roles_required
from portal.ui.attachments import attachment
from portal.ui.context import current_actor, services


@blueprint.get("/matters/<matter_id>")
@roles_required(*LOOKING)
def show(matter_id: str) -> str:
    """Everything of a matter, parties masked."""
    return page(matter_id)


@blueprint.get("/matters/<matter_id>/parties/<party_id>")
@roles_required(*LOOKING)
def party(matter_id: str, party_id: str) -> Response:
    """A party's particulars and what it handed in. Opening it is an entry in the custody log."""
    actor = current_actor()
    matter = services().matters.office_view(actor, matter_id)
    known = services().matters.particulars(actor, matter_id, party_id)
    answer = make_response(
        render_template(
            "desk/party.html",
            matter=matter,
            party=known,
            standing=desk().standing(actor, matter_id),
            materials=[each for each in matter.materials if each.party_id == party_id],
            checked_by=desk().notaries().get(known.checked_by or "", ""),
            words=words,
            documents=DOCUMENTS,
        )
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/matters/<matter_id>/documents/<document_id>")
@roles_required(*LOOKING)
def document(matter_id: str, document_id: str) -> Response:
    """One document, to be taken away; that it was is recorded."""
    return attachment(services().matters.document(current_actor(), matter_id, document_id))


@blueprint.post("/matters/<matter_id>/messages")
@roles_required(NOTARY)
def say(matter_id: str) -> Response | tuple[str, int]:
    """Say something to the applicant."""
    text = request.form.get("text", "")
    try:
        services().matters.post(current_actor(), matter_id, text)
    except BadInput as error:
        problem = gettext(error.message, **error.params)
        return page(matter_id, said=text, message_problem=problem), error.status
    return back(matter_id, "messages")


@blueprint.post("/matters/<matter_id>/take")
@roles_required(NOTARY)
def take(matter_id: str) -> Response | tuple[str, int]:
    """Handle it oneself, as ``part``."""
    part = request.form.get("part", "first")
    try:
        desk().take(current_actor(), matter_id, part)
    except PortalError as error:
        return refused(matter_id, error)
    flash(gettext("It is yours now."), "success")
    return back(matter_id)


def page(matter_id: str, **more: Any) -> str:
    """The page of a matter. Who must not act on it does not read it here either."""
    actor = current_actor()
    standing = desk().standing(actor, matter_id)
    matter = services().matters.office_view(actor, matter_id)
    reads = standing.barred in ("", "auditor")
    clock = desk().clock(actor, matter_id)
    return render_template(
        "desk/matter.html",
        matter=matter,
        standing=standing,
        reads=reads,
        messages=services().matters.messages(actor, matter_id) if reads else (),
        clock=clock,
        bar=present.days_bar(clock, matter.state),
        timeline=present.timeline(desk().timeline(actor, matter_id)) if reads else [],
        away=desk().kept_away(actor, matter_id),
        panels=list(matter_panels(matter_id, actor, OFFICE)) if reads else [],
        holders={each.part: each for each in matter.assignments},
        notaries=desk().notaries(),
        words=words,
        documents=DOCUMENTS,
        max_text=MAX_TEXT,
        **more,
    )


def refused(matter_id: str, error: PortalError) -> tuple[str, int]:
    """The page again, with what kept the act from being done. What is not there stays so."""
    if error.status == 404:
        raise error
    flash(gettext(error.message, **error.params), "error")
    return page(matter_id), error.status


def back(matter_id: str, anchor: str | None = None) -> Response:
    return redirect(url_for("desk.show", matter_id=matter_id, _anchor=anchor), code=303)


def desk() -> DeskService:
    return services().desk
