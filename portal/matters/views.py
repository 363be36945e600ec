"""The applicant's pages: the list, a new application, and one that was submitted."""

from __future__ import annotations

from typing import Any, Final

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.matters import document_views, panel, present, step_views, words
from portal.matters.blueprint import blueprint
from portal.matters.frame import (
    country_name,
    first_lacking,
    matters,
    sentence,
    view_of,
)
from portal.matters.messaging import MAX_TEXT
from portal.matters.models import MatterState
from portal.matters.panels import matter_panels
from portal.matters.rules import templates_for
from portal.matters.shapes import APPLICANT, MatterFilter
from portal.matters.submitting import MAX_NOTE
from portal.problems import BadInput, RateLimited
from portal.ui.context import current_actor, services

__all__ = ["blueprint", "document_views", "panel", "step_views"]

_PAGE: Final = 30
_EVENTS: Final = 8


@blueprint.get("")
def listing() -> str:
    """Applications of whom one acts for, the newest first; ``?state= text= cursor=``."""
    asked = {name: request.args.get(name, "").strip() for name in ("state", "text")}
    cursor = request.args.get("cursor") or None
    page = matters().list(current_actor(), MatterFilter(**asked), cursor, _PAGE)
    here: dict[str, Any] = {name: value for name, value in asked.items() if value}
    return render_template(
        "matters/list.html",
        rows=page.items,
        words=words,
        asked=here,
        newest=url_for("matters.listing", **here) if cursor else None,
        older=url_for("matters.listing", **here, cursor=page.cursor) if page.cursor else None,
        due=present.due,
    )


@blueprint.get("/new")
def new() -> str:
    """Which certificate of a deposit is applied for; ``?deposit=``."""
    return _new_page(request.args.get("deposit", ""))


@blueprint.post("/new")
def create() -> Response | tuple[str, int]:
    """Begin an application. Fields: ``deposit``, ``template``."""
    deposit_id, template = request.form.get("deposit", ""), request.form.get("template") or None
    try:
        matter_id = matters().create(current_actor(), deposit_id, template)
    except BadInput as error:
        return _new_page(deposit_id, sentence(error)), error.status
    return redirect(url_for("matters.what", matter_id=matter_id), code=303)


@blueprint.get("/<matter_id>")
def show(matter_id: str) -> Response:
    """An application that was submitted; of a draft, the step where it goes on."""
    matter = view_of(matter_id)
    if matter.state == MatterState.DRAFT:
        return redirect(url_for(f"matters.{first_lacking(matter)}", matter_id=matter_id))
    return _page(matter_id)


@blueprint.post("/<matter_id>/messages")
def post_message(matter_id: str) -> Response:
    """Say something to the office."""
    text = request.form.get("text", "")
    try:
        matters().post(current_actor(), matter_id, text)
    except (BadInput, RateLimited) as error:
        return _page(matter_id, error.status, typed=text, message_problem=sentence(error))
    return redirect(url_for("matters.show", matter_id=matter_id, _anchor="messages"), code=303)


@blueprint.post("/<matter_id>/withdraw")
def withdraw(matter_id: str) -> Response:
    """Take the application back. Fields: ``reason``, ``note``."""
    reason, note = request.form.get("reason", ""), request.form.get("note", "")
    try:
        matters().withdraw(current_actor(), matter_id, reason, note)
    except BadInput as error:
        typed = {"reason": reason, "note": note, "problem": sentence(error)}
        return _page(matter_id, error.status, withdrawing=typed)
    flash(gettext("The application is withdrawn."), "success")
    return redirect(url_for("matters.show", matter_id=matter_id), code=303)


@blueprint.post("/<matter_id>/discard")
def discard(matter_id: str) -> Response:
    """Forget a draft."""
    matters().discard(current_actor(), matter_id)
    flash(gettext("The draft was discarded with everything in it."), "success")
    return redirect(url_for("matters.listing"), code=303)


@blueprint.get("/<matter_id>/timeline")
def timeline(matter_id: str) -> str:
    """All that happened in the matter, newest first."""
    entries = matters().custody(current_actor(), matter_id)
    return render_template(
        "matters/timeline.html",
        matter=view_of(matter_id),
        lines=list(present.custody(entries, current_actor())),
    )


def _new_page(deposit_id: str, problem: str = "") -> str:
    actor = current_actor()
    deposit = services().deposits.get(actor, deposit_id)
    return render_template(
        "matters/new.html",
        deposit=deposit,
        offered=templates_for(deposit.kind),
        known=matters().about(actor, deposit.id).items,
        sealed=panel.is_sealed(deposit),
        words=words,
        problem=problem,
    )


def _page(matter_id: str, status: int = 200, **more: Any) -> Response:
    actor = current_actor()
    matter = view_of(matter_id)
    entries = matters().custody(actor, matter_id)
    answer = make_response(
        render_template(
            "matters/show.html",
            matter=matter,
            messages=matters().messages(actor, matter_id),
            rail=present.rail(matter),
            standing=present.standing(matter),
            asked=matter.asked if matter.state in ("submitted", "accepted") else (),
            lines=list(present.custody(entries[:_EVENTS], actor)),
            more_lines=len(entries) > _EVENTS,
            panels=list(matter_panels(matter_id, actor, APPLICANT)),
            country=country_name(matter.application.destination),
            words=words,
            **document_views.limits(),
            max_text=MAX_TEXT,
            max_note=MAX_NOTE,
            **more,
        ),
        status,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
