"""Handing out access to one deposit, and what others let one read."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.audit.actor import Actor
from portal.deposits import present
from portal.deposits.models import Deposit
from portal.organisations.forms import AccessForm
from portal.organisations.grants import Grants
from portal.organisations.views import Page, show_error
from portal.problems import BadInput, Conflict
from portal.ui.context import current_actor, services
from portal.ui.panels import add_panel

blueprint = Blueprint("access", __name__, template_folder="templates")


@blueprint.record_once
def _install(state: BlueprintSetupState) -> None:
    add_panel(state.app, "organisations/panel.html", _panel)  # type: ignore[arg-type]


@blueprint.get("/shared")
def shared() -> str:
    """What others let one read."""
    found = _grants().shared(current_actor())
    rows = [(present.row(each.deposit), each) for each in found]
    return render_template("organisations/shared.html", rows=rows)


@blueprint.get("/deposits/<deposit_id>/access")
def holders(deposit_id: str) -> str:
    """Who reads this deposit, on a page of its own."""
    return _page(deposit_id, AccessForm(formdata=None))


@blueprint.post("/deposits/<deposit_id>/access")
def give(deposit_id: str) -> Page:
    """Let somebody read it."""
    form = AccessForm()
    if not form.validate():
        return _page(deposit_id, form), 422
    try:
        _grants().give(current_actor(), deposit_id, form.email.data, _end_of(form.until.data))
    except (BadInput, Conflict) as error:
        return _page(deposit_id, show_error(form, error)), error.status
    flash(gettext("Access is given; they find it under “Shared with me”."), "success")
    return _to(deposit_id)


@blueprint.post("/deposits/<deposit_id>/access/<grant_id>/end")
def take_back(deposit_id: str, grant_id: str) -> Response:
    """End somebody's access at once."""
    _grants().take_back(current_actor(), deposit_id, grant_id)
    flash(gettext("The access is taken back."), "success")
    return _to(deposit_id)


def _grants() -> Grants:
    return services().organisations.grants


def _to(deposit_id: str) -> Response:
    return redirect(url_for("deposits.show", deposit_id=deposit_id) + "#access", code=303)


def _end_of(day: date | None) -> datetime | None:
    """The end of a day in the office's zone."""
    if day is None:
        return None
    try:
        start = datetime.combine(day + timedelta(days=1), time(), services().settings.zone)
        return start.astimezone(UTC)
    except OverflowError as error:
        raise BadInput(
            "until", "Access ends on a day that calendars have.", field="until"
        ) from error


def _page(deposit_id: str, form: AccessForm) -> str:
    actor = current_actor()
    holders = _grants().holders(actor, deposit_id)
    deposit = services().deposits.get(actor, deposit_id)
    return render_template(
        "organisations/access.html",
        deposit=deposit,
        title=present.title(deposit),
        form=form,
        holders=holders,
    )


def _panel(actor: Actor, deposit: Deposit) -> dict[str, Any] | None:
    grants = _grants()
    if grants.may_change(actor, deposit.id):
        holders = grants.holders(actor, deposit.id)
        return {"holders": holders, "form": AccessForm(formdata=None), "leave": None}
    leave = grants.mine(actor, deposit.id)
    return {"holders": None, "form": None, "leave": leave} if leave else None
