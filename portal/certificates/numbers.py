"""Numbers of certificates: year, office, serial, without gaps.

The serial is given out by one compare-and-swap in the very transaction that issues: whoever loses
rolls everything back, so that no number is ever given to nothing.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.certificates.models import CertificateNumber
from portal.database import Database

_OFFICE: Final = r"(?P<office>[A-Z0-9]{1,16})"
_PLAIN: Final = re.compile(
    rf"(?:NO\.?)?(?P<year>\d{{4}})-{_OFFICE}-(?P<serial>\d{{1,9}})", re.ASCII
)
#: as in Chinese: （2026）DEMO证字第000123号
_CHINESE: Final = re.compile(
    rf"\(?(?P<year>[0-9]{{4}})\)?{_OFFICE}证字第(?P<serial>[0-9]{{1,9}})号"
)


@dataclass(frozen=True, slots=True, order=True)
class Number:
    """One number; ``str()`` gives it as kept and recorded.

    >>> str(Number(2026, "DEMO", 123))
    '2026-DEMO-000123'
    """

    year: int
    office: str
    serial: int

    def __str__(self) -> str:
        return f"{self.year}-{self.office}-{self.serial:06d}"

    @property
    def zh(self) -> str:
        """As a Chinese certificate prints it."""
        return f"（{self.year}）{self.office}证字第{self.serial:06d}号"

    @property
    def en(self) -> str:
        return f"No. {self}"

    @classmethod
    def read(cls, text: str) -> Number | None:
        """However somebody typed it; None for what is no such number.

        >>> Number.read("（2026）demo证字第000123号") == Number.read(" no. 2026-demo-123 ")
        True
        """
        if len(text) > 100:
            return None
        folded = re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()
        folded = re.sub(r"[‐-―－]", "-", folded)
        found = _PLAIN.fullmatch(folded) or _CHINESE.fullmatch(folded)
        return cls(int(found["year"]), found["office"], int(found["serial"])) if found else None


def year_of(moment: datetime, zone: ZoneInfo) -> int:
    """The year a certificate of this moment is numbered in: that of the office's calendar."""
    return moment.astimezone(zone).year


def upcoming(database: Database, year: int, office: str) -> Number:
    """The number that the next certificate gets, unless somebody else's takes it first. Makes the
    year's counter when there is none, in a transaction of its own."""
    with database.reading() as session:
        counter = session.get(CertificateNumber, (year, office))
    if counter is None:
        _begin(database, year, office)
        return upcoming(database, year, office)
    return Number(year, office, counter.last + 1)


def expected(session: Session, year: int, office: str) -> Number:
    """As :func:`upcoming`, for showing alone: writes nothing."""
    counter = session.get(CertificateNumber, (year, office))
    return Number(year, office, (counter.last if counter else 0) + 1)


def take(session: Session, number: Number) -> bool:
    """Move the counter on to ``number``, when it stands right before it: the compare-and-swap. When
    it does not, the caller's transaction must not commit."""
    moved = session.execute(
        update(CertificateNumber)
        .where(
            CertificateNumber.year == number.year,
            CertificateNumber.office == number.office,
            CertificateNumber.last == number.serial - 1,
        )
        .values(last=number.serial)
        .execution_options(synchronize_session=False)
    )
    return bool(moved.rowcount == 1)  # type: ignore[attr-defined]


def given(session: Session) -> dict[tuple[int, str], int]:
    """How many numbers were given out, by year and office; for the register's sums."""
    rows = session.scalars(select(CertificateNumber))
    return {(row.year, row.office): row.last for row in rows if row.last}


def _begin(database: Database, year: int, office: str) -> None:
    try:
        with database.transaction() as session:
            session.add(CertificateNumber(year=year, office=office, last=0))
    except IntegrityError:  # somebody else began it a moment ago
        return
