"""Follows the custody log: what was issued gets a standing, what was erased loses it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from portal.audit.following import Follower
from portal.audit.models import AuditEntry
from portal.deposits.models import Deposit
from portal.vouching.models import VouchStanding

_PREFIX: Final = "deposit:"
#: What stands in the vault for good only once its letter is issued; nothing is erased before.
_KEPT: Final = "deposit.issued"
_GONE: Final = "erasure.done"


class Following(Follower):
    """Keeps ``vouch_standings``."""

    NAME = "vouching"

    def _take(self, session: Session, entries: Sequence[AuditEntry]) -> None:
        _begin(session, _of(entries, _KEPT))
        gone = _of(entries, _GONE)
        if gone:
            session.execute(delete(VouchStanding).where(VouchStanding.deposit_id.in_(gone)))


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
