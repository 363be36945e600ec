"""Signs of life: each loop of a worker writes now and then that it came round.

A loop that hangs stops writing while its process still runs, so the loops are told apart.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import delete, select
from sqlalchemy.exc import SQLAlchemyError

from portal.database import Database
from portal.jobs.models import WorkerBeat

_log = structlog.get_logger(__name__)
#: A loop writes at most this often; finer would cost durable writes for nothing.
EVERY: Final = timedelta(seconds=10)
#: A loop not heard of for this long is counted as dead: its slowest round takes far less.
SILENT: Final = timedelta(seconds=60)
#: Workers that ended are remembered this long, so that an operator sees when.
_REMEMBERED: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Beat:
    """A loop as operators see it."""

    worker: str
    loop: str
    started_at: datetime
    seen_at: datetime
    alive: bool


class Heartbeat:
    """Called by the loops of one worker process: ``heartbeat("deposits")``. Thread-safe."""

    def __init__(self, database: Database, clock: Callable[[], datetime] | None = None) -> None:
        self._database = database
        self._clock = clock or _now
        self._worker = f"{socket.gethostname()[:100]}:{os.getpid()}"
        self._started = self._clock()
        self._written: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def __call__(self, loop: str) -> None:
        """Write that ``loop`` came round. Never raises: a lost beat harms nobody."""
        now = self._clock()
        with self._lock:
            if now - self._written.get(loop, datetime.min.replace(tzinfo=UTC)) < EVERY:
                return
            self._written[loop] = now
        try:
            with self._database.transaction() as session:
                beat = WorkerBeat(
                    worker=self._worker, loop=loop, started_at=self._started, seen_at=now
                )
                session.merge(beat)
        except SQLAlchemyError:
            _log.warning("beat_lost", loop=loop, exc_info=True)


def beats(database: Database, now: datetime) -> list[Beat]:
    """All loops remembered, those heard of last first."""
    query = select(WorkerBeat).order_by(WorkerBeat.seen_at.desc(), WorkerBeat.loop)
    with database.reading() as session:
        return [
            Beat(row.worker, row.loop, row.started_at, row.seen_at, now - row.seen_at < SILENT)
            for row in session.scalars(query.limit(100))
        ]


def forget_old_beats(database: Database, now: datetime) -> None:
    """Drop workers that ended long ago."""
    with database.transaction() as session:
        session.execute(delete(WorkerBeat).where(WorkerBeat.seen_at < now - _REMEMBERED))


def _now() -> datetime:
    return datetime.now(UTC)
