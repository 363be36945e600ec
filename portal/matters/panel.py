"""On a deposit's page: the certificates applied for, and the way to apply for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask.blueprints import BlueprintSetupState

from portal.audit.actor import Actor
from portal.deposits.models import State
from portal.matters import words
from portal.matters.blueprint import blueprint
from portal.matters.frame import matters
from portal.matters.rules import templates_for
from portal.ui.panels import add_panel

if TYPE_CHECKING:
    from portal.deposits.models import Deposit


def is_sealed(deposit: Deposit) -> bool:
    """Whether there is something to certify."""
    return deposit.state in (State.ANCHORED, State.ISSUED)


def panel_values(actor: Actor, deposit: Deposit) -> dict[str, Any] | None:
    """None where nothing was applied for and nothing can be."""
    known = matters().about(actor, deposit.id).items
    may = bool(templates_for(deposit.kind)) and matters().may_apply(actor, deposit.id)
    if not known and not may:
        return None
    return {"known": known, "may": may, "sealed": is_sealed(deposit), "words": words}


def _install(state: BlueprintSetupState) -> None:
    add_panel(state.app, "matters/item_panel.html", panel_values)  # type: ignore[arg-type]


blueprint.record_once(_install)
