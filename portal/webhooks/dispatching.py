"""The worker's side: one lane for each endpoint, few at a time, none for ever.

A lane sends what is due for one endpoint, one after the other, so that messages keep their order as
long as they get through. Endpoints that fail or answer slowly share half of the lanes; the other
half is always there for the rest.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import structlog

from portal.webhooks.courier import Courier
from portal.webhooks.feed import Feed
from portal.webhooks.queueing import Due, Queueing

_log = structlog.get_logger(__name__)
#: A lane ends after so many deliveries or seconds; then others have their turn.
_RUN: Final = 20
_RUN_SECONDS: Final = 5.0
#: An attempt that took longer makes its endpoint a slow one, until it is quick again.
_SLOW_SECONDS: Final = 2.0


class Lanes:
    """Which endpoints are being served, and which may be next. Thread-safe, no I/O."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._for_slow = max(1, size // 2)
        self._open: dict[str, bool] = {}  # endpoint → whether it counts as slow
        self._slow: set[str] = set()
        self._served: dict[str, int] = {}
        self._turn = 0
        self._lock = threading.Lock()

    def choose(self, due: list[Due]) -> list[str]:
        """Open lanes for as many of ``due`` as may be; those served longest ago first."""
        chosen: list[str] = []
        with self._lock:
            for each in sorted(due, key=lambda one: self._served.get(one.endpoint_id, 0)):
                if each.endpoint_id in self._open or len(self._open) >= self._size:
                    continue
                slow = each.failing or each.endpoint_id in self._slow
                if slow and sum(self._open.values()) >= self._for_slow:
                    continue
                self._turn += 1
                self._open[each.endpoint_id] = slow
                self._served[each.endpoint_id] = self._turn
                chosen.append(each.endpoint_id)
        return chosen

    def leave(self, endpoint_id: str, *, slow: bool) -> None:
        with self._lock:
            self._open.pop(endpoint_id, None)
            (self._slow.add if slow else self._slow.discard)(endpoint_id)
            if len(self._served) > 10_000:  # endpoints long gone
                self._served.clear()


class Dispatcher:
    """``advance`` is quick: it hands work to its own threads and returns."""

    def __init__(self, feed: Feed, queueing: Queueing, courier: Courier, lanes: int) -> None:
        self._feed, self._queueing, self._courier = feed, queueing, courier
        self._lanes = Lanes(lanes)
        self._size = lanes
        self._pool: ThreadPoolExecutor | None = None

    def advance(self) -> int:
        """Follow the custody log, and open a lane for whoever has something due; the number of
        deliveries made and lanes opened."""
        gathered = self._feed.gather()
        chosen = self._lanes.choose(self._queueing.due())
        if chosen and self._pool is None:
            self._pool = ThreadPoolExecutor(self._size, thread_name_prefix="webhook")
        for endpoint_id in chosen:
            assert self._pool is not None  # noqa: S101 (made above)
            self._pool.submit(self._serve, endpoint_id)
        return gathered + len(chosen)

    def close(self) -> None:
        """Let attempts under way end; what else was taken is given back by its lease."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _serve(self, endpoint_id: str) -> None:
        slow = True
        try:
            slow = self._run(endpoint_id)
        except Exception:  # noqa: BLE001 - nobody waits for this thread; the lease runs out
            _log.exception("webhook_lane", endpoint=endpoint_id)
        finally:
            self._lanes.leave(endpoint_id, slow=slow)

    def _run(self, endpoint_id: str) -> bool:
        """Send until a failure, or until it is somebody else's turn; whether it was slow."""
        taken = self._queueing.take(endpoint_id, _RUN)
        if taken is None:
            return False
        endpoint, rows = taken
        began = time.monotonic()
        while rows and self._queueing.enabled(endpoint_id):
            row = rows.pop(0)
            outcome = self._courier.carry(endpoint, row)
            self._queueing.note(row, outcome)
            slow = outcome.milliseconds > _SLOW_SECONDS * 1000
            if slow or not outcome.ok or time.monotonic() - began > _RUN_SECONDS:
                break
        else:
            slow = False
        if rows:
            self._queueing.give_back(rows)
        return slow
