"""What happened in a matter, as the custody log has it: who, in which role, when, from where."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.certificates.models import Certificate
from portal.desk.kit import Kit
from portal.matters import access
from portal.matters.models import MatterConflict

#: The newest entries shown of one matter.
MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log, oldest first. ``roles`` are codes; ``detail`` as it was recorded."""

    seq: int
    at: datetime
    who: str
    roles: tuple[str, ...]
    via: str
    action: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Away:
    """A notary who keeps away from the matter, and why."""

    notary: str
    reason: str
    at: datetime


def timeline(kit: Kit, actor: Actor, matter_id: str) -> list[Entry]:
    """The newest :data:`MOST` entries about a matter and its certificates, oldest first.

    Raises:
        NotFound: see :func:`portal.matters.access.seen_by_office`.
    """
    with kit.tools.database.reading() as session:
        matter = access.seen_by_office(session, actor, matter_id)
        certificates = select(Certificate.id).where(Certificate.matter_id == matter.id)
        subjects = [
            matter.subject,
            *(f"certificate:{each}" for each in session.scalars(certificates)),
        ]
        query = (
            select(AuditEntry)
            .where(AuditEntry.subject.in_(subjects))
            .order_by(AuditEntry.seq.desc())
            .limit(MOST)
        )
        return [_entry(each) for each in session.scalars(query)][::-1]


def kept_away(kit: Kit, actor: Actor, matter_id: str) -> list[Away]:
    """Who keeps away from a matter. Raises as :func:`timeline`."""
    with kit.tools.database.reading() as session:
        matter = access.seen_by_office(session, actor, matter_id)
        query = (
            select(User.name, MatterConflict.reason, MatterConflict.at)
            .join(User, User.id == MatterConflict.notary_id)
            .where(MatterConflict.matter_id == matter.id)
            .order_by(MatterConflict.at)
        )
        return [Away(*row) for row in session.execute(query)]


def _entry(row: AuditEntry) -> Entry:
    return Entry(
        row.seq,
        row.at,
        row.actor_name,
        tuple(row.roles.split()),
        row.via,
        row.action,
        json.loads(row.detail),
    )
