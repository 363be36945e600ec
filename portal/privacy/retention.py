"""How long each kind of content is kept, and the job that keeps to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, exists, select, text

from portal.audit.service import Act, record_many
from portal.database import Database
from portal.deposits.folders import OFFICE_KINDS
from portal.deposits.models import KEEPING, Deposit
from portal.privacy.eraser import WORKER
from portal.privacy.holds import under_hold
from portal.privacy.models import Erasure
from portal.privacy.rules import new_erasure
from portal.settings import Settings

_BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Kept:
    """One class of content: ``code`` names it for translations, ``setting`` where its time is
    set; ``days`` None: for as long as the portal exists; ``hours`` for what is short-lived."""

    code: str
    setting: str = ""
    days: int | None = None
    hours: int | None = None


def policy(settings: Settings) -> Iterator[Kept]:
    """What is kept how long, as the settings in force say."""
    originals = settings.retention_originals_days
    yield Kept("originals", "RETENTION_ORIGINALS_DAYS", originals or None)
    yield Kept("proofs")
    yield Kept("custody")
    yield Kept("accounts")
    yield Kept("drafts", "DRAFT_HOURS", hours=settings.draft_hours)
    yield Kept("mail", "RETENTION_MAIL_DAYS", settings.retention_mail_days)
    yield Kept("deliveries", "WEBHOOK_LOG_DAYS", settings.webhook_log_days)


class Retention:
    """Has the content of old deposits erased, with its own reason; holds stand above it."""

    def __init__(self, database: Database, clock: Callable[[], datetime], days: int) -> None:
        self._database = database
        self._clock = clock
        self._days = days

    def advance(self) -> int:
        """Ask for the erasure of a batch whose time is over; how many."""
        if not self._days:
            return 0
        now = self._clock()
        query = _expired(now - timedelta(days=self._days)).limit(_BATCH)
        with self._database.reading() as session:  # most looks find nothing
            if session.scalar(query) is None:
                return 0
        reason = f"kept for {self._days} days, as RETENTION_ORIGINALS_DAYS says"
        with self._database.transaction() as session:
            rows = session.scalars(query.with_for_update(skip_locked=True)).all()
            session.add_all(new_erasure(row, "retention", reason, WORKER.id, now) for row in rows)
            session.flush()
            detail = {"reason": reason, "due": now.isoformat()}
            acts = [Act(WORKER, "erasure.asked", row.subject, detail) for row in rows]
            record_many(session, acts)
        return len(rows)


def _expired(before: datetime) -> Select[Deposit]:
    """Deposits issued before that still have content, unless something stands against it."""
    pending = exists().where(Erasure.open_for == Deposit.id)
    return (
        select(Deposit)
        .where(Deposit.issued_at < before, text(KEEPING), Deposit.kind.not_in(OFFICE_KINDS))
        .where(~pending, ~under_hold())
        .order_by(Deposit.issued_at)
    )
