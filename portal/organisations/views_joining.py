"""Pages behind an invitation's link, and those of the clerks who verify organisations."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.organisations import choice
from portal.organisations.forms import VerificationForm
from portal.organisations.models import Organisation
from portal.organisations.particulars import Particulars
from portal.organisations.verifying import CLERKS
from portal.organisations.views import Page, show_error
from portal.organisations.words import OVER, ROLE_NOTES
from portal.problems import BadInput, Conflict
from portal.security import roles_required
from portal.ui.context import current_actor, services

blueprint = Blueprint("joining", __name__, template_folder="templates")


@blueprint.get("/invitation")
def invitation() -> str:
    """Who asks whom to join what, and two buttons; ``?link=`` is the secret that was sent."""
    link = request.args.get("link", "")
    asked = services().organisations.answering.look(current_actor(), link)
    return render_template(
        "organisations/invitation.html",
        asked=asked,
        link=link,
        over=OVER.get(asked.state),
        role_note=ROLE_NOTES.get(asked.role, ""),
    )


@blueprint.post("/invitation/accept")
def accept() -> Response:
    """Join."""
    link = request.form.get("link", "")
    joined = services().organisations.answering.accept(current_actor(), link)
    choice.refresh()
    flash(gettext("You belong to the organisation now. Choose it above to act for it."), "success")
    return redirect(url_for("organisations.show", organisation_id=joined.id), code=303)


@blueprint.post("/invitation/decline")
def decline() -> Response:
    """Say no."""
    services().organisations.answering.decline(current_actor(), request.form.get("link", ""))
    flash(gettext("You declined the invitation."), "success")
    return redirect(url_for("organisations.listing"), code=303)


@blueprint.get("/clerk/organisations")
@roles_required(*CLERKS)
def clerk() -> str:
    """All organisations, unverified ones first."""
    return _clerk_page("", None)


@blueprint.post("/clerk/organisations/<organisation_id>/verify")
@roles_required(*CLERKS)
def verify(organisation_id: str) -> Page:
    """Stand by an organisation's particulars."""
    form, actor = VerificationForm(), current_actor()
    if not form.validate():
        return _clerk_page(organisation_id, form), 422
    fields = (form.name_zh, form.name_en, form.registration_number)
    try:
        seen = Particulars(*(field.data or "" for field in fields))
        services().organisations.verifying.verify(actor, organisation_id, form.note.data, seen)
    except (BadInput, Conflict) as error:
        return _clerk_page(organisation_id, show_error(form, error)), error.status
    flash(gettext("The organisation is verified."), "success")
    return redirect(url_for("joining.clerk"), code=303)


@blueprint.post("/clerk/organisations/<organisation_id>/withdraw")
@roles_required(*CLERKS)
def withdraw(organisation_id: str) -> Page:
    """No longer stand by them."""
    form = VerificationForm()
    if not form.validate():
        return _clerk_page(organisation_id, form), 422
    services().organisations.verifying.withdraw(current_actor(), organisation_id, form.note.data)
    flash(gettext("The verification is withdrawn."), "success")
    return redirect(url_for("joining.clerk"), code=303)


def _clerk_page(sent: str, form: VerificationForm | None) -> str:
    """``form``: as it was sent for the organisation ``sent``, to be corrected."""
    rows = services().organisations.verifying.listed(current_actor())
    return render_template(
        "organisations/clerk.html",
        rows=[
            (each, maker, form if each.id == sent and form else _form(each)) for each, maker in rows
        ],
    )


def _form(organisation: Organisation) -> VerificationForm:
    return VerificationForm(formdata=None, obj=organisation)
