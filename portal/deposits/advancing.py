"""The worker's side: take what is due, and carry it as far as it goes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from portal.deposits.anchoring import Anchoring
from portal.deposits.following import Following
from portal.deposits.issuing import Issuing
from portal.deposits.leases import Leases
from portal.deposits.letters import Letters
from portal.deposits.models import Deposit, State
from portal.deposits.stamping import Stamping
from portal.deposits.steps import Steps
from portal.deposits.tools import Tools

#: Letters take a tenth of a second each: a few at a time, so that several workers share a crowd.
_LETTERS: Final = 8
#: So many at once of those that came by the thousand: what each transaction costs is shared, and
#: a single deposit still waits for no more than one such load.
_BULK: Final = 1000


class Pipeline:
    """``advance`` is idempotent and may run in any number of threads and processes at once."""

    def __init__(self, tools: Tools, leases: Leases | None = None) -> None:
        self._tools = tools
        self._leases = leases or Leases(tools)
        steps = Steps(tools)
        self._stamping = Stamping(tools, steps)
        self._anchoring = Anchoring(tools, steps)
        self._issuing = Issuing(tools, steps, Letters(tools))
        self._following = Following(tools)
        self._bulk = threading.Lock()

    def advance(self) -> int:
        """Move one batch of what somebody waits for, then one of what came by the thousand; the
        number of moves, 0 when nothing is due.

        Raises:
            SQLAlchemyError: the database failed. What was done outside is found again.
        """
        batch = self._tools.settings.batch_size
        moved = self._to_ledger(batch) or self._to_letter()
        return moved + self._in_bulk(max(batch, _BULK))

    def follow(self) -> int:
        """Ask the further ledgers about a batch; how many deposits they all hold for good now. Slow
        calls outside: it has a thread of its own, and delays no deposit."""
        return self._following.advance(self._tools.settings.batch_size)

    def _to_ledger(self, batch: int) -> int:
        """Timestamp and anchor a batch together, and issue the letters of its first deposits."""
        with self._leases.taken((State.RECEIVED, State.TIMESTAMPED), batch) as rows:
            stamped, anchored = self._recorded(rows)
            issued = self._issuing.advance(anchored[:_LETTERS])
        if len(anchored) > _LETTERS:
            self._tools.nudge()
        return len(stamped) + len(anchored) + len(issued)

    def _in_bulk(self, batch: int) -> int:
        """Timestamp, anchor and issue those whose letters are made when asked for."""
        states: tuple[State, ...] = (State.RECEIVED, State.TIMESTAMPED)
        if self._tools.settings.ledgers_required > 1:
            states = (*states, State.ANCHORED)
        if not self._bulk.acquire(blocking=False):
            return 0  # one thread is busy with it; two would be no quicker, and none be free
        try:
            with self._leases.taken(states, batch, on_demand=True) as rows:
                passed = self._issuing.pass_on([r for r in rows if r.state == State.ANCHORED])
                return len(passed) + sum(map(len, self._recorded(rows)))
        finally:
            self._bulk.release()

    def _recorded(self, rows: Sequence[Deposit]) -> tuple[list[Deposit], list[Deposit]]:
        """The rows that are timestamped now, and those that are on the ledger now."""
        waiting = [row for row in rows if row.state == State.TIMESTAMPED]
        stamped = self._stamping.advance([row for row in rows if row.state == State.RECEIVED])
        fresh = {row.id for row in stamped}
        return stamped, self._anchoring.advance([*waiting, *stamped], fresh)

    def _to_letter(self) -> int:
        with self._leases.taken((State.ANCHORED,), _LETTERS) as rows:
            issued = self._issuing.advance(rows)
        if len(rows) == _LETTERS:
            self._tools.nudge()
        return len(issued)
