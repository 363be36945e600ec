"""What stands beside each matter of the queue, asked for a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.desk import clock
from portal.desk.calendar import WorkingDays
from portal.desk.clock import Clock
from portal.desk.kit import FIRST, SECOND, Kit
from portal.matters.models import (
    Matter,
    MatterAssignment,
    MatterMaterial,
    MatterMessage,
    MatterParty,
    MatterPause,
)


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One matter. ``first`` and ``second``: names of whom it is assigned to. ``waits``: materials
    the applicant has still to hand in; ``pause``: why the clock stands, "" when it does not."""

    id: str
    number: str
    state: str
    template: str
    parties: tuple[str, ...]
    submitted_at: datetime
    ended_at: datetime | None
    clock: Clock
    first: str
    second: str
    second_needed: bool
    mine: bool
    unread: int
    waits: int
    pause: str


class Details:
    """What stands beside each matter, asked for a page at a time."""

    def __init__(self, session: Session, matters: Sequence[Matter], actor: Actor) -> None:
        self._session, self._matters, self._actor = session, matters, actor
        self._ids = [each.id for each in matters]

    def rows(self, kit: Kit, days: WorkingDays) -> list[QueueRow]:
        parties, people = self._parties(), self._people()
        unread, missing, pauses = self._unread(), self._missing(), self._pauses()
        return [
            QueueRow(
                id=each.id,
                number=each.number,
                state=each.state,
                template=each.template,
                parties=tuple(parties.get(each.id, ())),
                submitted_at=each.submitted_at or each.created_at,
                ended_at=each.ended_at,
                clock=clock.clock_of(
                    each.accepted_at,
                    each.ended_at,
                    clock.spans(pauses.get(each.id, ()), kit.zone),
                    days,
                    kit.now,
                    kit.zone,
                ),
                first=people.get((each.id, FIRST), ("", ""))[1],
                second=people.get((each.id, SECOND), ("", ""))[1],
                second_needed=each.second_needed,
                mine=any(
                    people.get((each.id, p), ("",))[0] == self._actor.id for p in (FIRST, SECOND)
                ),
                unread=unread.get(each.id, 0),
                waits=missing.get(each.id, 0),
                pause=next((p.reason for p in pauses.get(each.id, ()) if p.ended_at is None), ""),
            )
            for each in self._matters
        ]

    def _parties(self) -> dict[str, list[str]]:
        query = (
            select(MatterParty.matter_id, MatterParty.masked_name)
            .where(MatterParty.matter_id.in_(self._ids), MatterParty.role == "applicant")
            .order_by(MatterParty.place)
        )
        found: dict[str, list[str]] = {}
        for matter_id, name in self._session.execute(query):
            found.setdefault(matter_id, []).append(name)
        return found

    def _people(self) -> dict[tuple[str, str], tuple[str, str]]:
        query = (
            select(MatterAssignment.matter_id, MatterAssignment.part, User.id, User.name)
            .join(User, User.id == MatterAssignment.notary_id)
            .where(MatterAssignment.matter_id.in_(self._ids), MatterAssignment.ended_at.is_(None))
        )
        return {(m, part): (user, name) for m, part, user, name in self._session.execute(query)}

    def _unread(self) -> dict[str, int]:
        query = select(MatterMessage.matter_id, func.count()).where(
            MatterMessage.matter_id.in_(self._ids),
            MatterMessage.side == "applicant",
            MatterMessage.read_at.is_(None),
        )
        return dict(self._session.execute(query.group_by(MatterMessage.matter_id)).all())

    def _missing(self) -> dict[str, int]:
        query = select(MatterMaterial.matter_id, func.count()).where(
            MatterMaterial.matter_id.in_(self._ids), MatterMaterial.state == "missing"
        )
        return dict(self._session.execute(query.group_by(MatterMaterial.matter_id)).all())

    def _pauses(self) -> dict[str, list[MatterPause]]:
        query = select(MatterPause).where(MatterPause.matter_id.in_(self._ids))
        found: dict[str, list[MatterPause]] = {}
        for each in self._session.scalars(query.order_by(MatterPause.begun_at)):
            found.setdefault(each.matter_id, []).append(each)
        return found
