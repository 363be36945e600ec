"""From the cleanliness results to a desktop that may be used: kept, shown, recorded, then input.

Unattended visits begin at the same point, and nobody gets input.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import rfc8785

from chain_adapter.durable import write_new
from forensics import clock, environment
from forensics.desktop import layout
from forensics.desktop.interface import Phase, Step
from forensics.errors import InvalidSpec, WrongState
from forensics.session import unattended
from forensics.session.keeper import Keeper
from forensics.session.showing import ShownPage

SCHEMA: Final = "notary/environment/v1"
#: The page has to stand on the recording for so long, seconds.
SHOWN: Final = 1.0
_SHOWING_TAKES: Final = 30.0


def accept(keeper: Keeper, results: Sequence[dict[str, Any]]) -> None:
    """Keep the results and begin to show them.

    Raises:
        InvalidSpec: these are no results. WrongState: there are some already.
    """
    try:
        found = environment.from_json(results)
    except (KeyError, ValueError, TypeError) as error:
        raise InvalidSpec(f"these are no cleanliness results: {error}") from error
    if not found:
        raise InvalidSpec("there are no cleanliness results")
    with keeper.lock:
        if keeper.state.checks:
            raise WrongState("the cleanliness results are there already")
        at = clock.rfc3339(clock.now().utc)
        session = keeper.spec.desktop.session
        document: dict[str, Any] = {
            "schema": SCHEMA,
            "session": session,
            "at": at,
            "results": list(results),
        }
        path = keeper.folder.evidence / layout.ENVIRONMENT
        write_new(path, rfc8785.dumps(document), mode=0o640)
        keeper.state.checks = dict(Counter(each.outcome.value for each in found))
        keeper.step(Step.CLEANLINESS, "doing")
        keeper.emit("cleanliness", {"file": layout.ENVIRONMENT, **keeper.state.checks})
    showing = (keeper, environment.page(found, keeper.spec.desktop))
    threading.Thread(target=_show, args=showing, name="showing", daemon=True).start()


def _show(keeper: Keeper, html: str) -> None:
    try:
        _shown(keeper, html)
    except Exception as error:  # noqa: BLE001 - without the page on the recording, no input
        keeper.cut_short(f"the cleanliness page could not be shown: {error}"[:500])
        return
    with keeper.lock:
        if keeper.state.reason:
            return
        keeper.state.shown = True
        keeper.step(Step.CLEANLINESS, "done")
        if keeper.spec.desktop.urls:
            keeper.state.phase = Phase.LIVE
            threading.Thread(
                target=unattended.visit, args=(keeper,), name="visits", daemon=True
            ).start()


def _shown(keeper: Keeper, html: str) -> None:
    """Until the page was on the recorded screen for a second. Without a browser there is no page,
    which only tests know."""
    if not keeper.pages.port:
        return
    if not keeper.pages.ready.wait(_SHOWING_TAKES):
        raise TimeoutError(keeper.pages.failure or "the browser does not answer")
    page = ShownPage(html, keeper.settings.page_port)
    try:
        keeper.pages.show(page.url).result(_SHOWING_TAKES)
        since = time.monotonic()
        while not _recorded_until(keeper, since + SHOWN):
            if time.monotonic() - since > _SHOWING_TAKES or keeper.state.reason:
                raise TimeoutError(keeper.state.reason or "it was not recorded")
            time.sleep(0.1)
    finally:
        page.close()


def _recorded_until(keeper: Keeper, mono: float) -> bool:
    with keeper.lock:
        return keeper.state.last is not None and keeper.state.last.mono >= mono
