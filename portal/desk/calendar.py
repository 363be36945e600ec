"""Working days, and by which of them the office decides. Pure: dates in, dates out.

Monday to Friday are worked, unless the office's calendar says otherwise of a day (``overrides``:
date → is it worked; holidays, and weekends that are worked for them).

Periods are counted as 民法典 201 has it: the day on which one begins does not count. A day on which
the clock stood still at the day's end does not count either (公证法 30); so a pause takes away the
days from its first, inclusive, to the one on which it ends, exclusive.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Final

#: 公证法 30
PERIOD: Final = 15
_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5
Overrides = Mapping[date, bool]


@dataclass(frozen=True, slots=True)
class Span:
    """Days from ``first`` to before ``end``; ``end`` is None while the pause is open."""

    first: date
    end: date | None = None

    def holds(self, day: date) -> bool:
        return self.first <= day and (self.end is None or day < self.end)


class WorkingDays:
    """Many questions about one calendar, each answered in logarithmic time."""

    def __init__(self, overrides: Overrides | None = None) -> None:
        self._overrides = dict(overrides or {})
        # Days that differ from Monday to Friday, and how much they have added up to each.
        odd = [(day, works) for day, works in self._overrides.items() if works != _weekday(day)]
        self._odd = sorted(day for day, _ in odd)
        self._sums = [0, *accumulate(1 if self._overrides[day] else -1 for day in self._odd)]

    def works(self, day: date) -> bool:
        """Whether the office works on ``day``."""
        return self._overrides.get(day, _weekday(day))

    def between(self, after: date, until: date) -> int:
        """How many working days lie in (``after``, ``until``]; 0 when that is empty."""
        return self._to(until) - self._to(after) if until > after else 0

    def counted(self, start: date, until: date, pauses: Iterable[Span] = ()) -> int:
        """Days of a period begun on ``start`` that have been used up at the end of ``until``."""
        used = self.between(start, until)
        for first, end in _merged(pauses):
            begin = max(first, start + _DAY)
            last = until if end is None else min(end - _DAY, until)
            if last >= begin:
                used -= self.between(begin - _DAY, last)
        return used

    def due(self, start: date, days: int = PERIOD, pauses: Iterable[Span] = ()) -> date | None:
        """The last day of a period of ``days`` working days begun on ``start``; None while a pause
        is open, and for a day that no calendar knows.

        Raises:
            ValueError: ``days`` is not positive.
        """
        if days < 1:
            raise ValueError("a period has at least one day")
        stood = _merged(pauses)
        if any(end is None for _, end in stood):
            return None
        left = days
        for day in _from(start):
            if not any(first <= day and (end is None or day < end) for first, end in stood):
                left -= self.works(day)
            if not left:
                return day
        return None

    def left(self, due: date, today: date) -> int:
        """Working days from ``today`` to ``due``: 0 on the day itself, negative once it is over,
        also on the weekend right after it."""
        return -max(1, self.between(due, today)) if today > due else self.between(today, due)

    def _to(self, day: date) -> int:
        """Working days up to ``day``, from the beginning of time."""
        weeks, rest = divmod(day.toordinal(), 7)  # date.min, ordinal 1, is a Monday
        return weeks * 5 + min(rest, 5) + self._sums[bisect_right(self._odd, day)]


def working_days_between(after: date, until: date, overrides: Overrides | None = None) -> int:
    """How many working days lie in (``after``, ``until``]."""
    return WorkingDays(overrides).between(after, until)


def due_on(
    start: date,
    working_days: int = PERIOD,
    overrides: Overrides | None = None,
    pauses: Iterable[Span] = (),
) -> date | None:
    """See :meth:`WorkingDays.due`."""
    return WorkingDays(overrides).due(start, working_days, pauses)


def _weekday(day: date) -> bool:
    return day.weekday() < _SATURDAY


def _from(start: date) -> Iterator[date]:
    """The days after ``start``."""
    day = start
    while day < date.max:
        day += _DAY
        yield day


def _merged(pauses: Iterable[Span]) -> list[tuple[date, date | None]]:
    """The same days in spans that do not touch, the earliest first; empty ones are left out."""
    found: list[tuple[date, date | None]] = []
    for span in sorted(pauses, key=lambda each: each.first):
        if span.end is not None and span.end <= span.first:
            continue
        if found and (found[-1][1] is None or span.first <= found[-1][1]):
            first, end = found[-1]
            longer = None if end is None or span.end is None else max(end, span.end)
            found[-1] = (first, longer)
        else:
            found.append((span.first, span.end))
    return found
