"""The clock of a matter (公证法 30): when it was set going, when it stood, and what is left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import Act, record_many
from portal.desk.calendar import PERIOD, Span, WorkingDays
from portal.matters.models import Matter, MatterPause, MatterState, OfficeDay


@dataclass(frozen=True, slots=True)
class Clock:
    """Days of the office's zone. ``left``: working days from today to ``due_on``, negative when it
    is over; while the clock stands, those it would still have. Both None before acceptance."""

    started_on: date | None
    due_on: date | None
    used: int
    left: int | None
    paused: bool

    @property
    def overdue(self) -> bool:
        return self.left is not None and self.left < 0

    @property
    def share(self) -> float:
        """Of the period that is used up, 0 to 1."""
        return min(1.0, self.used / PERIOD)


def working_days(session: Session) -> WorkingDays:
    """The office's calendar as it stands."""
    rows = session.execute(select(OfficeDay.day, OfficeDay.working))
    return WorkingDays({row.day: row.working for row in rows})


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The office's date at that moment."""
    return moment.astimezone(zone).date()


def spans(pauses: Iterable[MatterPause], zone: ZoneInfo) -> list[Span]:
    """The days on which the clock stood."""
    return [
        Span(day_of(each.begun_at, zone), day_of(each.ended_at, zone) if each.ended_at else None)
        for each in pauses
    ]


def clock_of(
    accepted_at: datetime | None,
    ended_at: datetime | None,
    pauses: Iterable[Span],
    days: WorkingDays,
    now: datetime,
    zone: ZoneInfo,
) -> Clock:
    """How the clock stands now, or stood when the matter ended."""
    if accepted_at is None:
        return Clock(None, None, 0, None, paused=False)
    stood, start = list(pauses), day_of(accepted_at, zone)
    until = day_of(ended_at or now, zone)
    used = days.counted(start, until, stood)
    due = days.due(start, PERIOD, stood)
    left = PERIOD - used if due is None else days.left(due, until)
    return Clock(start, due, used, left, paused=due is None and ended_at is None)


def due_of(session: Session, matter: Matter, days: WorkingDays, zone: ZoneInfo) -> date | None:
    """The last day of an accepted matter as its pauses are now; None while one is open."""
    if matter.accepted_at is None:
        return None
    query = select(MatterPause).where(MatterPause.matter_id == matter.id)
    return days.due(day_of(matter.accepted_at, zone), PERIOD, spans(session.scalars(query), zone))


def moved(session: Session, zone: ZoneInfo) -> dict[str, date | None]:
    """Matters whose last day is another than the calendar and their pauses give, with that day."""
    days, pauses = working_days(session), _pauses_of_running(session)
    query = select(Matter.id, Matter.accepted_at, Matter.due_on).where(
        Matter.state == MatterState.ACCEPTED
    )
    found = {}
    for matter_id, accepted_at, due_on in session.execute(query):
        if accepted_at is None:
            continue
        stood = spans(pauses.get(matter_id, ()), zone)
        due = days.due(day_of(accepted_at, zone), PERIOD, stood)
        if due != due_on:
            found[matter_id] = due
    return found


def recount(session: Session, actor: Actor, zone: ZoneInfo) -> int:
    """Set the last days of all matters whose clock runs anew, after the calendar changed; how many
    moved. Idempotent."""
    acts = []
    for matter_id in sorted(moved(session, zone)):
        matter = session.scalar(select(Matter).where(Matter.id == matter_id).with_for_update())
        if matter is None or matter.state != MatterState.ACCEPTED:
            continue
        before, matter.due_on = matter.due_on, due_of(session, matter, working_days(session), zone)
        detail = {"before": _text(before), "now": _text(matter.due_on)}
        acts.append(Act(actor, "matter.due_moved", matter.subject, detail))
    session.flush()
    record_many(session, acts)
    return len(acts)


def _pauses_of_running(session: Session) -> dict[str, list[MatterPause]]:
    query = select(MatterPause).join(Matter).where(Matter.state == MatterState.ACCEPTED)
    found: dict[str, list[MatterPause]] = {}
    for each in session.scalars(query):
        found.setdefault(each.matter_id, []).append(each)
    return found


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
