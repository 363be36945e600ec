"""What operators see: coverage and age of readings, alarms; and taking note of one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, case, func, select, update
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.deposits.models import Deposit
from portal.deposits.tools import Tools
from portal.problems import NotFound
from portal.vouching.judging import Fault
from portal.vouching.models import Outcome, Voucher, VouchStanding
from portal.vouching.picking import Picking
from portal.vouching.shapes import Alarm, Day, Overview, Reading

_DAYS: Final = 30
#: Alarms shown.
_MOST: Final = 100
_DAY: Final = timedelta(days=1)


class Overseeing:
    def __init__(self, tools: Tools, picking: Picking) -> None:
        self._tools, self._picking = tools, picking

    def overview(self) -> Overview:
        now, cycle = self._tools.clock(), self._tools.settings.vouch_days
        limits = _limits(cycle)
        with self._tools.database.reading() as session:
            ages = _ages(session, now, limits)
            return Overview(
                at=now,
                quota=self._picking.quota(session),
                cycle=cycle,
                limits=limits,
                ages=ages[:-1],
                never=ages[-1],
                days=_days(session, self._today(now)),
                oldest=session.scalar(select(func.min(VouchStanding.read_at))),
                waiting=_count(session, VouchStanding.asked_at.is_not(None)),
                undecided=_count(session, VouchStanding.trouble.is_not(None)),
                alarms=_alarms(session),
            )

    def alarms(self) -> int:
        """How many nobody has taken note of."""
        raised = and_(VouchStanding.alarmed_at.is_not(None), VouchStanding.settled_at.is_(None))
        with self._tools.database.reading() as session:
            return _count(session, raised)

    def settle(self, actor: Actor, deposit_id: str) -> None:
        """Take note of an alarm: the banner goes, the finding stays.

        Raises:
            NotFound: there is no such alarm.
        """
        with self._tools.database.transaction() as session:
            done = session.execute(
                update(VouchStanding)
                .where(VouchStanding.deposit_id == deposit_id)
                .where(VouchStanding.alarmed_at.is_not(None), VouchStanding.settled_at.is_(None))
                .values(settled_at=self._tools.clock(), settled_by=actor.id[:36])
                .execution_options(synchronize_session=False)
            )
            if not done.rowcount:  # type: ignore[attr-defined]
                raise NotFound("no_alarm", "There is no such alarm.")
            record(session, actor, "operator.alarm_noted", f"deposit:{deposit_id}")

    def _today(self, now: datetime) -> datetime:
        """The start of the day in the office's zone."""
        local = now.astimezone(self._tools.settings.zone)
        return local.replace(hour=0, minute=0, second=0, microsecond=0)


def reading_of(row: Voucher) -> Reading:
    """A stored voucher as a value."""
    told = json.loads(row.faults)
    unknown = row.outcome == Outcome.UNKNOWN
    return Reading(
        at=row.at,
        outcome=row.outcome,
        faults=() if unknown else tuple(Fault(**each) for each in told),
        trouble=told[0]["detail"] if unknown and told else "",
        size=row.size,
        milliseconds=row.milliseconds,
        by=row.by,
    )


def last_reading(session: Session, deposit_id: str, outcome: str | None = None) -> Voucher | None:
    query = select(Voucher).where(Voucher.deposit_id == deposit_id)
    if outcome is not None:
        query = query.where(Voucher.outcome == outcome)
    return session.scalar(query.order_by(Voucher.at.desc(), Voucher.id).limit(1))


def _limits(cycle: int) -> tuple[int, ...]:
    """Bounds of the ages that are counted together, in days; the cycle is one of them."""
    return tuple(sorted({1, 7, cycle or 30, 2 * (cycle or 30)}))


def _ages(session: Session, now: datetime, limits: Sequence[int]) -> tuple[int, ...]:
    """Counts by age of the last reading, then those older than all, then those never read."""
    bounds = [now - timedelta(days=each) for each in limits]
    checked, columns = VouchStanding.checked_at, []
    newer = None
    for bound in bounds:
        within = checked > bound if newer is None else and_(checked > bound, checked <= newer)
        columns.append(func.sum(case((within, 1), else_=0)))
        newer = bound
    columns.append(func.sum(case((checked <= bounds[-1], 1), else_=0)))
    columns.append(func.sum(case((checked.is_(None), 1), else_=0)))
    return tuple(int(each or 0) for each in session.execute(select(*columns)).one())


def _days(session: Session, today: datetime) -> tuple[Day, ...]:
    starts = [today - _DAY * back for back in range(_DAYS - 1, -1, -1)]
    found = []
    for start in starts:
        of_day = and_(Voucher.at >= start, Voucher.at < start + _DAY)
        bad = case((Voucher.outcome == Outcome.TAMPERED, 1), else_=0)
        query = select(func.count(), func.sum(bad)).where(of_day)
        count, tampered = session.execute(query).one()
        found.append(Day(start, count, int(tampered or 0)))
    return tuple(found)


def _alarms(session: Session) -> tuple[Alarm, ...]:
    query = (
        select(VouchStanding, Deposit.number)
        .join(Deposit, Deposit.id == VouchStanding.deposit_id)
        .where(VouchStanding.alarmed_at.is_not(None))
        .order_by(VouchStanding.settled_at.is_not(None), VouchStanding.alarmed_at.desc())
    )
    found = []
    for standing, number in session.execute(query.limit(_MOST)):
        row = last_reading(session, standing.deposit_id, Outcome.TAMPERED)
        faults = reading_of(row).faults if row is not None else ()
        key, since = standing.deposit_id, standing.alarmed_at or standing.read_at
        found.append(Alarm(key, number, since, standing.settled_at, faults))
    return tuple(found)


def _count(session: Session, criterion: object) -> int:
    query = select(func.count()).select_from(VouchStanding).where(criterion)  # type: ignore[arg-type]
    return session.scalar(query) or 0
