"""What an archive volume is made of: the rows of its matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.certificates.models import Certificate
from portal.deposits.models import Deposit
from portal.matters.models import Matter
from portal.matters.shapes import Particulars
from timestamping.letter.clock import Clock


@dataclass(frozen=True)
class Shelf:
    """Everything that goes in: rows read in one session, and the clock of the office."""

    session: Session
    matter: Matter
    deposit: Deposit
    parties: Sequence[Particulars]
    certificates: Sequence[Certificate]
    custody: Sequence[AuditEntry]
    clock: Clock

    def name(self, user_id: str | None) -> str:
        user = self.session.get(User, user_id) if user_id else None
        return user.name if user is not None else ""

    def at(self, moment: datetime | None) -> str:
        return self.clock.full(moment) if moment is not None else ""

    def rows(self, table: type[Any], *order: Any) -> list[Any]:
        """The matter's rows of a table, in order."""
        query = select(table).where(table.matter_id == self.matter.id)
        return list(self.session.scalars(query.order_by(*order)))
