"""What a node has refused, for its operator, for the log, and for a court.

What a log has signed is kept with its note, because two notes that contradict each other prove
which of them lied. What anybody may send is only told, once for each kind: a flood of it neither
fills the disk nor pushes the rest out of sight.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from chain_adapter.node.storage import NodeStorage

SHOWN: Final = 20
_KEPT: Final = 10_000
#: A log has no more of them: forks, and all others.
MOST: Final = 2 * _KEPT
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_DETAIL: Final = 500


class Refusals:
    """``log`` is the number of a log in the node's storage, 0 for none of them."""

    def __init__(
        self, storage: NodeStorage, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._storage, self._now = storage, now
        self._told: dict[tuple[int, str], tuple[datetime, str]] = {}
        self._lock = threading.Lock()

    def tell(self, log: int, code: str, detail: str) -> None:
        """Of a request that nobody answers for."""
        with self._lock:
            self._told[log, code] = (self._now(), detail[:_DETAIL])

    def keep(self, log: int, code: str, detail: str, note: str) -> None:
        """Of a checkpoint that the log has signed. The same again is kept once."""
        with self._storage.write() as connection:
            known = connection.execute(
                "SELECT 1 FROM refusal WHERE log = ? AND code = ? AND note = ? LIMIT 1",
                (log, code, note),
            ).fetchone()
            if known is not None:
                return
            connection.execute(
                "INSERT INTO refusal (log, time, code, detail, note) VALUES (?, ?, ?, ?, ?)",
                (log, int(self._now().timestamp()), code, detail[:_DETAIL], note),
            )
            # A fork only the log itself can bring about: what strangers send again, old checkpoints
            # say, does not push the proof of it out.
            connection.execute(
                "DELETE FROM refusal WHERE id IN (SELECT id FROM refusal WHERE log = ?"
                " AND (code = 'fork') = ? ORDER BY id DESC LIMIT -1 OFFSET ?)",
                (log, code == "fork", _KEPT),
            )

    def shown(self, log: int) -> list[dict[str, Any]]:
        """The last of them, oldest first: time, code, detail."""
        kept = [(time, code, detail) for time, code, detail, _ in self.kept(log, SHOWN)]
        with self._lock:
            told = [
                (time, code, detail)
                for (each, code), (time, detail) in self._told.items()
                if each == log
            ]
        room = max(0, SHOWN - len(kept))
        newest = sorted(told)[max(0, len(told) - room) :]
        found = sorted(kept + newest, key=lambda each: each[0])
        return [
            {"time": time.strftime(_TIME), "code": code, "detail": detail}
            for time, code, detail in found
        ]

    def kept(self, log: int, count: int) -> list[tuple[datetime, str, str, str]]:
        """The last ``count`` with their notes, oldest first."""
        with self._storage.read() as connection:
            rows = connection.execute(
                "SELECT time, code, detail, note FROM refusal WHERE log = ?"
                " ORDER BY id DESC LIMIT ?",
                (log, count),
            ).fetchall()
        return [
            (datetime.fromtimestamp(time, UTC), code, detail, note)
            for time, code, detail, note in reversed(rows)
        ]
