"""The worker process: huey's consumer for nudges, and a sweeper that needs none.

Both call the same idempotent function, which moves whatever waits. SIGTERM and SIGINT let a batch
finish; anything harsher leaves rows from which the next start goes on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

import structlog

from portal.jobs.queue import advance_task, open_huey
from portal.settings import Settings

_log = structlog.get_logger(__name__)
#: How often the consumer looks into a SQLite queue, in seconds: the delay from click to start.
_POLL_SECONDS: Final = 0.05


def run_worker(
    settings: Settings, advance: Callable[[], int], housekeeping: Callable[[], object]
) -> None:
    """Run until told to stop.

    Args:
        advance: moves one batch of whatever waits and returns how many deposits moved.
        housekeeping: sweeps what crashes left behind; called seldom.
    """
    stop = threading.Event()
    sweeper = threading.Thread(
        target=_sweep, args=(stop, settings.sweep_seconds, advance, housekeeping), daemon=True
    )
    sweeper.start()
    try:
        _consume(settings, advance)
    finally:
        stop.set()
        sweeper.join(timeout=30)


def drain(advance: Callable[[], int]) -> int:
    """Advance until nothing moves; the number of moves. A failure is logged, never raised: what it
    concerned waits with its reason and is looked at again."""
    moved = 0
    try:
        while count := advance():
            moved += count
    except Exception:  # noqa: BLE001 - the loop must outlive any one failure
        _log.exception("advance_failed")
    return moved


def _consume(settings: Settings, advance: Callable[[], int]) -> None:
    logging.getLogger("huey").setLevel(logging.WARNING)
    huey = open_huey(settings)

    advance_task(huey, lambda: drain(advance))
    consumer = huey.create_consumer(
        workers=settings.workers,
        periodic=False,
        initial_delay=_POLL_SECONDS,
        max_delay=_POLL_SECONDS,
        backoff=1.0,
        graceful_signal="TERM",
        shutdown_timeout=30,
    )
    _log.info("worker_started", workers=settings.workers)
    consumer.run()


def _sweep(
    stop: threading.Event,
    seconds: float,
    advance: Callable[[], int],
    housekeeping: Callable[[], object],
) -> None:
    rounds_between_cleaning = max(1, round(60 / seconds))
    rounds = 0
    while not stop.is_set():
        drain(advance)
        if rounds % rounds_between_cleaning == 0:
            try:
                housekeeping()
            except Exception:  # noqa: BLE001 - as above
                _log.exception("housekeeping_failed")
        rounds += 1
        stop.wait(seconds)
