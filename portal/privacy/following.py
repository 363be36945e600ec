"""Follows the custody log and notes whose thing each entry is about.

The log names things ("deposit:…", "matter:…"), people ask for what is theirs; with this index the
question is quick however long the log is. What a person did themselves, and what happened to their
account, is found in the log directly and not noted here; nor are the portal's own steps with a
deposit, which stand on its page.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.audit.models import AuditEntry
from portal.database import Database
from portal.deposits.models import Deposit
from portal.matters.models import Matter
from portal.privacy.models import AuditAbout, AuditFollower

_NAME: Final = "about"
_BATCH: Final = 1000
_THINGS: Final[dict[str, type[Deposit | Matter]]] = {"deposit": Deposit, "matter": Matter}
#: A deposit's steps by the worker: thousands a second in a batch, and never news to its owner.
_ROUTINE: Final = frozenset(
    {"deposit.timestamped", "deposit.anchored", "deposit.followed", "deposit.issued"}
    | {"deposit.cut", "deposit.spread", "deposit.reread"}
)


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
    rows = list(_owned(session, entries))
    if rows:
        session.execute(insert(AuditAbout), rows)
    return len(entries)


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


def _owned(session: Session, entries: Iterable[AuditEntry]) -> Iterable[dict[str, str | int]]:
    about = [(each, *each.subject.partition(":")[::2]) for each in entries]
    for kind, model in _THINGS.items():
        mine = [
            (entry, key) for entry, of, key in about if of == kind and entry.action not in _ROUTINE
        ]
        query = select(model.id, model.organisation_id, model.owner_id)
        rows = session.execute(query.where(model.id.in_({key for _, key in mine})))
        owners = {row.id: row.organisation_id or row.owner_id for row in rows}
        for entry, key in mine:
            owner = owners.get(key)
            if owner is not None and owner != entry.actor_id:
                yield {"owner": owner, "seq": entry.seq}
