"""Pages of packets: a deposit's panel, and the operators' page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.accounts.fresh import fresh_required
from portal.audit.actor import Actor
from portal.deposits.models import Deposit
from portal.packets.service import OVERSEERS
from portal.packets.words import OUTCOMES, STATES
from portal.problems import PortalError
from portal.security import roles_required
from portal.ui.context import current_actor, services
from portal.ui.panels import add_panel

blueprint = Blueprint("packets", __name__, template_folder="templates")


@blueprint.get("/operators/packets")
@roles_required(*OVERSEERS)
def overview() -> str:
    """Where packets are, what waits, and what reconstructions came to."""
    return _overview()


@blueprint.get("/operators/packets/live")
@roles_required(*OVERSEERS)
def live() -> str:
    """The same without its frame; the page asks for it again and again."""
    return render_template("packets/live.html", **_values())


@blueprint.post("/operators/packets/reconstruct")
@roles_required(*OVERSEERS)
@fresh_required
def reconstruct() -> Response | tuple[str, int]:
    """Have the worker try whether the packets give a content back, found by its number."""
    number = request.form.get("number", "").strip()[:100]
    try:
        services().packets.ask(current_actor(), services().vouching.find(number))
    except PortalError as error:
        return _overview(number, gettext(error.message, **error.params)), error.status
    flash(gettext("The worker fetches the packets now; what comes of it appears below."), "info")
    return redirect(url_for("packets.overview"), code=303)


def _overview(number: str = "", problem: str = "") -> str:
    return render_template("packets/overview.html", number=number, problem=problem, **_values())


def _values() -> dict[str, Any]:
    found = services().packets.overview()
    return {"found": found, "states": STATES, "outcomes": OUTCOMES}


def _panel(_actor: Actor, deposit: Deposit) -> dict[str, Any] | None:
    view = services().packets.view(deposit)
    return {"view": view} if view is not None else None


@blueprint.record_once
def _install(state: BlueprintSetupState) -> None:
    add_panel(state.app, "packets/panel.html", _panel)  # type: ignore[arg-type]
