"""On the page of a deposit that its depositor signed: by which key, and what that rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask.blueprints import BlueprintSetupState

from portal.audit.actor import Actor
from portal.signing.names import SCHEME_NAMES, SCHEME_SENTENCES, certificate_names
from portal.ui.panels import add_panel

if TYPE_CHECKING:
    from portal.deposits.models import Deposit


def panel_values(_actor: Actor, deposit: Deposit) -> dict[str, Any] | None:
    if deposit.signed_by is None or deposit.signed_with is None:
        return None
    scheme = deposit.signed_scheme or ""
    return {
        "scheme": SCHEME_NAMES.get(scheme, scheme),
        "sentence": SCHEME_SENTENCES.get(scheme, ""),
        "certificate": certificate_names(deposit.signed_with),
    }


def install(state: BlueprintSetupState) -> None:
    add_panel(state.app, "signing/item_panel.html", panel_values)  # type: ignore[arg-type]
