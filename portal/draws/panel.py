"""On the page of a deposit that is a draw's: which draw, and the way to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask.blueprints import BlueprintSetupState

from portal.audit.actor import Actor
from portal.draws import naming
from portal.draws.belonging import belonging
from portal.draws.blueprint import blueprint
from portal.ui.context import services
from portal.ui.locale import language
from portal.ui.panels import add_panel

if TYPE_CHECKING:
    from portal.deposits.models import Deposit


def panel_values(_actor: Actor, deposit: Deposit) -> dict[str, Any] | None:
    if deposit.kind not in ("draw", "file"):
        return None
    found = belonging(services().database, deposit.id)
    if found is None:
        return None
    names = (found.title_zh, found.title_en)
    title = (names if language() == "zh" else names[::-1])[0] or names[0] or names[1]
    step = naming.STEPS.get(found.type or "")
    return {"found": found, "draw_title": title, "step_name": step}


def _install(state: BlueprintSetupState) -> None:
    add_panel(state.app, "draws/item_panel.html", panel_values)  # type: ignore[arg-type]


blueprint.record_once(_install)
