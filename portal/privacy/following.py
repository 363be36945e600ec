"""Follows the custody log and notes whose thing each entry is about.

The log names things ("deposit:…", "matter:…"), people ask for what is theirs; with this index the
question is quick however long the log is. What a person did themselves, and what happened to their
account, is found in the log directly and not noted here; nor are the portal's own steps with a
deposit, which stand on its page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from portal.audit.following import Follower
from portal.audit.models import AuditEntry
from portal.deposits.models import Deposit
from portal.matters.models import Matter
from portal.privacy.models import AuditAbout

_THINGS: Final[dict[str, type[Deposit | Matter]]] = {"deposit": Deposit, "matter": Matter}
#: A deposit's steps by the worker: thousands a second in a batch, and never news to its owner.
_ROUTINE: Final = frozenset(
    {"deposit.timestamped", "deposit.anchored", "deposit.followed", "deposit.issued"}
    | {"deposit.cut", "deposit.spread", "deposit.reread"}
)


class Following(Follower):
    """Fills ``audit_about``."""

    NAME = "about"

    def _take(self, session: Session, entries: Sequence[AuditEntry]) -> None:
        rows = list(_owned(session, entries))
        if rows:
            session.execute(insert(AuditAbout), rows)


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
