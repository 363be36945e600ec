"""Visiting a list of addresses with nobody at the desktop: each is shown, settled, captured."""

from __future__ import annotations

import time
from typing import Final

from forensics.session.keeper import Keeper

#: Seconds one address may take to load, and to be captured.
_LOADS: Final = 60.0
_CAPTURES: Final = 120.0


def visit(keeper: Keeper) -> None:
    """Visit every address of the session, then end it. An address that fails is said in the
    evidence, and the next is visited."""
    from forensics.session.handlers import capture_page

    for url in keeper.spec.desktop.urls:
        if keeper.state.reason:
            return
        keeper.emit("visit", {"url": url})
        try:
            keeper.pages.navigate(url).result(_LOADS)
            time.sleep(keeper.settings.page_settle_seconds)
            capture_page(keeper)[1].result(_CAPTURES)
        except Exception as error:  # noqa: BLE001 - one address that fails is one line
            detail = f"{type(error).__name__}: {error}"[:500]
            keeper.emit("warning", {"what": "visit", "url": url, "detail": detail})
            with keeper.lock:
                keeper.state.lacking.append(f"{url[:300]} was not captured: {detail[:200]}")
    keeper.finish("every address was visited")
