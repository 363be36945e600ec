"""All organisations at a glance, for operators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from portal.database import Database
from portal.organisations.models import Membership, Organisation

_LISTED: Final = 500


@dataclass(frozen=True, slots=True)
class Listed:
    name_zh: str
    name_en: str
    registration_number: str
    verified: bool
    members: int
    created_at: datetime


def all_organisations(database: Database) -> list[Listed]:
    """Newest first, at most some hundred."""
    members = (
        select(func.count()).where(Membership.organisation_id == Organisation.id).scalar_subquery()
    )
    query = select(Organisation, members).order_by(Organisation.created_at.desc()).limit(_LISTED)
    with database.reading() as session:
        return [
            Listed(
                row.name_zh,
                row.name_en,
                row.registration_number,
                row.state == "verified",
                count or 0,
                row.created_at,
            )
            for row, count in session.execute(query)
        ]
