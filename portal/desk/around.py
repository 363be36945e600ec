"""What else concerns the office today: draws, keys that wear out, steps that wait or failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.certificates.models import ArchiveVolume, Certificate, NotaryKey
from portal.checks.models import Check
from portal.days import start_of
from portal.deposits.models import Deposit
from portal.deposits.overseeing import NEXT, Backlog, Overseeing
from portal.desk.kit import Kit
from portal.draws.coming import ComingDraw, coming
from portal.matters.models import OPEN, Matter
from portal.operators.resources import Expiry, expiries

#: A key or certificate that ends within this time is to be looked at.
AHEAD: Final = timedelta(days=30)
_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class EndingKey:
    """A notary's certificate that ends soon; ``days`` is negative once it is over."""

    notary_id: str
    notary: str
    holder: str
    ends: datetime
    days: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """A step of a matter that failed or waits. ``what``: "check", "certificate" or "volume";
    ``reason``: a deposit's code of waiting, ``detail``: a sentence of whoever failed."""

    matter_id: str
    number: str
    what: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Around:
    draws: tuple[ComingDraw, ...]
    keys: tuple[EndingKey, ...]
    certificates: tuple[Expiry, ...]
    troubles: tuple[Trouble, ...]
    backlog: tuple[Backlog, ...]

    @property
    def quiet(self) -> bool:
        """Whether there is nothing to look at."""
        return not (self.keys or self.certificates or self.troubles or self.backlog)


def around(kit: Kit) -> Around:
    """Everything of it now."""
    tools, now = kit.tools, kit.now
    begin = start_of(kit.today.isoformat(), kit.zone) or now
    waiting = Overseeing(tools).backlog()
    with tools.database.reading() as session:
        keys, troubles = _keys(session, now), _troubles(session)
    return Around(
        draws=coming(tools.database, begin, begin + timedelta(days=1)),
        keys=tuple(keys),
        certificates=tuple(each for each in expiries(tools.pki, tools.stamper, now) if each.soon),
        troubles=tuple(troubles),
        backlog=tuple(each for each in waiting if each.reason),
    )


def _keys(session: Session, now: datetime) -> list[EndingKey]:
    query = (
        select(NotaryKey, User.name)
        .join(User, User.id == NotaryKey.notary_id)
        .where(NotaryKey.removed_at.is_(None), NotaryKey.not_after < now + AHEAD)
        .order_by(NotaryKey.not_after)
        .limit(_MOST)
    )
    return [
        EndingKey(key.notary_id, name, key.holder, key.not_after, (key.not_after - now).days)
        for key, name in session.execute(query)
    ]


def _troubles(session: Session) -> list[Trouble]:
    matter = (Matter.id, Matter.number)
    checks = (
        select(*matter, Check.trouble)
        .join(Check, Check.matter_id == Matter.id)
        .where(Matter.state.in_(OPEN), Check.state == "failed")
        .order_by(Check.begun_at.desc())
    )
    volumes = (
        select(*matter, ArchiveVolume.trouble)
        .join(ArchiveVolume, ArchiveVolume.matter_id == Matter.id)
        .where(ArchiveVolume.state == "waiting", ArchiveVolume.trouble.is_not(None))
        .order_by(ArchiveVolume.asked_at)
    )
    deposits = (
        select(*matter, Deposit.wait_reason)
        .join(Certificate, Certificate.matter_id == Matter.id)
        .join(Deposit, Deposit.id == Certificate.deposit_id)
        .where(Deposit.state.in_(NEXT), Deposit.wait_reason.is_not(None))
        .order_by(Deposit.received_at)
    )
    found: dict[tuple[str, str], Trouble] = {}
    for row in session.execute(checks.limit(_MOST)):
        found.setdefault(("check", row[0]), Trouble(row[0], row[1], "check", "", row[2] or ""))
    for row in session.execute(deposits.limit(_MOST)):
        found.setdefault(
            ("deposit", row[0]), Trouble(row[0], row[1], "certificate", row[2] or "", "")
        )
    for row in session.execute(volumes.limit(_MOST)):
        found.setdefault(("volume", row[0]), Trouble(row[0], row[1], "volume", "", row[2] or ""))
    return list(found.values())
