"""Further ledgers: they follow the primary one as they answer, until each holds the record for
good and its proof is kept. They hold up nothing but letters that LEDGERS_REQUIRED makes wait."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import select

from chain_adapter import Ledger, Receipt, Status, Trust
from portal.audit.service import Detail, record
from portal.deposits.batches import attempt
from portal.deposits.beside import recorded
from portal.deposits.evidence import entry_of, receipts_of
from portal.deposits.further import Standing, is_final, proved, standings_json, standings_of
from portal.deposits.models import Deposit, State
from portal.deposits.signed import depositor_key, trusting
from portal.deposits.steps import WORKER
from portal.deposits.tools import Tools
from portal.jobs.recording import LOST

_log = structlog.get_logger(__name__)
#: After this long somebody asks again, when the one who has it in hand died.
_AGAIN: Final = timedelta(seconds=60)
#: How soon it is asked again while a ledger is not final: a quarter of its age, within these.
_SOONEST, _LATEST = timedelta(seconds=1), timedelta(minutes=2)


class Following:
    """Idempotent like everything: a ledger is asked for the key before it is given the entry, and
    what was final stays as it was."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def advance(self, limit: int) -> int:
        """Ask further ledgers about up to ``limit`` deposits; how many are complete now."""
        if len(self._tools.ledgers) < 2 or not (rows := self._take(limit)):
            return 0
        trust = self._tools.ledger_trust()
        found: dict[str, list[Standing]] = {row.id: [] for row in rows}
        for ledger in self._tools.ledgers[1:]:
            open_rows = [row for row in rows if not self._settled(row, ledger)]
            for row, standing in zip(open_rows, _followed(ledger, open_rows, trust), strict=True):
                found[row.id].append(standing)
        complete = [self._keep(row.id, found[row.id]) for row in rows]
        return sum(complete)

    def _take(self, limit: int) -> list[Deposit]:
        now = self._tools.clock()
        due = select(Deposit).where(Deposit.follow_at <= now).order_by(Deposit.follow_at)
        with self._tools.database.reading() as session:  # most looks find nothing
            if session.scalar(due.limit(1)) is None:
                return []
        again = now + _AGAIN * random.uniform(1, 1.5)  # noqa: S311 (no secret)
        with self._tools.database.transaction() as session:
            rows = list(session.scalars(due.limit(limit).with_for_update(skip_locked=True)))
            for row in rows:
                row.follow_at = again
        return rows

    def _settled(self, row: Deposit, ledger: Ledger) -> bool:
        """Whether there is nothing more to ask. Receipts of earlier releases came without proof."""
        known = standings_of(row).get(ledger.id)
        return known.final if known is not None else ledger.id in receipts_of(row)

    def _keep(self, deposit_id: str, found: Sequence[Standing]) -> bool:
        """Write down where the ledgers stand; whether all of them hold it for good."""
        now = self._tools.clock()
        with self._tools.database.transaction() as session:
            query = select(Deposit).where(Deposit.id == deposit_id).with_for_update()
            row = session.scalars(query).one()
            before = standings_of(row)
            row.further = standings_json(before.values(), found)
            news = [each for each in found if each.final and not is_final(before.get(each.ledger))]
            for each in news:
                record(session, WORKER, "deposit.followed", row.subject, _detail(each))
            complete = all(each.final for each in found)
            row.follow_at = None if complete else now + _pause(now, row.anchored_at or now)
            waits = row.state == State.ANCHORED and row.lease is None
            if news and waits:
                row.next_attempt_at = now
        if news and waits:
            self._tools.nudge()
        return complete


def _followed(ledger: Ledger, rows: Sequence[Deposit], trust: Trust) -> list[Standing]:
    """Where ``ledger`` stands with each of ``rows`` now; what it lacks it is given, together."""
    known: dict[str, Receipt | Exception | None] = {row.id: _asked(ledger, row) for row in rows}
    missing = [row for row in rows if _is_missing(known[row.id])]
    for start in range(0, len(missing), ledger.caps.max_batch):
        part = missing[start : start + ledger.caps.max_batch]
        outcomes = attempt(lambda some: list(recorded(ledger, some)), part)
        known |= {row.id: outcome for row, outcome in zip(part, outcomes, strict=True)}
    return [_standing(ledger, row, known[row.id], trust) for row in rows]


def _asked(ledger: Ledger, row: Deposit) -> Receipt | Exception | None:
    """The receipt as it is now, None when the ledger does not have the entry."""
    try:
        receipt = ledger.lookup(entry_of(row).key)
        if receipt is None or receipt.status is Status.FINAL:
            return receipt
        return ledger.refresh(receipt)
    except Exception as error:  # noqa: BLE001 - recorded as the reason
        return error


def _standing(
    ledger: Ledger, row: Deposit, found: Receipt | Exception | None, trust: Trust
) -> Standing:
    before = standings_of(row).get(ledger.id)
    receipt = found if isinstance(found, Receipt) else before.receipt if before else None
    try:
        if isinstance(found, Exception):
            raise found
        assert found is not None  # noqa: S101 - what was missing has been appended
        return proved(ledger, entry_of(row), found, trusting(trust, depositor_key(row)))
    except Exception as error:  # noqa: BLE001 - recorded as the reason
        waiting = Standing.waiting(ledger.id, receipt, error)
        if before is None or before.reason != waiting.reason:
            _log.warning("further_ledger", ledger=ledger.id, code=waiting.reason, why=str(error))
        return waiting


def _is_missing(found: Receipt | Exception | None) -> bool:
    return found is None or (isinstance(found, Receipt) and found.status in LOST)


def _detail(standing: Standing) -> Detail:
    position = standing.receipt.position if standing.receipt else 0
    return {"ledger": standing.ledger, "position": position}


def _pause(now: datetime, since: datetime) -> timedelta:
    pause = max(_SOONEST, min((now - since) / 4, _LATEST))
    return pause * random.uniform(0.75, 1.25)  # noqa: S311 (no secret)
