"""What the search index does not know yet, or never will, looked at deposit by deposit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.deposits.access import granted, listed
from portal.deposits.filters import DepositFilter, Owner
from portal.deposits.indexing import COLUMNS, deposits_named, documents_of, progress
from portal.deposits.models import Deposit
from portal.search import Hit, Query, haystack, matches

#: So many of the newest custody entries are looked through when the index is behind.
MOST_CHANGES: Final = 1000
#: So many deposits that others gave access to are looked through, the newest.
_MOST_SHARED: Final = 1000


@dataclass(frozen=True, slots=True)
class Tail:
    """``ids``: what the index says of these, of whoever, is not to be believed. ``hits``: the
    actor's among them that fit, and those only this way leads to. ``behind``: there may be more."""

    ids: frozenset[str] = frozenset()
    hits: tuple[Hit, ...] = ()
    behind: bool = False


def tail_of(session: Session, actor: Actor, wanted: DepositFilter, query: Query) -> Tail:
    """What others gave access to, when that is asked for; else what changed since."""
    if wanted.owner is Owner.SHARED:
        newest = Deposit.received_at.desc(), Deposit.id.desc()
        shared = select(Deposit).where(granted(actor)).order_by(*newest).limit(_MOST_SHARED)
        return Tail(hits=_fitting(session, shared, wanted, query))
    ids, behind = changed(session)
    mine = select(Deposit).where(Deposit.id.in_(ids), listed(actor))
    return Tail(frozenset(ids), _fitting(session, mine, wanted, query), behind)


def changed(session: Session) -> tuple[list[str], bool]:
    """Deposits changed since the index last followed, and whether there may be more."""
    newest = select(AuditEntry.subject).where(AuditEntry.seq > progress(session))
    subjects = session.scalars(newest.order_by(AuditEntry.seq.desc()).limit(MOST_CHANGES)).all()
    return deposits_named(subjects), len(subjects) == MOST_CHANGES


def _fitting(
    session: Session, rows: Select[Deposit], wanted: DepositFilter, query: Query
) -> tuple[Hit, ...]:
    documents = documents_of(session, session.scalars(rows.options(COLUMNS)).all())
    return tuple(
        Hit(each.key, each.order)
        for each in documents
        if wanted.span.first <= each.order.place < wanted.span.end
        and matches(query, haystack(each.tokens))
    )
