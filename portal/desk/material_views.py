"""Deciding on material and on parties, from the matter's page."""

from __future__ import annotations

from typing import Final

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from portal.accounts.fresh import fresh_required
from portal.desk import words
from portal.desk.blueprint import NOTARY, blueprint
from portal.desk.kit import MAX_WORDS
from portal.desk.matter_views import back, desk, refused
from portal.matters.shapes import MaterialView, MatterView
from portal.problems import BadInput, NotFound, PortalError
from portal.security import roles_required
from portal.ui.context import current_actor, services

#: decision that needs words → title, what it means, what was done
_DECISIONS: Final = {
    "send_back": (
        lazy_gettext("Send back"),
        lazy_gettext("The applicant reads the reason and hands it in again."),
        lazy_gettext("It was sent back; the applicant is told."),
    ),
    "waive": (
        lazy_gettext("Do without it"),
        lazy_gettext("The reason stands on the checklist and in the custody log."),
        lazy_gettext("It is no longer waited for."),
    ),
}


@blueprint.post("/matters/<matter_id>/materials/<material_id>/accept")
@roles_required(NOTARY)
@fresh_required
def accept_material(matter_id: str, material_id: str) -> Response | tuple[str, int]:
    """It is what was needed."""
    try:
        desk().decide_material(current_actor(), matter_id, material_id, "accept")
    except PortalError as error:
        return refused(matter_id, error)
    flash(gettext("Accepted."), "success")
    return back(matter_id, "materials")


@blueprint.get("/matters/<matter_id>/materials/<material_id>/<decision>")
@roles_required(NOTARY)
@fresh_required
def material_form(matter_id: str, material_id: str, decision: str) -> str:
    """The form that asks for the reason."""
    return _form(matter_id, material_id, decision)


@blueprint.post("/matters/<matter_id>/materials/<material_id>/<decision>")
@roles_required(NOTARY)
@fresh_required
def decide_material(matter_id: str, material_id: str, decision: str) -> Response | tuple[str, int]:
    """Send it back, or do without it, for a reason."""
    reason = request.form.get("reason", "")
    try:
        desk().decide_material(current_actor(), matter_id, material_id, decision, reason)
    except BadInput as error:
        problem = gettext(error.message, **error.params)
        return _form(matter_id, material_id, decision, reason, problem), error.status
    except PortalError as error:
        return refused(matter_id, error)
    flash(str(_DECISIONS[decision][2]), "success")
    return back(matter_id, "materials")


@blueprint.post("/matters/<matter_id>/parties/<party_id>/check")
@roles_required(NOTARY)
@fresh_required
def check_party(matter_id: str, party_id: str) -> Response | tuple[str, int]:
    """Particulars and documents agree (``checked=yes``), or not after all."""
    checked = request.form.get("checked") == "yes"
    try:
        desk().check_party(current_actor(), matter_id, party_id, checked)
    except PortalError as error:
        return refused(matter_id, error)
    said = gettext("The party is checked.") if checked else gettext("The check is taken back.")
    flash(said, "success")
    return redirect(url_for("desk.show", matter_id=matter_id, _anchor="parties"), code=303)


def _form(
    matter_id: str, material_id: str, decision: str, typed: str = "", problem: str = ""
) -> str:
    matter = services().matters.office_view(current_actor(), matter_id)
    title, lead, _ = _known(decision)
    return render_template(
        "desk/material.html",
        matter=matter,
        material=_of(matter, material_id),
        decision=decision,
        title=title,
        lead=lead,
        typed=typed,
        problem=problem,
        words=words,
        max_words=MAX_WORDS,
    )


def _known(decision: str) -> tuple[object, object, object]:
    if decision not in _DECISIONS:
        raise NotFound("act", "There is nothing at this address.")
    return _DECISIONS[decision]


def _of(matter: MatterView, material_id: str) -> MaterialView:
    found = next((each for each in matter.materials if each.id == material_id), None)
    if found is None:
        raise NotFound("material_not_found", "There is no such material.")
    return found
