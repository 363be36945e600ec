"""Group commit: requests that arrive together share one transaction and one sync to disk.

A request alone is written at once and by itself; waiting for company would only cost time. While
one transaction is being synced the next requests gather, and the first of them writes for all. As
many as came together last time are likely to come again, so it waits a moment for the rest of them:
a transaction for eight costs little more than one for two, and the sync is the dearest part of it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy.exc import IntegrityError

from portal.audit.service import Act, record_many
from portal.database import Database
from portal.deposits.drafts import INSERT, columns_of
from portal.deposits.models import Deposit

#: So many rows in one transaction; more would make the first of them wait.
_MOST: Final = 128
#: Seconds for which the rest of the company is waited for, at most; once it has stayed away it is
#: not expected again.
_PATIENCE: Final = 0.015


class Uncertain(Exception):
    """The commit itself failed: perhaps the row is there, perhaps not. ``__cause__`` says why."""


@dataclass(eq=False)
class _Job:
    row: dict[str, Any]
    act: Act
    #: taken until the job is done, or until its thread is the one that writes next
    turn: threading.Lock = field(default_factory=threading.Lock)
    done: bool = False
    error: BaseException | None = None


class Inbox:
    """Writes new deposits with their custody entries. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._gathering = threading.Condition(threading.Lock())
        self._somebody_writes = False
        #: those who wait for whoever writes now
        self._waiting: list[_Job] = []
        #: so many came together last time
        self._company = 1

    def write(self, deposit: Deposit, act: Act) -> None:
        """Durable when this returns.

        Raises:
            IntegrityError: this row clashes with another; it was not written.
            Uncertain: see there.
            Exception: whatever else the database raised; the row was not written.
        """
        job = _Job(columns_of(deposit), act)
        if not self._writes_at_once(job):
            job.turn.acquire()  # until somebody has written it, or leaves it to this thread
        if not job.done:
            self._write_with_company(job)
        if job.error is not None:
            raise job.error

    def _writes_at_once(self, job: _Job) -> bool:
        """Whether this thread is the one that writes; else the job waits for that one."""
        job.turn.acquire()
        with self._gathering:
            if not self._somebody_writes:
                self._somebody_writes = True
                return True
            self._waiting.append(job)
            if self._complete():
                self._gathering.notify()
            return False

    def _complete(self) -> bool:
        return 1 + len(self._waiting) >= self._company

    def _write_with_company(self, job: _Job) -> None:
        """Write ``job`` with all who wait, wake them, and leave the next ones to one of them."""
        batch: list[_Job] = []
        try:
            with self._gathering:
                self._gathering.wait_for(self._complete, _PATIENCE)
                batch = [job, *self._waiting[: _MOST - 1]]
                del self._waiting[: _MOST - 1]
            self._write(batch)
        finally:
            with self._gathering:
                self._company = max(1, len(batch) + len(self._waiting))
                following = self._waiting.pop(0) if self._waiting else None
                self._somebody_writes = following is not None
            for each in batch if following is None else [*batch, following]:
                each.turn.release()

    def _write(self, batch: Sequence[_Job]) -> None:
        try:
            self._try(batch)
        except IntegrityError:  # one of them clashes: each by itself, so that only that one fails
            for job in batch:
                self._try_alone(job)
        except BaseException as error:
            _end(batch, error)
            if not isinstance(error, Exception):
                raise
        else:
            _end(batch, None)

    def _try_alone(self, job: _Job) -> None:
        try:
            self._try([job])
        except Exception as error:  # noqa: BLE001 - handed to whoever waits for it
            _end([job], error)
        else:
            _end([job], None)

    def _try(self, batch: Sequence[_Job]) -> None:
        committing = False
        try:
            with self._database.writing() as connection:
                INSERT.run(connection, *[job.row for job in batch])
                record_many(connection, [job.act for job in batch])
                committing = True
        except IntegrityError:
            raise
        except Exception as error:
            if committing:
                raise Uncertain("the commit failed") from error
            raise


def _end(batch: Sequence[_Job], error: BaseException | None) -> None:
    for job in batch:
        job.error = error
        job.done = True
