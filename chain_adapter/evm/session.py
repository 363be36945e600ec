"""The statements of the adapter's state."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, Final

from chain_adapter.errors import Conflict
from chain_adapter.evm.rows import Anchor, Attempt, Kept, Stand, read_anchor, read_kept
from chain_adapter.receipt import Status

FORMAT: Final = "1"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS anchor (
    id INTEGER PRIMARY KEY,
    call BLOB NOT NULL,
    root BLOB NOT NULL,
    count INTEGER NOT NULL,
    status TEXT NOT NULL,
    first INTEGER,
    height INTEGER,
    block BLOB,
    time INTEGER,
    note TEXT,
    proof BLOB
);
CREATE INDEX IF NOT EXISTS anchor_status ON anchor (status, height);
CREATE INDEX IF NOT EXISTS anchor_first ON anchor (first);
CREATE TABLE IF NOT EXISTS attempt (
    hash BLOB PRIMARY KEY,
    anchor INTEGER NOT NULL REFERENCES anchor (id),
    nonce INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    tip INTEGER,
    made REAL NOT NULL,
    raw BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS attempt_anchor ON attempt (anchor, nonce);
CREATE INDEX IF NOT EXISTS attempt_nonce ON attempt (nonce);
CREATE TABLE IF NOT EXISTS entry (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    leaf BLOB NOT NULL,
    received INTEGER NOT NULL,
    anchor INTEGER REFERENCES anchor (id),
    place INTEGER,
    path BLOB,
    data BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS entry_anchor ON entry (anchor, place);
"""
_ANCHOR: Final = "id, call, root, count, status, first, height, block, time, note"
_KEPT: Final = """
SELECT seq, key, leaf, received, data, place, path, a.id, a.call, a.root, a.count, a.status,
    a.first, a.height, a.block, a.time, a.note
FROM entry LEFT JOIN anchor a ON a.id = entry.anchor
"""
#: Keys in one statement; SQLite takes 32,766 values.
_KEYS: Final = 1000


class Session:
    """Statements on one connection; writing ones belong in :meth:`State.write`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def about(self, name: str) -> str | None:
        row = self._one("SELECT value FROM about WHERE name = ?", name)
        return None if row is None else str(row[0])

    def set_about(self, name: str, value: str | None) -> None:
        if value is None:
            self._connection.execute("DELETE FROM about WHERE name = ?", (name,))
        else:
            self._connection.execute("REPLACE INTO about VALUES (?, ?)", (name, value))

    # Entries.

    def admit(self, items: Sequence[tuple[str, bytes, bytes]], now: int) -> None:
        """Take up entries (key, leaf hash, bytes) that are not there yet.

        Raises:
            Conflict: a key is taken by other content; the transaction must end.
        """
        known = self.leaves([key for key, _, _ in items])
        fresh = []
        for key, leaf, data in items:
            if key not in known:
                fresh.append((key, leaf, now, data))
            if known.setdefault(key, leaf) != leaf:
                raise Conflict(f"{key} is recorded with other content")
        self._connection.executemany(
            "INSERT INTO entry (key, leaf, received, data) VALUES (?, ?, ?, ?)", fresh
        )

    def leaves(self, keys: Sequence[str]) -> dict[str, bytes]:
        """The leaf hashes of those of ``keys`` that are here."""
        return dict(self._of(keys, "SELECT key, leaf FROM entry WHERE key IN"))

    def unsettled(self, keys: Sequence[str]) -> bool:
        """Whether an entry of ``keys`` stands in no block."""
        query = (
            "SELECT 1 FROM entry LEFT JOIN anchor a ON a.id = entry.anchor WHERE"
            " ifnull(a.status, 'queued') NOT IN ('included', 'final') AND key IN"
        )
        return next(self._of(keys, query), None) is not None

    def stands(self, keys: Sequence[str]) -> dict[str, Stand]:
        """How those of ``keys`` stand that are here."""
        query = "SELECT key, seq, leaf, received, place, anchor FROM entry WHERE key IN"
        stands, anchors = {}, dict[int | None, Anchor | None]()
        for key, seq, leaf, received, place, number in self._of(keys, query):
            if number not in anchors:
                anchors[number] = self.anchor(number)
            stands[key] = Stand(seq, leaf, received, place, anchors[number])
        return stands

    def anchor(self, number: int | None) -> Anchor | None:
        row = self._one(f"SELECT {_ANCHOR} FROM anchor WHERE id = ?", number)  # noqa: S608
        return None if row is None else read_anchor(row)

    def kept(self, key: str) -> Kept | None:
        row = self._one(_KEPT + "WHERE key = ?", key)
        return None if row is None else read_kept(row)

    def waiting(self, most: int) -> list[tuple[int, bytes]]:
        """Number and leaf hash of entries without an anchor, the oldest first."""
        query = "SELECT seq, leaf FROM entry WHERE anchor IS NULL ORDER BY seq LIMIT ?"
        return self._connection.execute(query, (most,)).fetchall()

    def anchored(self, anchor: int, places: Sequence[tuple[int, bytes, int]]) -> None:
        """Put entries (place, path as one string, number) under an anchor."""
        self._connection.executemany(
            f"UPDATE entry SET anchor = {int(anchor)}, place = ?, path = ? WHERE seq = ?",  # noqa: S608
            places,
        )

    def recorded(self, since: int, most: int) -> list[Kept]:
        """Entries with positions from ``since`` on, in their order."""
        rows = self._connection.execute(
            _KEPT + "WHERE a.status IN (?, ?) AND a.first + a.count > ? AND a.first + place >= ?"
            " ORDER BY a.first, place LIMIT ?",
            (Status.INCLUDED, Status.FINAL, since, since, most),
        )
        return [read_kept(row) for row in rows]

    def example(self, anchor: int) -> Kept | None:
        row = self._one(_KEPT + "WHERE entry.anchor = ? AND place = 0", anchor)
        return None if row is None else read_kept(row)

    def counts(self) -> dict[str, int]:
        """How many entries stand how."""
        rows = self._connection.execute(
            "SELECT ifnull(a.status, 'queued'), count(*) FROM entry"
            " LEFT JOIN anchor a ON a.id = entry.anchor GROUP BY 1 ORDER BY 1"
        )
        return dict(rows.fetchall())

    # Anchors.

    def add_anchor(self, call: bytes, root: bytes, count: int) -> int:
        cursor = self._connection.execute(
            "INSERT INTO anchor (call, root, count, status) VALUES (?, ?, ?, ?)",
            (call, root, count, Status.SUBMITTED),
        )
        return int(cursor.lastrowid or 0)

    def anchors(self, statuses: Sequence[Status], most: int) -> list[Anchor]:
        """Anchors that stand so, the oldest first."""
        marks = ", ".join("?" for _ in statuses)
        query = f"SELECT {_ANCHOR} FROM anchor WHERE status IN ({marks}) ORDER BY id LIMIT ?"  # noqa: S608
        return [read_anchor(row) for row in self._connection.execute(query, (*statuses, most))]

    def deepest(self, status: Status, below: int) -> Anchor | None:
        """The anchor of this status in the highest block below ``below``."""
        query = (
            f"SELECT {_ANCHOR} FROM anchor WHERE status = ? AND height < ?"  # noqa: S608
            " ORDER BY height DESC LIMIT 1"
        )
        row = self._one(query, status, below)
        return None if row is None else read_anchor(row)

    def set_seen(
        self, anchor: Anchor, status: Status, place: tuple[int, int, bytes, int], note: str
    ) -> None:
        """Remember where the anchor was seen: first position, block height, block hash, time."""
        self._connection.execute(
            "UPDATE anchor SET status = ?, first = ?, height = ?, block = ?, time = ?, note = ?"
            " WHERE id = ?",
            (status, *place, note, anchor.id),
        )

    def set_status(self, anchor: int, status: Status) -> None:
        self._connection.execute("UPDATE anchor SET status = ? WHERE id = ?", (status, anchor))

    def proof(self, anchor: int) -> bytes | None:
        row = self._one("SELECT proof FROM anchor WHERE id = ?", anchor)
        return None if row is None else row[0]

    def set_proof(self, anchor: int, proof: bytes | None) -> None:
        self._connection.execute("UPDATE anchor SET proof = ? WHERE id = ?", (proof, anchor))

    # Attempts.

    def add_attempt(self, attempt: Attempt) -> None:
        self._connection.execute(
            "INSERT OR IGNORE INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                attempt.hash,
                attempt.anchor,
                attempt.nonce,
                attempt.fee,
                attempt.tip,
                attempt.made,
                attempt.raw,
            ),
        )

    def attempts(self, anchor: int) -> list[Attempt]:
        """All of an anchor's transactions: of the newest nonce first, of that the dearest first."""
        rows = self._connection.execute(
            "SELECT * FROM attempt WHERE anchor = ? ORDER BY nonce DESC, fee DESC", (anchor,)
        )
        return [Attempt(*row) for row in rows]

    def highest_nonce(self) -> int | None:
        row = self._one("SELECT max(nonce) FROM attempt")
        return None if row is None else row[0]

    def nonces(self) -> list[int]:
        rows = self._connection.execute("SELECT DISTINCT nonce FROM attempt ORDER BY nonce")
        return [nonce for (nonce,) in rows]

    def create(self, about: dict[str, str]) -> None:
        for statement in _SCHEMA.split(";"):
            self._connection.execute(statement)
        for name, value in about.items():
            self._connection.execute("INSERT OR IGNORE INTO about VALUES (?, ?)", (name, value))

    def exists(self) -> bool:
        return self._one("SELECT 1 FROM sqlite_master WHERE name = 'about'") is not None

    def _of(self, keys: Sequence[str], query: str) -> Iterator[Any]:
        """The rows of ``query``, which ends in IN, for all keys."""
        for i in range(0, len(keys), _KEYS):
            some = keys[i : i + _KEYS]
            yield from self._connection.execute(f"{query} ({', '.join('?' * len(some))})", some)

    def _one(self, query: str, *values: Any) -> Any:
        return self._connection.execute(query, values).fetchone()
