"""What is read next: what somebody asked for, else what was read least recently.

Each day's share is the number of everything kept, divided by VOUCH_DAYS, so that in so many days
everything is read once; VOUCH_DAILY may make it smaller.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, func, or_, select, update
from sqlalchemy.orm import Session

from portal.database import Database
from portal.settings import Settings
from portal.vouching.models import VouchStanding

#: A reading that takes longer is begun anew by somebody else.
CLAIM: Final = timedelta(hours=2)
#: What could not be decided is tried again after this.
AGAIN: Final = timedelta(minutes=10)
_DAY: Final = timedelta(days=1)
_DAILY: Final = re.compile(r"([1-9][0-9]{0,8})(%?)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Quota:
    """``wanted`` a day to read everything in time, ``allowed`` a day as VOUCH_DAILY has it."""

    everything: int
    wanted: int
    allowed: int

    @property
    def daily(self) -> int:
        return min(self.wanted, self.allowed)

    @property
    def days(self) -> int:
        """In how many days everything is read at this pace."""
        return -(-self.everything // self.daily) if self.daily else 0


@dataclass(frozen=True, slots=True)
class Picked:
    """``asked_by``: whoever asked for it; empty when its turn came."""

    deposit_id: str
    asked_by: str


def quota(settings: Settings, everything: int) -> Quota:
    """Raises ValueError for a VOUCH_DAILY that makes no sense; the settings refuse it before."""
    if not settings.vouch_days:
        return Quota(everything, 0, 0)
    wanted = -(-everything // settings.vouch_days)
    return Quota(everything, wanted, most(settings.vouch_daily, everything, wanted))


def most(daily: str, everything: int, otherwise: int) -> int:
    """What VOUCH_DAILY allows: a number, or a share of everything (at least one).

    >>> most("5%", 30, 99), most("200", 30, 99), most("", 30, 99)
    (2, 200, 99)
    """
    if not daily:
        return otherwise
    found = _DAILY.fullmatch(daily)
    if found is None:
        raise ValueError("VOUCH_DAILY is a number, a share such as 5%, or empty")
    return -(-everything * int(found[1]) // 100) if found[2] else int(found[1])


class Picking:
    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database

    def take(self, now: datetime) -> Picked | None:
        """Take what is next into the caller's hand; None when nothing is due."""
        with self._database.reading() as session:
            row = _asked(session, now) or self._due(session, now)
        if row is None:
            return None
        free = or_(VouchStanding.claimed_until.is_(None), VouchStanding.claimed_until <= now)
        with self._database.transaction() as session:
            taken = session.execute(
                update(VouchStanding)
                .where(VouchStanding.deposit_id == row.deposit_id, free)
                .values(claimed_until=now + CLAIM)
                .execution_options(synchronize_session=False)
            )
        if not taken.rowcount:  # type: ignore[attr-defined]
            return None  # another worker was quicker; the next look finds the next one
        return Picked(row.deposit_id, (row.asked_by or "") if row.asked_at else "")

    def quota(self, session: Session) -> Quota:
        everything = session.scalar(select(func.count()).select_from(VouchStanding)) or 0
        return quota(self._settings, everything)

    def _due(self, session: Session, now: datetime) -> VouchStanding | None:
        done = session.scalar(select(func.count()).where(VouchStanding.checked_at > now - _DAY))
        if (done or 0) >= self.quota(session).daily:
            return None
        query = _free(now).where(VouchStanding.read_at <= now - _DAY)
        return session.scalar(query.order_by(VouchStanding.read_at).limit(1))


def _asked(session: Session, now: datetime) -> VouchStanding | None:
    query = _free(now).where(VouchStanding.asked_at.is_not(None))
    return session.scalar(query.order_by(VouchStanding.asked_at).limit(1))


def _free(now: datetime) -> Select[VouchStanding]:
    free = or_(VouchStanding.claimed_until.is_(None), VouchStanding.claimed_until <= now)
    return select(VouchStanding).where(free)
