"""On a matter's page in the office: how its check stands, and the way to it."""

from __future__ import annotations

from typing import Any

from flask.blueprints import BlueprintSetupState

from portal.audit.actor import Actor
from portal.checks import present, words
from portal.checks.blueprint import blueprint
from portal.matters.panels import add_matter_panel
from portal.matters.shapes import OFFICE
from portal.ui.context import services


def panel_values(matter_id: str, actor: Actor) -> dict[str, Any] | None:
    checks = services().checks
    view = checks.latest(actor, matter_id)
    standing = checks.standing_for(actor, matter_id)
    return {
        "view": view,
        "standing": standing,
        "problem": present.problem(standing),
        "cards": present.cards(view) if view is not None else [],
        "handles": checks.handles(actor, matter_id),
        "words": words,
    }


def _install(state: BlueprintSetupState) -> None:
    add_matter_panel(state.app, "checks/panel.html", panel_values, OFFICE)


blueprint.record_once(_install)
