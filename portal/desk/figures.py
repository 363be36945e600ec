"""The office's figures. Pure: matters in, numbers out.

Every table counts the same matters, those submitted in the time asked for, so that each of them
adds up to the same total.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import mean, median
from typing import Final

from portal.desk.calendar import PERIOD
from portal.desk.reasons import REFUSALS

#: How a month's matters stand now, in the order they are drawn.
OUTCOMES: Final = ("issued", "refused", "withdrawn", "open")
#: Upper bounds of durations that are counted together, in working days; the last has none.
BOUNDS: Final = (5, 10, PERIOD, None)
_ISSUED: Final = ("issued", "archived")


@dataclass(frozen=True, slots=True)
class Fact:
    """One matter. Dates are the office's; ``used``: working days that counted since acceptance;
    ``overdue``: it took, or has taken so far, longer than the law allows."""

    number: str
    template: str
    state: str
    notary: str
    submitted_on: date
    accepted_on: date | None
    ended_on: date | None
    used: int
    overdue: bool
    refusal: str

    @property
    def outcome(self) -> str:
        if self.state in _ISSUED:
            return "issued"
        return self.state if self.state in ("refused", "withdrawn") else "open"


@dataclass(frozen=True, slots=True)
class Month:
    """``counts`` by :data:`OUTCOMES`, of the matters submitted in it."""

    year: int
    month: int
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)

    @property
    def name(self) -> str:
        return f"{self.year}-{self.month:02d}"


@dataclass(frozen=True, slots=True)
class Durations:
    """Working days from acceptance to the certificate, pauses left out. ``buckets`` follow
    :data:`BOUNDS`; the rest is None when there is none to speak of."""

    count: int
    buckets: tuple[int, ...]
    middle: float | None
    average: float | None
    longest: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """Each mapping and each list of months adds up to ``total``; ``refusals`` to the refused;
    ``in_time`` and ``overdue`` to ``accepted``."""

    total: int
    accepted: int
    in_time: int
    overdue: int
    states: dict[str, int]
    templates: dict[str, int]
    notaries: dict[str, int]
    months: tuple[Month, ...]
    durations: Durations
    refusals: dict[str, int]

    @property
    def overdue_share(self) -> float:
        return self.overdue / self.accepted if self.accepted else 0.0


def figures(facts: Sequence[Fact], since: date, until: date) -> Figures:
    """What the facts add up to; months run from ``since`` to ``until``, those without any too."""
    accepted = [each for each in facts if each.accepted_on is not None]
    late = sum(each.overdue for each in accepted)
    refused = Counter(each.refusal for each in facts if each.state == "refused")
    return Figures(
        total=len(facts),
        accepted=len(accepted),
        in_time=len(accepted) - late,
        overdue=late,
        states=dict(Counter(each.state for each in facts).most_common()),
        templates=dict(Counter(each.template for each in facts).most_common()),
        notaries=dict(Counter(each.notary for each in facts).most_common()),
        months=tuple(_months(facts, since, until)),
        durations=_durations(accepted),
        refusals={each.code: refused[each.code] for each in REFUSALS if refused[each.code]},
    )


def _months(facts: Sequence[Fact], since: date, until: date) -> list[Month]:
    counted = Counter(
        (each.submitted_on.year, each.submitted_on.month, each.outcome) for each in facts
    )
    first, last = since.year * 12 + since.month - 1, until.year * 12 + until.month - 1
    return [
        Month(
            place // 12,
            place % 12 + 1,
            tuple(counted[place // 12, place % 12 + 1, outcome] for outcome in OUTCOMES),
        )
        for place in range(first, last + 1)
    ]


def _durations(accepted: Sequence[Fact]) -> Durations:
    days = [each.used for each in accepted if each.outcome == "issued"]
    buckets, low = [], -1
    for bound in BOUNDS:
        buckets.append(sum(low < used and (bound is None or used <= bound) for used in days))
        low = bound or low
    if not days:
        return Durations(0, tuple(buckets), None, None, None)
    return Durations(len(days), tuple(buckets), median(days), mean(days), max(days))
