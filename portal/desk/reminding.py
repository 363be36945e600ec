"""Reminders: shortly before a period ends, and once it is over. Each is sent once for a last day;
the custody log knows which were."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.models import AuditEntry
from portal.audit.service import record
from portal.desk import clock, mails
from portal.desk.calendar import WorkingDays
from portal.desk.kit import WORKER, Kit, handlers, notaries
from portal.matters.models import Matter, MatterState

#: Working days before the end.
AHEAD: Final = 3
_ACTION: Final = "matter.reminded"
_LETTERS: Final = {"soon": mails.SOON, "overdue": mails.OVERDUE}
#: Calendar days that surely hold so few working days: nothing due later need be looked at.
_HORIZON: Final = timedelta(days=60)


class Reminding:
    """For the worker's housekeeping."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._database = kit, kit.tools.database

    def run(self) -> int:
        """Count the last days anew (a change of the calendar may have crossed an acceptance), and
        remind whoever handles what is due; of how many matters."""
        with self._database.reading() as session:
            crossed = bool(clock.moved(session, self._kit.zone))
        if crossed:
            with self._database.transaction() as session:
                clock.recount(session, WORKER, self._kit.zone)
        query = select(Matter).where(
            Matter.state == MatterState.ACCEPTED, Matter.due_on <= self._kit.today + _HORIZON
        )
        with self._database.reading() as session:
            days = clock.working_days(session)
            found = [each.id for each in session.scalars(query) if self._due(session, each, days)]
        return sum(self._remind(matter_id) for matter_id in found)

    def _due(self, session: Session, matter: Matter, days: WorkingDays) -> str:
        """Which reminder is to be sent now, "" for none."""
        if matter.state != MatterState.ACCEPTED or matter.due_on is None:
            return ""
        left = days.left(matter.due_on, self._kit.today)
        what = "overdue" if left < 0 else "soon" if left <= AHEAD else ""
        return "" if _told(session, matter, what, matter.due_on) else what

    def _remind(self, matter_id: str) -> bool:
        with self._database.transaction() as session:
            matter = session.scalar(select(Matter).where(Matter.id == matter_id).with_for_update())
            days = clock.working_days(session)
            what = self._due(session, matter, days) if matter is not None else ""
            if not what or matter is None or matter.due_on is None:
                return False
            due, left = str(matter.due_on), days.left(matter.due_on, self._kit.today)
            record(session, WORKER, _ACTION, matter.subject, {"what": what, "due": due})
            self._kit.tell_office(
                session,
                matter,
                _concerned(session, matter),
                _LETTERS[what],
                due=due,
                days=str(left),
            )
            return True


def _told(session: Session, matter: Matter, what: str, due: date) -> bool:
    query = select(AuditEntry.detail).where(
        AuditEntry.subject == matter.subject, AuditEntry.action == _ACTION
    )
    known = (json.loads(each) for each in session.scalars(query))
    return any(each["what"] == what and each["due"] == str(due) for each in known)


def _concerned(session: Session, matter: Matter) -> list[str]:
    """Those it is assigned to; while it is nobody's, everybody's."""
    held = [each.notary_id for each in handlers(session, matter.id).values()]
    return held or [each.id for each in notaries(session)]
