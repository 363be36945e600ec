"""Further ledgers: they follow the primary one as they answer, and hold nothing up."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import select

from chain_adapter import Ledger, LedgerError, Receipt
from portal.audit.service import Detail, record
from portal.deposits.evidence import entry_of, receipts_json, receipts_of
from portal.deposits.models import Deposit
from portal.deposits.steps import WORKER
from portal.deposits.tools import Tools

_log = structlog.get_logger(__name__)
#: After this long somebody asks again, whether the one who has it in hand answered or died.
_AGAIN: Final = timedelta(seconds=60)


class Following:
    """Idempotent like everything: a ledger is asked for the key before it is given the entry."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def advance(self, limit: int) -> int:
        """Ask further ledgers about up to ``limit`` deposits; how many are complete now."""
        if len(self._tools.ledgers) < 2:
            return 0
        return sum(self._follow(row) for row in self._take(limit))

    def _take(self, limit: int) -> list[Deposit]:
        now = self._tools.clock()
        again = now + _AGAIN * random.uniform(1, 1.5)  # noqa: S311 (no secret)
        due = select(Deposit).where(Deposit.follow_at <= now).order_by(Deposit.follow_at)
        with self._tools.database.transaction() as session:
            rows = list(session.scalars(due.limit(limit).with_for_update(skip_locked=True)))
            for row in rows:
                row.follow_at = again
        return rows

    def _follow(self, row: Deposit) -> bool:
        present = receipts_of(row)
        found: dict[str, Receipt] = {}
        absent = [each for each in self._tools.ledgers[1:] if each.id not in present]
        for ledger in absent:
            try:
                found[ledger.id] = _recorded(ledger, row)
            except LedgerError as error:
                _log.warning("further_ledger", ledger=ledger.id, code=error.code, why=str(error))
        complete = len(found) == len(absent)
        if found or complete:
            self._keep(row.id, found, complete=complete)
        return complete

    def _keep(self, deposit_id: str, found: dict[str, Receipt], *, complete: bool) -> None:
        with self._tools.database.transaction() as session:
            row = session.scalars(
                select(Deposit).where(Deposit.id == deposit_id).with_for_update()
            ).one()
            row.receipts = receipts_json({**receipts_of(row), **found})
            for name, receipt in found.items():
                detail: Detail = {"ledger": name, "position": receipt.position}
                record(session, WORKER, "deposit.followed", row.subject, detail)
            if complete:
                row.follow_at = None


def _recorded(ledger: Ledger, row: Deposit) -> Receipt:
    entry = entry_of(row)
    return ledger.lookup(entry.key) or ledger.append([entry])[0]
