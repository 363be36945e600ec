"""Follows the custody log: what was issued gets a standing, what was erased loses it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.audit.models import AuditEntry
from portal.database import Database
from portal.deposits.models import Deposit
from portal.privacy.models import AuditFollower
from portal.vouching.models import VouchStanding

_NAME: Final = "vouching"
_BATCH: Final = 1000
_PREFIX: Final = "deposit:"
#: What stands in the vault for good only once its letter is issued; nothing is erased before.
_KEPT: Final = "deposit.issued"
_GONE: Final = "erasure.done"


class Following:
    """Any number of workers may follow at once; one of them moves the cursor."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def advance(self) -> int:
        """Take up the next entries; how many there were."""
        with self._database.reading() as session:  # most looks find nothing
            if not _next(session, _place(session), 1):
                return 0
        try:
            with self._database.transaction() as session:
                return _follow(session)
        except IntegrityError:  # another worker was quicker
            return 0


def _follow(session: Session) -> int:
    start = _place(session)
    entries = _next(session, start, _BATCH)
    if not entries or not _move(session, start, entries[-1].seq):
        return 0
    _begin(session, _of(entries, _KEPT))
    gone = _of(entries, _GONE)
    if gone:
        session.execute(delete(VouchStanding).where(VouchStanding.deposit_id.in_(gone)))
    return len(entries)


def _begin(session: Session, ids: set[str]) -> None:
    if not ids:
        return
    known = select(VouchStanding.deposit_id).where(VouchStanding.deposit_id.in_(ids))
    query = (
        select(Deposit.id, Deposit.hashed_at)
        .where(Deposit.id.in_(ids), Deposit.kind != "digest", Deposit.erased_at.is_(None))
        .where(Deposit.id.not_in(known))
    )
    rows = [{"deposit_id": key, "read_at": at} for key, at in session.execute(query)]
    if rows:
        session.execute(insert(VouchStanding), rows)


def _of(entries: Iterable[AuditEntry], action: str) -> set[str]:
    """The ids of the deposits to which this happened."""
    return {
        each.subject.removeprefix(_PREFIX)
        for each in entries
        if each.action == action and each.subject.startswith(_PREFIX)
    }


def _place(session: Session) -> int:
    return session.scalar(select(AuditFollower.seq).where(AuditFollower.name == _NAME)) or 0


def _next(session: Session, after: int, limit: int) -> list[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.seq > after).order_by(AuditEntry.seq)
    return list(session.scalars(query.limit(limit)))


def _move(session: Session, old: int, new: int) -> bool:
    """Compare-and-swap of the cursor; the first move makes its row."""
    if old == 0 and session.get(AuditFollower, _NAME) is None:
        session.add(AuditFollower(name=_NAME, seq=new))
        session.flush()
        return True
    moved = session.execute(
        update(AuditFollower)
        .where(AuditFollower.name == _NAME, AuditFollower.seq == old)
        .values(seq=new)
        .execution_options(synchronize_session=False)
    )
    return bool(moved.rowcount)  # type: ignore[attr-defined]
