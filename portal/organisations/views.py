"""Pages of organisations: one's own, one of them, and acting for it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.accounts.forms import SCOPE_NAMES, ApiKeyForm
from portal.audit.actor import Actor
from portal.organisations import choice
from portal.organisations.forms import InvitationForm, OrganisationForm
from portal.organisations.particulars import Particulars
from portal.organisations.rights import Standing
from portal.organisations.service import OrganisationService
from portal.organisations.words import ROLE_NOTES, ROLES, member_role
from portal.problems import BadInput, Conflict, PortalError
from portal.security import safe_next
from portal.ui.context import current_actor, services

blueprint = Blueprint("organisations", __name__, template_folder="templates")
blueprint.record_once(lambda state: choice.install(state.app))
blueprint.add_app_template_filter(member_role)

Page = Response | str | tuple[str, int]


@blueprint.get("/organisations")
def listing() -> str:
    """Those one belongs to, and a form to make one."""
    return _list_page(OrganisationForm())


@blueprint.post("/organisations")
def create() -> Page:
    """Make one and manage it."""
    form = OrganisationForm()
    try:
        made = _service().create(current_actor(), _particulars(form))
    except (BadInput, Conflict) as error:
        return _list_page(show_error(form, error)), error.status
    choice.refresh()
    flash(gettext("The organisation is made, and you manage it. Invite the others."), "success")
    return _to(made.id)


@blueprint.post("/organisations/act")
def act() -> Response:
    """Act for an organisation, or for oneself, from now on."""
    choice.choose(request.form.get("organisation", ""))
    return redirect(safe_next(request.form.get("next")), code=303)


@blueprint.get("/organisations/<organisation_id>")
def show(organisation_id: str) -> str:
    """Particulars and members; for managers invitations, keys and history too."""
    return _page(organisation_id)


@blueprint.post("/organisations/<organisation_id>")
def rename(organisation_id: str) -> Page:
    """Other particulars; verified ones are to be verified again."""
    form = OrganisationForm()
    try:
        _service().rename(current_actor(), organisation_id, _particulars(form))
    except BadInput as error:
        return _page(organisation_id, rename=show_error(form, error)), error.status
    choice.refresh()
    flash(gettext("The particulars are saved."), "success")
    return _to(organisation_id)


@blueprint.post("/organisations/<organisation_id>/members/<user_id>/role")
def change_role(organisation_id: str, user_id: str) -> Response:
    """Make somebody a manager, member or reader."""
    role = request.form.get("role", "")
    return _done(
        organisation_id,
        lambda actor: _service().members.change_role(actor, organisation_id, user_id, role),
        gettext("The role is changed."),
    )


@blueprint.post("/organisations/<organisation_id>/members/<user_id>/remove")
def remove(organisation_id: str, user_id: str) -> Response:
    """End somebody's membership at once."""
    return _done(
        organisation_id,
        lambda actor: _service().members.remove(actor, organisation_id, user_id),
        gettext("The person no longer belongs to the organisation; their keys for it are revoked."),
    )


@blueprint.post("/organisations/<organisation_id>/leave")
def leave(organisation_id: str) -> Response:
    """End one's own membership."""
    try:
        _service().members.leave(current_actor(), organisation_id)
    except Conflict as error:
        flash(gettext(error.message, **error.params), "error")
        return _to(organisation_id)
    choice.choose("")
    choice.refresh()
    flash(gettext("You no longer belong to the organisation."), "success")
    return redirect(url_for("organisations.listing"), code=303)


@blueprint.post("/organisations/<organisation_id>/invitations")
def invite(organisation_id: str) -> Page:
    """Ask somebody to join; the link is mailed, and shown this once."""
    form = InvitationForm()
    if not form.validate():
        return _page(organisation_id, invitation=form), 422
    try:
        link = _service().invitations.invite(
            current_actor(), organisation_id, form.email.data, form.role.data
        )
    except (BadInput, Conflict) as error:
        return _page(organisation_id, invitation=show_error(form, error)), error.status
    return _page(organisation_id, link=link, invited=form.email.data.strip()), 201


@blueprint.post("/organisations/<organisation_id>/invitations/<invitation_id>/withdraw")
def withdraw(organisation_id: str, invitation_id: str) -> Response:
    """End an open invitation."""
    return _done(
        organisation_id,
        lambda actor: _service().invitations.withdraw(actor, organisation_id, invitation_id),
        gettext("The invitation is withdrawn; its link no longer works."),
    )


@blueprint.post("/organisations/<organisation_id>/keys")
def create_key(organisation_id: str) -> Page:
    """Make a key of the organisation and show it, this once."""
    form = ApiKeyForm()
    if not form.validate():
        return _page(organisation_id, key=form), 422
    try:
        plain = _service().keys.create(
            current_actor(),
            organisation_id,
            form.name.data,
            tuple(form.scopes.data),
            int(form.days.data),
        )
    except (BadInput, Conflict) as error:
        return _page(organisation_id, key=show_error(form, error)), error.status
    return _page(organisation_id, plain=plain), 201


@blueprint.post("/organisations/<organisation_id>/keys/<key_id>/revoke")
def revoke_key(organisation_id: str, key_id: str) -> Response:
    """End a key at once, whoever made it."""
    return _done(
        organisation_id,
        lambda actor: _service().keys.revoke(actor, organisation_id, key_id),
        gettext("The key is revoked; whatever used it is refused from now on."),
    )


def show_error(form: Any, error: PortalError) -> Any:
    """The form with the error beside the field it names, else above."""
    message = gettext(error.message, **error.params)
    field = form._fields.get(error.field or "")
    if field is not None:
        field.errors = [*field.errors, message]
    else:
        form.form_errors.append(message)
    return form


def _service() -> OrganisationService:
    return services().organisations


def _particulars(form: OrganisationForm) -> Particulars:
    fields = (form.name_zh, form.name_en, form.registration_number)
    return Particulars(*(field.data or "" for field in fields))


def _to(organisation_id: str) -> Response:
    return redirect(url_for("organisations.show", organisation_id=organisation_id), code=303)


def _done(organisation_id: str, do: Any, said: str) -> Response:
    """Do it and say so; a refusal that can be mended is said on the same page."""
    try:
        do(current_actor())
    except (BadInput, Conflict) as error:
        flash(gettext(error.message, **error.params), "error")
    else:
        flash(said, "success")
    return _to(organisation_id)


def _list_page(form: OrganisationForm) -> str:
    return render_template(
        "organisations/list.html",
        form=form,
        mine=_service().mine(current_actor()),
        acting=current_actor().organisation,
    )


def _page(organisation_id: str, **given: Any) -> str:
    actor = current_actor()
    found = _service().get(actor, organisation_id)
    return render_template(
        "organisations/show.html",
        organisation=found.organisation,
        role=found.role,
        manages=found.manages,
        me=actor.id,
        acting=actor.organisation == organisation_id,
        members=_service().members.everybody(actor, organisation_id),
        deposits=sum(services().deposits.counts(found.actor).values()),
        roles=ROLES,
        role_notes=ROLE_NOTES,
        **(_managed(actor, found, given) if found.manages else {}),
    )


def _managed(actor: Actor, found: Standing, given: dict[str, Any]) -> dict[str, Any]:
    """What only managers see. ``given``: forms as they were sent, and what is shown once."""
    service, organisation = _service(), found.organisation
    return {
        "rename": given.get("rename") or OrganisationForm(formdata=None, obj=organisation),
        "invitation": given.get("invitation") or InvitationForm(formdata=None),
        "invitations": service.invitations.pending(actor, organisation.id),
        "link": given.get("link", ""),
        "invited": given.get("invited", ""),
        "key": given.get("key") or ApiKeyForm(formdata=None),
        "keys": service.keys.made(actor, organisation.id),
        "plain": given.get("plain", ""),
        "scopes": SCOPE_NAMES,
        "history": [
            (entry, json.loads(entry.detail))
            for entry in reversed(service.history(actor, organisation.id))
        ],
        "now": datetime.now(UTC),
        "open_form": next((name for name in ("rename", "invitation", "key") if name in given), ""),
    }
