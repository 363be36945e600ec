"""What pages show of the voucher check, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.vouching.judging import Fault
from portal.vouching.picking import Quota


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading that has ended. ``by``: "worker", or whoever asked."""

    at: datetime
    outcome: str
    faults: tuple[Fault, ...]
    trouble: str
    size: int
    milliseconds: int
    by: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How one deposit stands. ``waiting``: somebody asked and it is not read yet; ``readable``:
    there is content here to read, and not only a record to compare with."""

    deposit_id: str
    last: Reading | None
    waiting: bool
    readable: bool
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Alarm:
    """A deposit that no longer holds. ``settled_at``: an operator took note."""

    deposit_id: str
    number: str
    since: datetime
    settled_at: datetime | None
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """The readings of one day: all, and those that found something."""

    starts: datetime
    count: int
    tampered: int


@dataclass(frozen=True, slots=True)
class Overview:
    """``ages``: how much of everything was last read within each of ``limits`` days, and in the
    last place how much longer ago; the deposit itself does not count as a reading here:
    ``never``. ``days``: the last ones, oldest first."""

    at: datetime
    quota: Quota
    cycle: int
    limits: tuple[int, ...]
    ages: tuple[int, ...]
    never: int
    days: tuple[Day, ...]
    oldest: datetime | None
    waiting: int
    undecided: int
    alarms: tuple[Alarm, ...]

    @property
    def within(self) -> int:
        """How much was read again within the cycle."""
        counted = zip(self.limits, self.ages, strict=False)
        return sum(count for limit, count in counted if limit <= self.cycle)

    @property
    def share(self) -> float:
        return self.within / self.quota.everything if self.quota.everything else 0.0

    @property
    def open_alarms(self) -> int:
        return sum(each.settled_at is None for each in self.alarms)
