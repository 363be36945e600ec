"""Visiting a list of addresses with nobody at the desktop: each is shown, settled, captured."""

from __future__ import annotations

from forensics.session.keeper import Keeper


def visit(keeper: Keeper) -> None:
    """Visit every address of the session, then end it. An address that fails is said in the
    evidence, and the next is visited."""
    try:
        visited = keeper.pages.visit(keeper.spec.desktop.urls).result()
        missing = [f"{each.url[:300]}: {each.reason}" for each in visited if each.state == "failed"]
    except Exception as error:  # noqa: BLE001 - what there is, is sealed as it is
        missing = [f"the visits broke off: {error}"[:500]]
    with keeper.lock:
        keeper.state.lacking.extend(f"not captured: {each}" for each in missing)
        keeper.finish("every address was visited")
