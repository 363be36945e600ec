"""A node's own copy of one log: the queries, and the tree over the copy."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from chain_adapter.entry import Entry
from chain_adapter.merkle import EMPTY_ROOT
from chain_adapter.node.block import NO_BLOCK, StampedBlock
from chain_adapter.node.storage import NodeStorage
from chain_adapter.supplement import Supplement
from chain_adapter.tlog.edge import FullTile
from chain_adapter.tlog.tree import Forest

PAGE: Final = 256


@dataclass(frozen=True, slots=True)
class Head:
    """The tree cosigned last. ``note`` is the log's own, "" before there is one."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    note: str = ""
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Copied:
    """An entry that was examined; ``data`` is its encoding. ``supplement`` is None for those that
    were recorded before there were nodes."""

    entry: Entry
    data: bytes
    supplement: Supplement | None


class LogCopy:
    """The copy of the log ``origin`` in ``storage``; for any number of threads."""

    def __init__(self, storage: NodeStorage, origin: str) -> None:
        self.storage, self.origin = storage, origin
        with storage.write() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO log (origin, size, root, note, time)"
                " VALUES (?, 0, ?, '', 0)",
                (origin, EMPTY_ROOT),
            )
            row = connection.execute("SELECT id FROM log WHERE origin = ?", (origin,)).fetchone()
        self.id: Final[int] = row[0]
        self.forest = Forest(self)

    def head(self) -> Head:
        with self.storage.read() as connection:
            size, root, note, time = connection.execute(
                "SELECT size, root, note, time FROM log WHERE id = ?", (self.id,)
            ).fetchone()
        return Head(size, root, note, datetime.fromtimestamp(time, UTC) if time else None)

    def reach(self) -> int:
        """How many entries are copied, also those that count for nothing yet."""
        with self.storage.read() as connection:
            (last,) = connection.execute(
                "SELECT MAX(position) FROM entry WHERE log = ?", (self.id,)
            ).fetchone()
        return 0 if last is None else last + 1

    def find(self, key: str) -> int | None:
        """The position of the entry with this idempotency key."""
        with self.storage.read() as connection:
            row = connection.execute(
                "SELECT position FROM entry WHERE log = ? AND key = ?", (self.id, key)
            ).fetchone()
        return None if row is None else row[0]

    def rows(self, first: int, end: int) -> list[tuple[bytes, Supplement | None]]:
        """Entries and what stands beside them, positions ``first`` to ``end - 1``."""
        with self.storage.read() as connection:
            rows = connection.execute(
                "SELECT data, token, depositor, content FROM entry"
                " WHERE log = ? AND position >= ? AND position < ? ORDER BY position",
                (self.id, first, end),
            ).fetchall()
        return [(data, Supplement(*beside) if beside[0] else None) for data, *beside in rows]

    def messages(self, kind: str, first: int, end: int) -> list[tuple[bytes, bytes]]:
        """Token and content of the entries of ``kind`` at positions ``first`` to ``end - 1``."""
        with self.storage.read() as connection:
            return connection.execute(
                "SELECT token, content FROM entry WHERE log = ? AND key >= ? AND key < ?"
                " AND position >= ? AND position < ? AND token <> x'' ORDER BY position",
                (self.id, f"{kind}:", f"{kind};", first, end),
            ).fetchall()

    # What trees are read from.

    @contextmanager
    def read(self) -> Iterator[LogCopy]:
        yield self

    def entries(self, first: int, end: int) -> list[bytes]:
        with self.storage.read() as connection:
            rows = connection.execute(
                "SELECT data FROM entry"
                " WHERE log = ? AND position >= ? AND position < ? ORDER BY position",
                (self.id, first, end),
            )
            return [data for (data,) in rows]

    def tile(self, level: int, number: int) -> bytes | None:
        with self.storage.read() as connection:
            row = connection.execute(
                "SELECT hashes FROM tile WHERE log = ? AND level = ? AND number = ?",
                (self.id, level, number),
            ).fetchone()
        return None if row is None else bytes(row[0])

    def tile_roots(self, level: int, first: int, end: int) -> list[bytes]:
        with self.storage.read() as connection:
            rows = connection.execute(
                "SELECT root FROM tile WHERE log = ? AND level = ?"
                " AND number >= ? AND number < ? ORDER BY number",
                (self.id, level, first, end),
            )
            return [root for (root,) in rows]

    # Within a transaction of the caller's.

    def add(self, connection: sqlite3.Connection, first: int, copied: Sequence[Copied]) -> None:
        """Entries from position ``first`` on."""
        connection.executemany(
            "INSERT INTO entry (log, position, key, data, tree, token, depositor, content)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (self.id, position, each.entry.key, each.data, each.entry.data, *_beside(each))
                for position, each in enumerate(copied, first)
            ),
        )

    def drop_from(self, connection: sqlite3.Connection, position: int) -> None:
        """Forget entries that count for nothing."""
        connection.execute("DELETE FROM entry WHERE log = ? AND position >= ?", (self.id, position))

    def add_tiles(self, connection: sqlite3.Connection, tiles: Sequence[FullTile]) -> None:
        connection.executemany(
            "INSERT INTO tile VALUES (?, ?, ?, ?, ?)", ((self.id, *tile) for tile in tiles)
        )

    def move(self, connection: sqlite3.Connection, head: Head) -> None:
        """The tree cosigned last is now ``head``."""
        second = int(head.time.timestamp()) if head.time else 0
        connection.execute(
            "UPDATE log SET size = ?, root = ?, note = ?, time = ? WHERE id = ?",
            (head.size, head.root, head.note, second, self.id),
        )


def _beside(copied: Copied) -> tuple[bytes, bytes, bytes]:
    found = copied.supplement
    return (b"", b"", b"") if found is None else (found.token, found.depositor, found.content)


def last_block(connection: sqlite3.Connection, log: int | None = None) -> StampedBlock | None:
    """The newest block of the node, or of one log."""
    condition, values = ("WHERE log = ?", (log,)) if log is not None else ("", ())
    row = connection.execute(
        f"SELECT seq, data, token FROM block {condition} ORDER BY seq DESC LIMIT 1",  # noqa: S608
        values,
    ).fetchone()
    return None if row is None else StampedBlock(*row)


def block_at(connection: sqlite3.Connection, seq: int) -> StampedBlock | None:
    row = connection.execute("SELECT seq, data, token FROM block WHERE seq = ?", (seq,)).fetchone()
    return None if row is None else StampedBlock(*row)


def next_block(connection: sqlite3.Connection) -> tuple[int, bytes]:
    """Number and predecessor (SHA-256) of the node's next block."""
    last = last_block(connection)
    return (1, NO_BLOCK) if last is None else (last.seq + 1, last.digest.value)


def add_block(connection: sqlite3.Connection, log: int, block: StampedBlock) -> None:
    connection.execute(
        "INSERT INTO block VALUES (?, ?, ?, ?)", (block.seq, log, block.data, block.token)
    )
