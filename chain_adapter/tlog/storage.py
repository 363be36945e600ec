"""The log's one SQLite file: WAL, synchronous FULL, and nothing in it is ever changed.

Tables: ``about`` (what log this is), ``entry`` (position, idempotency key, bytes), ``tile`` (full
hash tiles and the hash over each; partial tiles are rendered on demand) and ``checkpoint`` (each
signed one, by size). Every commit holds entries, the tiles they filled and their checkpoint.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chain_adapter.tlog.edge import FullTile
from chain_adapter.tlog.pool import Pool

FORMAT: Final = "1"
_SCHEMA: Final = (
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    """CREATE TABLE entry (
        position INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, data BLOB NOT NULL)""",
    # The hash over a tile stands before its hashes, so that reading it skips the overflow pages.
    """CREATE TABLE tile (
        level INTEGER, number INTEGER, root BLOB NOT NULL, hashes BLOB NOT NULL,
        PRIMARY KEY (level, number)) WITHOUT ROWID""",
    "CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL)",
)


class Session:
    """The queries, on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def about(self) -> dict[str, str]:
        """What log this is; empty before :meth:`create`."""
        made = "SELECT 1 FROM sqlite_master WHERE name = 'about'"
        if self._connection.execute(made).fetchone() is None:
            return {}
        return dict(self._connection.execute("SELECT name, value FROM about").fetchall())

    def create(self, about: dict[str, str], note: str) -> None:
        """Make the tables of an empty log whose first checkpoint is ``note``."""
        for statement in _SCHEMA:
            self._connection.execute(statement)
        self._connection.executemany("INSERT INTO about VALUES (?, ?)", about.items())
        self.add_checkpoint(0, note)

    def newest_checkpoint(self, largest: int) -> str | None:
        """The note of the greatest tree that has at most ``largest`` entries."""
        return self._text(
            "SELECT note FROM checkpoint WHERE size <= ? ORDER BY size DESC LIMIT 1", largest
        )

    def covering_checkpoint(self, position: int) -> str | None:
        """The note that first covered this position."""
        return self._text(
            "SELECT note FROM checkpoint WHERE size > ? ORDER BY size LIMIT 1", position
        )

    def checkpoint(self, size: int) -> str | None:
        return self._text("SELECT note FROM checkpoint WHERE size = ?", size)

    def find(self, key: str) -> tuple[int, bytes] | None:
        """Position and bytes of the entry with this key."""
        found: tuple[int, bytes] | None = self._connection.execute(
            "SELECT position, data FROM entry WHERE key = ?", (key,)
        ).fetchone()
        return found

    def entries(self, first: int, end: int) -> list[bytes]:
        """The bytes of the entries at positions ``first`` to ``end - 1``, as far as they exist."""
        rows = self._connection.execute(
            "SELECT data FROM entry WHERE position >= ? AND position < ? ORDER BY position",
            (first, end),
        )
        return [data for (data,) in rows]

    def tile(self, level: int, number: int) -> bytes | None:
        """The 8,192 bytes of a full tile."""
        row = self._connection.execute(
            "SELECT hashes FROM tile WHERE level = ? AND number = ?", (level, number)
        ).fetchone()
        return None if row is None else bytes(row[0])

    def tile_roots(self, level: int, first: int, end: int) -> list[bytes]:
        """The hash over each full tile ``first`` to ``end - 1`` of a level."""
        rows = self._connection.execute(
            "SELECT root FROM tile WHERE level = ? AND number >= ? AND number < ? ORDER BY number",
            (level, first, end),
        )
        return [root for (root,) in rows]

    def add_entries(self, rows: Sequence[tuple[int, str, bytes]]) -> None:
        self._connection.executemany("INSERT INTO entry VALUES (?, ?, ?)", rows)

    def add_tiles(self, tiles: Sequence[FullTile]) -> None:
        self._connection.executemany("INSERT INTO tile VALUES (?, ?, ?, ?)", tiles)

    def add_checkpoint(self, size: int, note: str) -> None:
        self._connection.execute("INSERT INTO checkpoint VALUES (?, ?)", (size, note))

    def _text(self, query: str, number: int) -> str | None:
        row = self._connection.execute(query, (number,)).fetchone()
        return None if row is None else str(row[0])


class Storage(Pool[Session]):
    """The log's file. ``patience`` is how long a locked database is waited for, in seconds."""

    def __init__(self, path: Path, patience: float) -> None:
        super().__init__(path, patience, Session)
