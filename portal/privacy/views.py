"""Pages of erasure and holds, and the page that says how long what is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.sansio.blueprints import BlueprintSetupState
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.audit.actor import Actor
from portal.deposits.models import Deposit
from portal.privacy.holds import HOLDERS
from portal.privacy.reasons import MAX_REASON
from portal.privacy.rules import has_content
from portal.privacy.words import CLASSES, ERASED_FOR
from portal.problems import Conflict, PortalError
from portal.security import roles_required
from portal.ui.context import current_actor, services
from portal.ui.panels import add_panel

blueprint = Blueprint("privacy", __name__, template_folder="templates")


@blueprint.record_once
def _panel(state: BlueprintSetupState) -> None:
    add_panel(state.app, "privacy/panel.html", panel_values)  # type: ignore[arg-type]


def panel_values(actor: Actor, deposit: Deposit) -> dict[str, Any] | None:
    """What the item's page says of its content; nothing when only a digest was deposited."""
    if deposit.kind == "digest":
        return None
    privacy = services().privacy
    return {
        "standing": privacy.erasing.standing(actor, deposit),
        "holds": privacy.holds.of(deposit.id),
        "erased_for": ERASED_FOR.get(deposit.erased_for or "", ""),
        "kept_until": _kept_until(deposit),
    }


@blueprint.get("/privacy")
def policy() -> str:
    """How long each kind of content is kept, for anybody who wants to know before depositing."""
    return render_template(
        "privacy/policy.html",
        kept=[(each, *CLASSES[each.code]) for each in services().privacy.policy()],
        cooling=services().settings.erasure_cooling_days,
    )


@blueprint.get("/deposits/<deposit_id>/erase")
def erase(deposit_id: str) -> str:
    """What goes, what stays, and the form that asks for it."""
    return _erase_page(services().deposits.get(current_actor(), deposit_id))


@blueprint.post("/deposits/<deposit_id>/erase")
def ask_erasure(deposit_id: str) -> Response | tuple[str, int]:
    """Ask for it; the content goes when the time to think is over."""
    reason, number = request.form.get("reason", ""), request.form.get("confirm", "")
    try:
        asked = services().privacy.erasing.ask(current_actor(), deposit_id, reason, number)
    except PortalError as error:
        if error.status not in (409, 422):
            raise
        deposit = services().deposits.get(current_actor(), deposit_id)
        problem = gettext(error.message, **error.params)
        return _erase_page(deposit, problem, error.field or ""), error.status
    day = asked.due_at.astimezone(services().settings.zone).strftime("%Y-%m-%d %H:%M")
    message = gettext("The content will be erased on %(day)s. Until then you can take it back.")
    flash(message % {"day": day}, "success")
    return redirect(url_for("deposits.show", deposit_id=deposit_id), code=303)


@blueprint.post("/deposits/<deposit_id>/erase/cancel")
def cancel_erasure(deposit_id: str) -> Response:
    """Take the request back."""
    try:
        services().privacy.erasing.cancel(current_actor(), deposit_id)
    except Conflict as error:
        flash(gettext(error.message, **error.params), "info")
    else:
        flash(gettext("The erasure was taken back; the content stays."), "success")
    return redirect(url_for("deposits.show", deposit_id=deposit_id), code=303)


@blueprint.get("/holds")
@roles_required(*HOLDERS)
def holds() -> str:
    """The legal holds that stand, and a form for another one."""
    return _holds_page()


@blueprint.post("/holds")
@roles_required(*HOLDERS)
def set_hold() -> Response | tuple[str, int]:
    """Hold a deposit by its letter number."""
    number, reason = request.form.get("number", ""), request.form.get("reason", "")
    try:
        services().privacy.holds.set(current_actor(), number, reason)
    except PortalError as error:
        problem = gettext(error.message, **error.params)
        return _holds_page(problem, error.field or ""), error.status
    flash(gettext("The hold stands: nothing of this deposit is erased until it is lifted."))
    return redirect(url_for("privacy.holds"), code=303)


@blueprint.post("/holds/<hold_id>/lift")
@roles_required(*HOLDERS)
def lift_hold(hold_id: str) -> Response:
    """End a hold."""
    services().privacy.holds.lift(current_actor(), hold_id)
    flash(gettext("The hold is lifted."), "success")
    return redirect(url_for("privacy.holds"), code=303)


def _erase_page(deposit: Deposit, problem: str = "", field: str = "") -> str:
    actor = current_actor()
    return render_template(
        "privacy/erase.html",
        deposit=deposit,
        standing=services().privacy.erasing.standing(actor, deposit),
        cooling=services().settings.erasure_cooling_days,
        limit=MAX_REASON,
        typed=request.form,
        problem=problem,
        field=field,
    )


def _holds_page(problem: str = "", field: str = "") -> str:
    return render_template(
        "privacy/holds.html",
        holds=services().privacy.holds.standing(),
        limit=MAX_REASON,
        typed=request.form,
        problem=problem,
        field=field,
    )


def _kept_until(deposit: Deposit) -> datetime | None:
    days: Final = services().settings.retention_originals_days
    if not days or deposit.issued_at is None or not has_content(deposit):
        return None
    return deposit.issued_at + timedelta(days=days)
