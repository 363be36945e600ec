"""What may be told of deposits to those who follow them: no titles, no names."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.deposits.models import Deposit


@dataclass(frozen=True, slots=True)
class Told:
    """``organisation_id`` is empty for a person's own deposit."""

    id: str
    number: str
    kind: str
    sha256: str
    owner_id: str
    organisation_id: str


def told(session: Session, ids: Collection[str]) -> dict[str, Told]:
    """The deposits with these ids, by id; at most some thousands at once."""
    query = select(
        Deposit.id,
        Deposit.number,
        Deposit.kind,
        Deposit.sha256,
        Deposit.owner_id,
        Deposit.organisation_id,
    ).where(Deposit.id.in_(ids))
    return {
        row.id: Told(
            row.id, row.number, row.kind, row.sha256, row.owner_id, row.organisation_id or ""
        )
        for row in session.execute(query)
    }
