"""A cursor over the custody log, for whoever acts on what has happened since they last looked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.audit.models import AuditEntry, AuditFollower
from portal.database import Database

_BATCH: Final = 1000


class Follower(ABC):
    """Takes up every entry once, in order: the cursor moves in the transaction of what
    :meth:`_take` writes. Any number of workers may follow at once; one of them moves the cursor.

    ``NAME`` is the cursor's row in ``audit_followers``, never to be changed.
    """

    NAME: ClassVar[str]

    def __init__(self, database: Database) -> None:
        self._database = database

    def advance(self) -> int:
        """Take up the next entries; how many there were."""
        with self._database.reading() as session:  # most looks find nothing
            if not _next(session, self._place(session), 1):
                return 0
        try:
            with self._database.transaction() as session:
                return self._follow(session)
        except IntegrityError:  # another worker was quicker
            return 0

    @abstractmethod
    def _take(self, session: Session, entries: Sequence[AuditEntry]) -> None:
        """Write what follows from ``entries``, which are at least one, in order."""

    def _follow(self, session: Session) -> int:
        start = self._place(session)
        entries = _next(session, start, _BATCH)
        if not entries or not self._move(session, start, entries[-1].seq):
            return 0
        self._take(session, entries)
        return len(entries)

    def _place(self, session: Session) -> int:
        query = select(AuditFollower.seq).where(AuditFollower.name == self.NAME)
        return session.scalar(query) or 0

    def _move(self, session: Session, old: int, new: int) -> bool:
        """Compare-and-swap of the cursor; the first move makes its row."""
        if old == 0 and session.get(AuditFollower, self.NAME) is None:
            session.add(AuditFollower(name=self.NAME, seq=new))
            session.flush()
            return True
        moved = session.execute(
            update(AuditFollower)
            .where(AuditFollower.name == self.NAME, AuditFollower.seq == old)
            .values(seq=new)
            .execution_options(synchronize_session=False)
        )
        return bool(moved.rowcount)  # type: ignore[attr-defined]


def _next(session: Session, after: int, limit: int) -> list[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.seq > after).order_by(AuditEntry.seq)
    return list(session.scalars(query.limit(limit)))
