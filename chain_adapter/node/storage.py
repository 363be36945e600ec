"""A node's one SQLite file: WAL, synchronous FULL, one connection behind one lock.

Tables: ``about``; ``log`` (the tree cosigned last, of each log); ``entry`` (the node's own copy,
with what stood beside each entry); ``tile`` (full hash tiles, as in the log itself); ``block``;
``refusal``. Entries at positions that ``log.size`` does not cover are copied and examined but
count for nothing yet: a copy that takes long survives its interruption.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from chain_adapter.errors import Fatal
from chain_adapter.tlog.failures import failure

FORMAT: Final = "1"
_SCHEMA: Final = (
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE log (
        id INTEGER PRIMARY KEY, origin TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
        root BLOB NOT NULL, note TEXT NOT NULL, time INTEGER NOT NULL)""",
    """CREATE TABLE entry (
        log INTEGER NOT NULL, position INTEGER NOT NULL, key TEXT NOT NULL, data BLOB NOT NULL,
        tree BLOB, token BLOB NOT NULL, depositor BLOB NOT NULL, content BLOB NOT NULL,
        UNIQUE (log, position), UNIQUE (log, key))""",
    "CREATE INDEX entry_tree ON entry (tree) WHERE tree IS NOT NULL",
    """CREATE TABLE tile (
        log INTEGER, level INTEGER, number INTEGER, root BLOB NOT NULL, hashes BLOB NOT NULL,
        PRIMARY KEY (log, level, number)) WITHOUT ROWID""",
    """CREATE TABLE block (
        seq INTEGER PRIMARY KEY, log INTEGER NOT NULL, data BLOB NOT NULL, token BLOB NOT NULL)""",
    """CREATE TABLE refusal (
        id INTEGER PRIMARY KEY AUTOINCREMENT, log INTEGER NOT NULL, time INTEGER NOT NULL,
        code TEXT NOT NULL, detail TEXT NOT NULL, note TEXT NOT NULL)""",
)


class NodeStorage:
    """Opens ``path``, making the tables when there are none, for the node that ``name`` names.

    Raises:
        Fatal: another node's, or another format.
        Retryable, Denied: the file cannot be used.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._lock = threading.RLock()
        try:
            path.touch(mode=0o600)
            self._connection = sqlite3.connect(
                path, timeout=10.0, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
        except sqlite3.Error as error:
            raise failure(error) from error
        with self.write() as connection:
            self._prepare(connection, path, name)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """The connection, for queries."""
        with self._lock:
            try:
                yield self._connection
            except sqlite3.Error as error:
                raise failure(error) from error

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction: durable when the block ends, rolled back when it raises."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise failure(error) from error
                raise

    def _prepare(self, connection: sqlite3.Connection, path: Path, name: str) -> None:
        made = "SELECT 1 FROM sqlite_master WHERE name = 'about'"
        if connection.execute(made).fetchone() is None:
            for statement in _SCHEMA:
                connection.execute(statement)
            about = (("format", FORMAT), ("name", name))
            connection.executemany("INSERT INTO about VALUES (?, ?)", about)
            return
        found = dict(connection.execute("SELECT name, value FROM about").fetchall())
        if found.get("format") != FORMAT:
            raise Fatal(f"{path} has format {found.get('format')}, not {FORMAT}")
        if found.get("name") != name:
            raise Fatal(f"{path} is the copy of {found.get('name')}, not of {name}")
