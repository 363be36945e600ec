"""What a watched log keeps beside itself: one SQLite file in its folder, shared by processes.

Tables: ``supplement`` (what stands beside an entry, by the entry's leaf hash), ``line`` (nodes'
verified cosignatures of recent trees), ``final`` (notes that a quorum has cosigned, by policy and
size; the first one stays, and sizes only grow, so that a receipt is always the same) and ``report``
(what was dropped or refused). Losing the file loses no entry: cosignatures can be collected again,
supplements be appended again.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from chain_adapter.merkle import leaf_hash
from chain_adapter.supplement import Supplement
from chain_adapter.tlog.pool import Pool
from chain_adapter.witness.lines import Cosigned

NAME: Final = "witness.sqlite"
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS supplement (
    hash BLOB PRIMARY KEY, token BLOB NOT NULL, depositor BLOB NOT NULL, content BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS line (
    size INTEGER, node TEXT, line TEXT NOT NULL, time INTEGER NOT NULL, block TEXT NOT NULL,
    PRIMARY KEY (node, size)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS final (
    policy TEXT, size INTEGER, note TEXT NOT NULL, PRIMARY KEY (policy, size)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS report (
    node TEXT, code TEXT, detail TEXT, first INTEGER NOT NULL, last INTEGER NOT NULL,
    count INTEGER NOT NULL, PRIMARY KEY (node, code, detail)) WITHOUT ROWID;
"""
_REPORTS: Final = 200
_MOST: Final = 500  # parameters of one query


@dataclass(frozen=True, slots=True)
class Report:
    """Something a node did that did not count, or said against us. ``count`` times since
    ``first``, the last time at ``last``."""

    node: str
    code: str
    detail: str
    first: datetime
    last: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Line:
    """A node's cosignature of the tree of ``size`` entries; ``line`` as it stands in a note.
    ``block`` is what the node calls its own record of it: claimed, not verified."""

    node: str
    size: int
    line: str
    time: datetime
    block: str


class _Rows:
    """The queries, on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.execute = connection.execute
        self.executemany = connection.executemany


class Sidecar:
    """Any thread, any process. Raises what :class:`~chain_adapter.tlog.pool.Pool` raises.

    ``policy`` is the digest of the quorum in force (notes under another quorum are kept, and not
    found), ``since`` the size up to which no quorum is needed.
    """

    def __init__(self, path: Path, patience: float, policy: str) -> None:
        self._policy = policy
        path.touch(mode=0o600)
        self._pool = Pool(path, patience, _Rows)
        with self._pool.write() as rows:
            for statement in _SCHEMA.split(";")[:-1]:
                rows.execute(statement)
        self._pool.release()

    def close(self) -> None:
        self._pool.close()

    # supplements

    def keep(self, supplements: Sequence[tuple[bytes, Supplement]]) -> None:
        """Keep what stands beside entries (their encoded bytes); durable on return. What is there
        already stays, except that a fuller supplement completes it."""
        if not supplements:
            return
        values = [
            (leaf_hash(data), each.token, each.depositor, each.content)
            for data, each in supplements
        ]
        with self._pool.write() as rows:
            rows.executemany(
                """INSERT INTO supplement VALUES (?, ?, ?, ?) ON CONFLICT (hash) DO UPDATE SET
                depositor = CASE WHEN depositor = x'' THEN excluded.depositor ELSE depositor END,
                content = CASE WHEN content = x'' THEN excluded.content ELSE content END""",
                values,
            )

    def supplements(self, entries: Sequence[bytes]) -> tuple[Supplement | None, ...]:
        """What is kept beside each of ``entries`` (encoded), at most 256."""
        hashes = [leaf_hash(data) for data in entries][:_MOST]
        marks = ",".join("?" * len(hashes))
        query = f"SELECT * FROM supplement WHERE hash IN ({marks})"  # noqa: S608 - only marks
        with self._pool.read() as rows:
            found = {row[0]: Supplement(*row[1:]) for row in rows.execute(query, hashes)}
        return tuple(map(found.get, hashes))

    # cosignatures

    def add_lines(self, size: int, lines: Iterable[Cosigned], block: str = "") -> None:
        """Keep verified cosignatures of one tree; the first of a node stays."""
        values = [
            (size, each.node, str(each.line), int(each.time.timestamp()), block) for each in lines
        ]
        if values:
            with self._pool.write() as rows:
                rows.executemany("INSERT OR IGNORE INTO line VALUES (?, ?, ?, ?, ?)", values)

    def lines(self, size: int) -> list[Line]:
        """The cosignatures of one tree."""
        return self._lines("WHERE size = ?", size)

    def newest_lines(self) -> list[Line]:
        """Each node's cosignature of the largest tree it has cosigned."""
        return self._lines("WHERE size = (SELECT max(size) FROM line o WHERE o.node = line.node)")

    def finish(self, size: int, note: str) -> None:
        """Keep ``note`` as what a quorum has cosigned, unless a larger tree is final already."""
        with self._pool.write() as rows:
            newest = rows.execute(
                "SELECT max(size) FROM final WHERE policy = ?", (self._policy,)
            ).fetchone()[0]
            if newest is None or newest < size:
                rows.execute("INSERT INTO final VALUES (?, ?, ?)", (self._policy, size, note))
            rows.execute(  # what a node said of older trees is of no more use
                "DELETE FROM line WHERE size < ? AND "
                "size < (SELECT max(size) FROM line o WHERE o.node = line.node)",
                (size,),
            )

    def final(self, position: int) -> str | None:
        """The first note cosigned by the quorum in force that covers ``position``."""
        query = "SELECT note FROM final WHERE policy = ? AND size > ? ORDER BY size LIMIT 1"
        with self._pool.read() as rows:
            row = rows.execute(query, (self._policy, position)).fetchone()
        return None if row is None else str(row[0])

    def final_of(self, size: int) -> str | None:
        """The note of exactly this tree that the quorum in force has cosigned."""
        query = "SELECT note FROM final WHERE policy = ? AND size = ?"
        with self._pool.read() as rows:
            row = rows.execute(query, (self._policy, size)).fetchone()
        return None if row is None else str(row[0])

    def final_size(self) -> int:
        """How many entries the quorum in force has cosigned."""
        with self._pool.read() as rows:
            row = rows.execute(
                "SELECT max(size) FROM final WHERE policy = ?", (self._policy,)
            ).fetchone()
        return int(row[0] or 0)

    # reports

    def report(self, node: str, code: str, detail: str) -> None:
        """Write down once more that this happened."""
        now = int(time.time())
        with self._pool.write() as rows:
            rows.execute(
                """INSERT INTO report VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET
                last = excluded.last, count = count + 1""",
                (node, code, detail, now, now),
            )
            rows.execute(
                """DELETE FROM report WHERE (node, code, detail) IN (SELECT node, code, detail
                FROM report ORDER BY last DESC, first DESC LIMIT -1 OFFSET ?)""",
                (_REPORTS,),
            )

    def reports(self) -> tuple[Report, ...]:
        """What was written down, the newest first."""
        with self._pool.read() as rows:
            found = rows.execute("SELECT * FROM report ORDER BY last DESC, first DESC").fetchall()
        return tuple(
            Report(node, code, detail, _moment(first), _moment(last), count)
            for node, code, detail, first, last, count in found
        )

    def _lines(self, where: str, *values: int) -> list[Line]:
        query = f"SELECT node, size, line, time, block FROM line {where}"  # noqa: S608 - ours
        with self._pool.read() as rows:
            return [
                Line(node, size, line, _moment(second), block)
                for node, size, line, second, block in rows.execute(query, values)
            ]


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
