"""What a promise of seconds means on a machine that others use as well."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Final, Self

#: seconds of a processor that are asked for
_SAMPLE = 0.03
#: seconds between two looks at the clock, and how late a look may come on any machine
_PAUSE: Final = 0.02
_LATE: Final = 0.04


def slowness() -> float:
    """How many seconds pass now until a program has had one second of a processor; at least 1.

    What is promised within seconds is promised to whoever has the processor. Three programs that
    share one take three times as long, and none of them is at fault.
    """
    used, begun = time.thread_time(), time.monotonic()
    while time.thread_time() - used < _SAMPLE:
        pass
    return max(1.0, (time.monotonic() - begun) / (time.thread_time() - used))


class Stalls:
    """Looks at the clock all the time while it is entered.

    :func:`slowness` measures a moment; a machine that stands still for seconds does so between two
    of them.
    """

    def __init__(self) -> None:
        self._lost, self._before = 0.0, time.monotonic()
        self._lock, self._over = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="stalls", daemon=True)

    def __enter__(self) -> Self:
        self._before = time.monotonic()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._look()
        self._over.set()
        self._thread.join()

    @property
    def lost(self) -> float:
        """For how many seconds the machine let nobody look at the clock."""
        # Who asks may have woken from it before the thread has.
        self._look()
        return self._lost

    def _run(self) -> None:
        while not self._over.wait(_PAUSE):
            self._look()

    def _look(self) -> None:
        with self._lock:
            if not self._over.is_set():
                now = time.monotonic()
                self._lost += max(0.0, now - self._before - _PAUSE - _LATE)
                self._before = now
