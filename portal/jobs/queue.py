"""The nudge: huey on SQLite, PostgreSQL or Redis, behind one method that never blocks a request."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from typing import Any, Final

import structlog
from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey

from portal.settings import Settings

_log = structlog.get_logger(__name__)
_NAME: Final = "notary"
#: After a message so long none is sent: nudges that come meanwhile are one.
_QUIET_SECONDS: Final = 0.05
#: One waiting message is enough to wake a worker, however many deposits it stands for.
_ENOUGH_WAITING: Final = 4


def open_huey(settings: Settings) -> Huey:
    """Redis when REDIS_URL is set, PostgreSQL when DATABASE_URL says so, else SQLite."""
    if settings.redis_url:
        return RedisHuey(_NAME, url=settings.redis_url, results=False)
    if settings.database.startswith("postgresql"):
        dsn = settings.database.replace("postgresql+psycopg://", "postgresql://", 1)
        return PostgresHuey(_NAME, dsn=dsn, results=False)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    # A nudge lost in a power cut is made good by the sweeper, so it need not be synced to disk.
    return SqliteHuey(_NAME, filename=str(settings.path("queue.db")), fsync=False, results=False)


class Queue:
    """Nudges workers. A thread hands the messages on, so that a slow, full or absent queue never
    delays or fails the request that wanted to be quick."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._huey: Huey | None = None
        self._task: Any = None
        self._wanted = False
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process = 0

    def nudge(self) -> None:
        """Ask a worker to look now. Never raises; a nudge that is lost costs a sweep."""
        if self._process != os.getpid():  # at first use, and again after a fork
            self._start()
        if not self._wanted:  # else somebody has woken the thread, and it has not sent yet
            self._wanted = True
            self._wake.set()

    def close(self) -> None:
        """Hand on what was asked for and stop."""
        self._stopped.set()
        self._wake.set()
        if self._thread is not None and self._process == os.getpid():
            self._thread.join(timeout=5)

    def _start(self) -> None:
        with self._lock:
            if self._process == os.getpid():
                return
            self._thread = threading.Thread(target=self._deliver, name="nudges", daemon=True)
            self._process = os.getpid()
            self._thread.start()
            self._wake.set()  # perhaps something was wanted when the process was forked

    def _deliver(self) -> None:
        while not self._stopped.is_set():
            self._wake.wait()
            self._wake.clear()
            self._send_what_is_wanted()
            self._stopped.wait(_QUIET_SECONDS)
        self._send_what_is_wanted()
        self._hang_up()

    def _send_what_is_wanted(self) -> None:
        if self._wanted:
            self._wanted = False  # before sending: who asks from now on is not yet served
            self._send()

    def _send(self) -> None:
        try:
            if self._huey is None:
                self._huey = open_huey(self._settings)
                self._task = advance_task(self._huey, _nothing)
            if self._huey.pending_count() < _ENOUGH_WAITING:
                self._task()
        except Exception as error:  # noqa: BLE001 - whatever a queue raises, the sweeper remains
            _log.warning("nudge_lost", reason=type(error).__name__)
            self._hang_up()

    def _hang_up(self) -> None:
        """Connections belong to the thread that made them, so it also ends them."""
        with contextlib.suppress(Exception):
            if self._huey is not None:
                self._huey.storage.close()
        self._huey = None


def advance_task(huey: Huey, work: Callable[[], object]) -> Any:
    """Register the one task there is, which calls ``work``. It must be idempotent: the same nudge
    may arrive twice, late, or never."""

    def advance() -> None:  # the name under which sender and consumer know it
        work()

    return huey.task()(advance)


def _nothing() -> None:
    """The sender never runs the task."""
