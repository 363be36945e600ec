"""The worker process: huey's consumer for nudges, a sweeper that needs none, and sidelines.

Consumer and sweeper call the same idempotent function, which moves whatever waits. A sideline is
work with slow outside calls (webhooks, checks of health): each has a thread of its own, so that it
never delays a deposit. SIGTERM and SIGINT let a batch finish; anything harsher leaves rows from
which the next start goes on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from portal.jobs.queue import advance_task, open_huey
from portal.settings import Settings

_log = structlog.get_logger(__name__)
#: How often the consumer looks into a SQLite queue, in seconds: the delay from click to start.
_POLL_SECONDS: Final = 0.05
#: How long threads are waited for at the end.
_END_SECONDS: Final = 30
#: Between two cleanings.
_CLEANING_SECONDS: Final = 60.0
#: A resting loop gives a sign of life this often.
_REST_SECONDS: Final = 10.0
#: The sweeper's name among the signs of life.
SWEEPER: Final = "deposits"
#: Called by each loop when it comes round, with the loop's name.
Beat = Callable[[str], None]


@dataclass(frozen=True)
class Sideline:
    """``advance`` does what is due and returns how much that was; it is called again at once when
    that was anything, else after ``seconds``."""

    name: str
    advance: Callable[[], int]
    seconds: float


def _silent(_loop: str) -> None:
    """Nobody listens for signs of life."""


def run_worker(
    settings: Settings,
    advance: Callable[[], int],
    housekeeping: Callable[[], object],
    sidelines: Sequence[Sideline] = (),
    beat: Beat = _silent,
) -> None:
    """Run until told to stop.

    Args:
        advance: moves one batch of whatever waits and returns how much moved.
        housekeeping: sweeps what crashes left behind; called seldom.
        sidelines: further work, each in a thread of its own.
        beat: told when a loop came round.
    """
    stop = threading.Event()
    arguments = (stop, settings.sweep_seconds, advance, housekeeping, beat)
    threads = [threading.Thread(target=_sweep, args=arguments, name=SWEEPER, daemon=True)]
    threads += [
        threading.Thread(target=_run_aside, args=(stop, each, beat), name=each.name, daemon=True)
        for each in sidelines
    ]
    for thread in threads:
        thread.start()
    try:
        _consume(settings, advance)
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=_END_SECONDS)


def drain(advance: Callable[[], int], stop: Callable[[], bool] = lambda: False) -> int:
    """Advance until nothing moves, or until it is time to ``stop``; the number of moves."""
    moved = 0
    while not stop() and (count := _advanced(advance)):
        moved += count
    return moved


def _advanced(advance: Callable[[], int], failure: str = "advance_failed", **about: object) -> int:
    """How much moved. A failure is logged, never raised: what it concerned waits with its reason
    and is looked at again."""
    try:
        return advance()
    except Exception:  # noqa: BLE001 - the loop must outlive any one failure
        _log.exception(failure, **about)
        return 0


def _consume(settings: Settings, advance: Callable[[], int]) -> None:
    logging.getLogger("huey").setLevel(logging.WARNING)
    huey = open_huey(settings)

    consumer = huey.create_consumer(
        workers=settings.workers,
        periodic=False,
        initial_delay=_POLL_SECONDS,
        max_delay=_POLL_SECONDS,
        backoff=1.0,
        graceful_signal="TERM",
        shutdown_timeout=_END_SECONDS,
    )
    advance_task(huey, lambda: drain(advance, consumer.stop_flag.is_set))
    _log.info("worker_started", workers=settings.workers)
    consumer.run()


def _sweep(
    stop: threading.Event,
    seconds: float,
    advance: Callable[[], int],
    housekeeping: Callable[[], object],
    beat: Beat = _silent,
) -> None:
    """Batch after batch while anything moves, so that a long queue holds up neither a sign of life
    nor the cleaning nor the end."""
    clean_at = 0.0
    while not stop.is_set():
        moved = _advanced(advance)
        if time.monotonic() >= clean_at:
            clean_at = time.monotonic() + _CLEANING_SECONDS
            try:
                housekeeping()
            except Exception:  # noqa: BLE001 - as above
                _log.exception("housekeeping_failed")
        _rest(stop, 0 if moved else seconds, SWEEPER, beat)


def _run_aside(stop: threading.Event, sideline: Sideline, beat: Beat) -> None:
    """One sideline's thread. It asks whether to stop between any two calls."""
    while not stop.is_set():
        moved = _advanced(sideline.advance, "sideline_failed", sideline=sideline.name)
        _rest(stop, 0 if moved else sideline.seconds, sideline.name, beat)


def _rest(stop: threading.Event, seconds: float, loop: str, beat: Beat) -> None:
    """Wait for the next round, with a sign of life now and then: resting is not hanging."""
    beat(loop)
    while seconds > 0 and not stop.wait(min(seconds, _REST_SECONDS)):
        seconds -= _REST_SECONDS
        beat(loop)
