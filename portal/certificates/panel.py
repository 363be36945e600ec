"""On a matter's page, on either side: its certificates, and what comes next."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask.blueprints import BlueprintSetupState

from portal.audit.actor import Actor
from portal.certificates import words
from portal.certificates.blueprint import NOTARY, blueprint, certificates
from portal.matters.panels import add_matter_panel
from portal.matters.shapes import APPLICANT, OFFICE, Side
from portal.ui.context import services


def panel_values(side: Side, matter_id: str, actor: Actor) -> dict[str, Any] | None:
    rows = certificates().of_matter(actor, matter_id, side)
    if side == APPLICANT:
        return {"rows": rows, "words": words} if rows else None
    matter = services().matters.office_view(actor, matter_id)
    mine = {each.part for each in matter.assignments if each.notary_id == actor.id}
    handles = "first" in mine and actor.has(NOTARY)
    begins = handles and matter.state == "accepted" and not rows
    volume = certificates().volume(actor, matter_id)
    archives = handles and matter.state == "issued" and volume is None
    if not rows and not begins:
        return None
    return {
        "rows": rows,
        "words": words,
        "begins": begins,
        "volume": volume,
        "archives": archives,
        "owns_volume": matter.owner_id == actor.id,
    }


def _install(state: BlueprintSetupState) -> None:
    for side, template in ((OFFICE, "panel"), (APPLICANT, "panel_mine")):
        values = partial(panel_values, side)
        add_matter_panel(state.app, f"certificates/{template}.html", values, side)


blueprint.record_once(_install)
