"""Pages of the voucher check: a deposit's panel, and the operators' page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.audit.actor import Actor
from portal.deposits.models import Deposit
from portal.problems import PortalError
from portal.security import roles_required
from portal.ui.context import current_actor, services
from portal.ui.panels import add_panel
from portal.vouching import pictures, words
from portal.vouching.judging import Finding
from portal.vouching.models import Outcome
from portal.vouching.service import OVERSEERS, VouchService

blueprint = Blueprint("vouching", __name__, template_folder="templates")


@blueprint.post("/deposits/<deposit_id>/reread")
def check(deposit_id: str) -> Response:
    """Have one's deposit read again now."""
    try:
        _say(_vouching().verify_or_ask(current_actor(), deposit_id))
    except PortalError as error:
        if error.status == 404:
            raise
        flash(gettext(error.message, **error.params), "error")
    return redirect(url_for("deposits.show", deposit_id=deposit_id) + "#reread", code=303)


@blueprint.get("/deposits/<deposit_id>/reread")
def panel(deposit_id: str) -> str:
    """The panel by itself, for the page that waits for a reading."""
    actor = current_actor()
    deposit = services().deposits.get(actor, deposit_id)
    return render_template("vouching/panel.html", deposit=deposit, **(_panel(actor, deposit) or {}))


@blueprint.get("/operators/vouching")
@roles_required(*OVERSEERS)
def overview() -> str:
    """How much was read again, how long ago, and what was found."""
    return _overview()


@blueprint.post("/operators/vouching/check")
@roles_required(*OVERSEERS)
def check_any() -> Response | tuple[str, int]:
    """Have one deposit read again, found by its number."""
    number = request.form.get("number", "").strip()[:100]
    try:
        found = _vouching().find(number)
        _say(_vouching().verify_or_ask(current_actor(), found))
    except PortalError as error:
        return _overview(number, gettext(error.message, **error.params)), error.status
    return redirect(url_for("vouching.overview"), code=303)


@blueprint.post("/operators/vouching/<deposit_id>/check")
@roles_required(*OVERSEERS)
def check_again(deposit_id: str) -> Response:
    """Have a deposit that raised an alarm read again."""
    _say(_vouching().verify_or_ask(current_actor(), deposit_id))
    return redirect(url_for("vouching.overview"), code=303)


@blueprint.post("/operators/vouching/<deposit_id>/noted")
@roles_required(*OVERSEERS)
def settle(deposit_id: str) -> Response:
    """Take note of an alarm."""
    _vouching().settle(current_actor(), deposit_id)
    flash(gettext("Noted: the banner goes, the finding stays."), "success")
    return redirect(url_for("vouching.overview"), code=303)


def alarms() -> int:
    """For the frame of the operators' pages."""
    return _vouching().alarms()


def _overview(number: str = "", problem: str = "") -> str:
    found = _vouching().overview()
    return render_template(
        "vouching/overview.html",
        found=found,
        pieces=pictures.stretch((*found.ages, found.never)),
        days=pictures.days([(day.count, day.tampered) for day in found.days]),
        ages=words.ages(found.limits),
        shades=pictures.shades(found.limits, found.cycle or 30),
        fault=words.fault,
        number=number,
        problem=problem,
    )


def _say(finding: Finding | None) -> None:
    if finding is None:
        flash(gettext("It is large: the worker reads it next, and this page will say."), "info")
    elif finding.outcome is Outcome.UNTAMPERED:
        flash(gettext("Read again just now: untampered."), "success")
    elif finding.outcome is Outcome.TAMPERED:
        flash(gettext("Read again just now: it no longer matches the ledger."), "error")
    else:
        flash(gettext("It could not be decided just now; try again later."), "warning")


def _panel(_actor: Actor, deposit: Deposit) -> dict[str, Any] | None:
    standing = _vouching().standing(deposit)
    if standing is None:
        return None
    return {"standing": standing, "outcomes": words.OUTCOMES, "fault": words.fault}


def _vouching() -> VouchService:
    return services().vouching


@blueprint.record_once
def _install(state: BlueprintSetupState) -> None:
    add_panel(state.app, "vouching/panel.html", _panel)  # type: ignore[arg-type]
    state.app.jinja_env.globals["vouching_alarms"] = alarms
