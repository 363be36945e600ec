"""What the adapter must not forget: entries, their anchors, and every transaction it signed.

One SQLite file (WAL, synchronous FULL) shared by all processes of the platform. A transaction is in
here, with its nonce and its signed bytes, before any endpoint sees it.

* An *entry* waits without an anchor until one takes it up.
* An *anchor* is one record of the contract: a root over some entries, how it stands on the chain,
  what the observer signed about it, and the proof once it is final.
* An *attempt* is one signed transaction of an anchor. Attempts of one nonce differ in their fee;
  an anchor gets another nonce only when its own was used up by something else.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from chain_adapter.errors import Fatal
from chain_adapter.evm.session import Session
from chain_adapter.tlog.failures import failure

#: Connections another process opened: closing them here would drop that process's locks.
_INHERITED: Final[list[sqlite3.Connection]] = []


class State:
    """Connections to the file, one for each thread, opened in the process that uses them.
    ``patience`` is how long a locked file is waited for, in seconds."""

    def __init__(self, path: Path, patience: float = 10.0) -> None:
        self._path = path
        self._patience = patience
        self._local = threading.local()
        self._closed = False

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading.

        Raises:
            Retryable, Denied, Fatal: as :func:`~chain_adapter.tlog.failures.failure` sorts them.
        """
        try:
            yield Session(self._connection())
        except sqlite3.Error as error:
            raise failure(error) from error

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction: durable when the block ends, nothing when it raises.

        Raises:
            Unknown: the commit itself failed in a way that leaves the outcome open.
            Retryable, Denied, Fatal: nothing was written.
        """
        try:
            connection = self._connection()
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise failure(error) from error
        try:
            yield Session(connection)
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise failure(error) from error
            raise
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise failure(error, committing=True) from error

    def close(self) -> None:
        """Other threads' connections close with their threads."""
        self._closed = True
        held: tuple[int, sqlite3.Connection] | None = getattr(self._local, "held", None)
        if held is not None and held[0] == os.getpid():
            held[1].close()
            self._local.held = None

    def _connection(self) -> sqlite3.Connection:
        if self._closed:
            raise Fatal("the ledger is closed")
        held: tuple[int, sqlite3.Connection] | None = getattr(self._local, "held", None)
        if held is not None and held[0] == os.getpid():
            return held[1]
        if held is not None:
            _INHERITED.append(held[1])
        connection = sqlite3.connect(self._path, timeout=self._patience, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        self._local.held = (os.getpid(), connection)
        return connection
