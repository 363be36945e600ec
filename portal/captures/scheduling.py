"""Captures that are made later, or again and again: each time is a capture of its own."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.captures import access
from portal.captures.asking import Asking, check_case
from portal.captures.kit import WORKER, Kit, actor_of, actor_text
from portal.captures.models import CaptureSchedule, ScheduleState
from portal.captures.wishes import Timing, Wish
from portal.deposits.access import check_depositing
from portal.problems import BadInput, Conflict, PortalError


class Scheduling:
    """Every method checks whose schedule it is."""

    def __init__(self, kit: Kit, asking: Asking) -> None:
        self._kit, self._tools, self._asking = kit, kit.tools, asking

    def create(self, actor: Actor, wish: Wish, timing: Timing) -> CaptureSchedule:
        """Plan captures of addresses.

        Raises:
            Forbidden: the actor only reads in the organisation they act for.
            BadInput: no addresses, or a time that has passed.
            Conflict: too many schedules, or the case cannot take it.
        """
        check_depositing(actor)
        now = self._tools.clock()
        if not wish.urls:
            raise BadInput(
                "addresses", "Give at least one address, one on each line.", field="urls"
            )
        if timing.first_at < now - timedelta(minutes=5):
            raise BadInput("first_at", "This time has passed already.", field="first_at")
        made = CaptureSchedule(
            owner_id=actor.id,
            organisation_id=actor.organisation or None,
            actor=actor_text(actor),
            every=timing.every,
            state=ScheduleState.ACTIVE,
            first_at=timing.first_at,
            next_at=timing.first_at,
            until=timing.until,
            created_at=now,
            **wish.columns(),
        )
        with self._tools.database.transaction() as session:
            mine = select(func.count()).select_from(CaptureSchedule)
            mine = mine.where(CaptureSchedule.owner_id == actor.id)
            active = session.scalar(mine.where(CaptureSchedule.state == ScheduleState.ACTIVE)) or 0
            if active >= self._tools.settings.capture_schedules:
                message = "At most %(limit)s schedules can be active at once; stop one first."
                limit = self._tools.settings.capture_schedules
                raise Conflict("schedules_many", message, limit=limit)
            check_case(session, actor, wish.case_id)
            session.add(made)
            session.flush()
            detail: dict[str, str | int] = {"every": timing.every, "addresses": len(wish.urls)}
            record(session, actor, "capture.scheduled", made.subject, detail)
        return made

    def listing(self, actor: Actor) -> Sequence[CaptureSchedule]:
        """Of whom the actor acts for, the active ones first."""
        query = (
            select(CaptureSchedule)
            .where(access.listed(actor, CaptureSchedule))
            .order_by(CaptureSchedule.state, CaptureSchedule.created_at.desc())
            .limit(50)
        )
        with self._tools.database.reading() as session:
            return session.scalars(query).all()

    def stop(self, actor: Actor, schedule_id: str) -> None:
        """No further captures. Stopping what is over does nothing."""
        with self._tools.database.transaction() as session:
            found = access.schedule(session, actor, schedule_id)
            if found.state != ScheduleState.ACTIVE:
                return
            found.state, found.next_at = ScheduleState.STOPPED, None
            record(session, actor, "capture.schedule_stopped", found.subject)

    # -- The worker's side --------------------------------------------------------------------

    def advance(self) -> int:
        """Ask for every capture that is due; how many there were. Times that were missed while
        nothing ran are made good by one capture, not by many."""
        now = self._tools.clock()
        query = select(CaptureSchedule).where(
            CaptureSchedule.state == ScheduleState.ACTIVE, CaptureSchedule.next_at <= now
        )
        with self._tools.database.reading() as session:
            due = session.scalars(query.order_by(CaptureSchedule.next_at).limit(50)).all()
        return sum(self._one(each, now) for each in due)

    def _one(self, schedule: CaptureSchedule, now: datetime) -> bool:
        """The time is taken first: a kill afterwards costs one capture and never makes two."""
        due = schedule.next_at
        following = next_time(schedule, now, self._tools.settings.zone)
        with self._tools.database.transaction() as session:
            taken = session.execute(
                update(CaptureSchedule)
                .where(CaptureSchedule.id == schedule.id, CaptureSchedule.next_at == due)
                .where(CaptureSchedule.state == ScheduleState.ACTIVE)
                .values(
                    next_at=following,
                    state=ScheduleState.ACTIVE if following else ScheduleState.DONE,
                )
                .execution_options(synchronize_session=False)
            )
            if not taken.rowcount:  # type: ignore[attr-defined]
                return False
        problem = self._ask(schedule)
        with self._tools.database.transaction() as session:
            row = session.get_one(CaptureSchedule, schedule.id)
            row.problem, row.made = problem, row.made + (not problem)
            if problem:
                detail = {"reason": problem[:300]}
                record(session, WORKER, "capture.schedule_failed", row.subject, detail)
        return True

    def _ask(self, schedule: CaptureSchedule) -> str:
        """Empty, or why there is no capture this time."""
        actor = actor_of(schedule.actor, self._kit)
        if actor is None:
            return "Who asked for it no longer belongs to the organisation."
        wish = Wish(
            title=schedule.title,
            purpose=schedule.purpose,
            urls=schedule.addresses,
            width=schedule.width,
            height=schedule.height,
            language=schedule.language,
            keyboard=schedule.keyboard,
            case_id=schedule.case_id,
            seal_itself=schedule.seal_itself,
        )
        try:
            self._asking.ask(actor, wish, schedule.id)
        except PortalError as error:
            return str(error)
        return ""


def next_time(schedule: CaptureSchedule, now: datetime, zone: ZoneInfo) -> datetime | None:
    """The first time after ``now``, or None when it is over. Days are the office's: what is due at
    nine stays due at nine when its clocks change."""
    if schedule.every == "once":
        return None
    first = schedule.first_at.astimezone(zone)
    step = 0
    if schedule.every == "hour":
        # Hours are counted in real time.
        hours = max(0, int((now - schedule.first_at) / timedelta(hours=1)))
        found = schedule.first_at + timedelta(hours=hours)
        while found <= now:
            found += timedelta(hours=1)
    else:
        step = _passed(schedule.every, first, now.astimezone(zone))
        found = _after(schedule.every, first, step)
        while found <= now:
            step += 1
            found = _after(schedule.every, first, step)
    return None if schedule.until is not None and found > schedule.until else found


def _passed(every: str, first: datetime, now: datetime) -> int:
    """How many steps lie between, or one fewer."""
    if every == "month":
        return max(0, (now.year - first.year) * 12 + now.month - first.month - 1)
    days = max(0, (now.date() - first.date()).days - 1)
    return days if every == "day" else days // 7


def _after(every: str, first: datetime, steps: int) -> datetime:
    """``steps`` days, weeks or months later at the same time of day; the 31st becomes the last day
    of a shorter month."""
    if every != "month":
        return first + timedelta(days=steps * (7 if every == "week" else 1))
    year, month = divmod(first.year * 12 + first.month - 1 + steps, 12)
    day = min(first.day, calendar.monthrange(year, month + 1)[1])
    return first.replace(year=year, month=month + 1, day=day)
