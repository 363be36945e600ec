"""Connections to one SQLite file: WAL, synchronous FULL, shared by threads, processes and forks."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Generic, TypeVar

from chain_adapter.errors import Fatal
from chain_adapter.tlog.failures import failure

S = TypeVar("S")
#: Connections inherited through a fork may be neither used nor closed; they are kept here instead.
_INHERITED: Final[list[sqlite3.Connection]] = []


class Pool(Generic[S]):
    """Connections to the file, lent to one caller at a time. Opened on demand and in the process
    that uses them, so that a ledger may be opened before a server forks.

    ``patience`` is how long a locked database is waited for, in seconds. ``session`` makes of a
    connection what callers get.
    """

    def __init__(
        self, path: Path, patience: float, session: Callable[[sqlite3.Connection], S]
    ) -> None:
        self._path = path
        self._session = session
        self._patience = patience
        self._lock = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._process = os.getpid()
        self._file: tuple[int, int] | None = None
        self._generation = 0
        self._closed = False

    @contextmanager
    def read(self) -> Iterator[S]:
        """A session for reading.

        Raises:
            Retryable, Denied, Fatal: as :func:`~chain_adapter.tlog.failures.failure` sorts them.
        """
        with self._lent() as connection:
            try:
                yield self._session(connection)
            except sqlite3.Error as error:
                raise failure(error) from error

    @contextmanager
    def write(self) -> Iterator[S]:
        """A transaction: committed durably when the block ends, rolled back when it raises.

        Raises:
            Unknown: the commit itself failed in a way that leaves the outcome open.
            Retryable, Denied, Fatal: nothing was written.
        """
        with self._lent() as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield self._session(connection)
            except sqlite3.Error as error:
                raise failure(error) from error
            try:
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise failure(error, committing=True) from error

    def release(self) -> None:
        """Close the connections nobody uses; they are opened again on demand."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
        self.release()

    @contextmanager
    def _lent(self) -> Iterator[sqlite3.Connection]:
        connection, generation = self._take()
        try:
            yield connection
        except BaseException:
            connection.close()  # rolls back; whatever state it was in dies with it
            raise
        with self._lock:
            if generation == self._generation and not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def _take(self) -> tuple[sqlite3.Connection, int]:
        with self._lock:
            if self._closed:
                raise Fatal("the ledger is closed")
            self._forget_others()
            if self._idle:
                return self._idle.pop(), self._generation
        return self._connect(), self._generation

    def _forget_others(self) -> None:
        """Drop connections of another process, and those to a file that was replaced meanwhile:
        what one writes into a deleted file is lost."""
        try:
            status = self._path.stat()
        except FileNotFoundError as error:
            raise Fatal(f"the ledger's database {self._path} is gone: restore it") from error
        if self._process != os.getpid():
            _INHERITED.extend(self._idle)
            self._idle.clear()
            self._process = os.getpid()
        if self._file != (status.st_dev, status.st_ino):
            while self._idle:
                self._idle.pop().close()
            self._file = (status.st_dev, status.st_ino)
            self._generation += 1

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                self._path,
                timeout=self._patience,
                isolation_level=None,
                check_same_thread=False,  # lent to one thread at a time
            )
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error as error:
            raise failure(error) from error
        return connection
