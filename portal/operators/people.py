"""People's accounts, for operators to look at and administrators to change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import LazyString, gettext, lazy_gettext
from werkzeug.wrappers import Response

from portal.accounts.administration import Administration
from portal.accounts.fresh import fresh_required
from portal.accounts.models import ROLES
from portal.audit.actor import Actor
from portal.audit.words import ROLES as ROLE_NAMES
from portal.problems import NotFound, PortalError
from portal.security import roles_required
from portal.ui.context import current_actor, services

blueprint = Blueprint(
    "people", __name__, template_folder="templates", url_prefix="/operators/people"
)
#: what an administrator may do with an account → what is said afterwards
_DONE: Final = {
    "close": lazy_gettext("The account is closed; its sessions are over and its keys refused."),
    "reopen": lazy_gettext("The account is open again."),
    "password": lazy_gettext("A new password is asked for before anything else."),
    "sign-out": lazy_gettext("All sessions of this account are over."),
}


@blueprint.get("")
@roles_required("operator", "administrator")
def listing() -> str:
    """Search by name, address and role; ``?text= role= page=``."""
    text, role = request.args.get("text", ""), request.args.get("role", "")
    found = _people().search(text, role, request.args.get("page", 1, type=int))
    return render_template(
        "operators/people.html",
        found=found,
        text=text,
        role=role,
        roles=ROLE_NAMES,
        address=lambda page: url_for("people.listing", text=text, role=role, page=page),
    )


@blueprint.get("/<user_id>")
@roles_required("operator", "administrator")
def show(user_id: str) -> str:
    """One account; administrators find here what they may do with it."""
    return _page(user_id)


@blueprint.post("/<user_id>/roles")
@roles_required("administrator")
@fresh_required
def roles(user_id: str) -> Response | tuple[str, int]:
    """Give exactly the roles ticked."""
    wanted = [role for role in ROLES if role in request.form.getlist("roles")]
    return _do(
        user_id,
        lambda actor: _people().set_roles(actor, user_id, wanted),
        lazy_gettext("The roles are changed."),
    )


@blueprint.post("/<user_id>/do/<act>")
@roles_required("administrator")
@fresh_required
def do(user_id: str, act: str) -> Response | tuple[str, int]:
    """Close, reopen, demand a new password, or sign out everywhere."""
    people = _people()
    acts: dict[str, Callable[[Actor, str], None]] = {
        "close": people.close,
        "reopen": people.reopen,
        "password": people.demand_password,
        "sign-out": people.sign_out,
    }
    if act not in acts:
        raise NotFound("act", "There is nothing at this address.")
    return _do(user_id, lambda actor: acts[act](actor, user_id), _DONE[act])


def _do(user_id: str, act: Callable[[Actor], None], said: LazyString) -> Response | tuple[str, int]:
    try:
        act(current_actor())
    except PortalError as error:
        if error.status == 404:
            raise
        flash(gettext(error.message, **error.params), "error")
        return _page(user_id), error.status
    flash(str(said), "success")
    return redirect(url_for("people.show", user_id=user_id), code=303)


def _page(user_id: str) -> str:
    return render_template(
        "operators/person.html",
        person=_people().person(user_id),
        sessions=services().accounts.sign_ins.alive(user_id),
        roles=ROLE_NAMES,
        may_change=current_actor().has("administrator"),
        oneself=current_actor().id == user_id,
    )


def _people() -> Administration:
    return services().operators.people
