"""Group commit: requests that arrive together share one transaction and one sync to disk.

A request alone is written at once and by itself; waiting for company would only cost time. While
one transaction is being synced the next requests gather, and the first of them writes for all.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.exc import IntegrityError

from portal.audit.service import Act, record_many
from portal.database import Database
from portal.deposits.drafts import INSERT, columns_of
from portal.deposits.models import Deposit

#: So many rows in one transaction; more would make the first of them wait.
_MOST: Final = 128


class Uncertain(Exception):
    """The commit itself failed: perhaps the row is there, perhaps not. ``__cause__`` says why."""


@dataclass(eq=False)
class _Job:
    row: dict[str, Any]
    act: Act
    done: bool = False
    error: BaseException | None = None


class Inbox:
    """Writes new deposits with their custody entries. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._gathering = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: list[_Job] = []

    def write(self, deposit: Deposit, act: Act) -> None:
        """Durable when this returns.

        Raises:
            IntegrityError: this row clashes with another; it was not written.
            Uncertain: see there.
            Exception: whatever else the database raised; the row was not written.
        """
        job = _Job(columns_of(deposit), act)
        with self._gathering:
            self._waiting.append(job)
        while not job.done:
            with self._writing:
                if not job.done:  # else somebody wrote it while this thread waited for its turn
                    self._write_waiting()
        if job.error is not None:
            raise job.error

    def _write_waiting(self) -> None:
        with self._gathering:
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
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
