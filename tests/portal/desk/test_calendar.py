"""Working days against a reference that counts on its fingers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.desk.calendar import Span, WorkingDays, due_on, working_days_between

_DAY = timedelta(days=1)
_DAYS = st.dates(date(2024, 1, 1), date(2027, 12, 31))
_NEAR = st.dates(date(2026, 1, 1), date(2026, 6, 30))
_OVERRIDES = st.dictionaries(_NEAR, st.booleans(), max_size=40)
_ENDED = st.tuples(_NEAR, st.integers(0, 20)).map(lambda p: Span(p[0], p[0] + p[1] * _DAY))
_PAUSES = st.lists(_ENDED, max_size=4)


def _works(day: date, overrides: Mapping[date, bool]) -> bool:
    return overrides[day] if day in overrides else day.isoweekday() <= 5


def _slow(after: date, until: date, overrides: Mapping[date, bool]) -> int:
    count, day = 0, after
    while day < until:
        day += _DAY
        count += _works(day, overrides)
    return count


def _slow_due(
    start: date, days: int, overrides: Mapping[date, bool], pauses: Sequence[Span]
) -> date:
    day = start
    while days:
        day += _DAY
        stood = any(pause.holds(day) for pause in pauses)
        days -= _works(day, overrides) and not stood
    return day


@given(_DAYS, _DAYS, st.dictionaries(_DAYS, st.booleans(), max_size=60))
def test_days_between_are_those_of_the_reference(
    after: date, until: date, overrides: dict[date, bool]
) -> None:
    assert working_days_between(after, until, overrides) == _slow(after, until, overrides)


@given(_NEAR, st.integers(1, 30), _OVERRIDES, _PAUSES)
def test_the_last_day_is_that_of_the_reference(
    start: date, days: int, overrides: dict[date, bool], pauses: list[Span]
) -> None:
    due = due_on(start, days, overrides, pauses)

    assert due == _slow_due(start, days, overrides, pauses)
    assert WorkingDays(overrides).works(due)
    assert WorkingDays(overrides).counted(start, due, pauses) == days
    assert WorkingDays(overrides).counted(start, due - _DAY, pauses) == days - 1


@given(_NEAR, st.integers(0, 60), _OVERRIDES, _PAUSES)
def test_days_used_are_those_that_no_pause_holds(
    start: date, later: int, overrides: dict[date, bool], pauses: list[Span]
) -> None:
    until = start + later * _DAY
    days = [start + n * _DAY for n in range(1, later + 1)]
    wanted = sum(
        _works(day, overrides) and not any(pause.holds(day) for pause in pauses) for day in days
    )

    assert WorkingDays(overrides).counted(start, until, pauses) == wanted


@given(_NEAR, _OVERRIDES, _PAUSES, _NEAR, st.integers(0, 20))
def test_a_pause_never_brings_the_day_forward(
    start: date, overrides: dict[date, bool], pauses: list[Span], first: date, days: int
) -> None:
    before = due_on(start, overrides=overrides, pauses=pauses)
    after = due_on(start, overrides=overrides, pauses=[*pauses, Span(first, first + days * _DAY)])

    assert before is not None
    assert after is not None
    assert after >= before


@given(_DAYS, _DAYS, _OVERRIDES)
def test_days_left_are_negative_from_the_day_after(
    due: date, today: date, overrides: dict[date, bool]
) -> None:
    left = WorkingDays(overrides).left(due, today)

    if today <= due:
        assert left == _slow(today, due, overrides)
    else:
        assert left == -max(1, _slow(due, today, overrides))


def test_fifteen_days_of_a_plain_month() -> None:
    assert due_on(date(2026, 11, 2)) == date(2026, 11, 23)  # three weeks: the first is not counted


def test_the_national_day_and_the_weekend_worked_for_it() -> None:
    holidays = {date(2026, 10, day): False for day in range(1, 8)} | {date(2026, 10, 10): True}

    assert due_on(date(2026, 9, 30), 2, holidays) == date(2026, 10, 9)
    assert due_on(date(2026, 9, 30), 3, holidays) == date(2026, 10, 10)  # a Saturday


def test_a_pause_and_going_on_the_same_day_change_nothing() -> None:
    day = date(2026, 11, 4)

    assert due_on(date(2026, 11, 2), pauses=[Span(day, day)]) == date(2026, 11, 23)


def test_paused_on_the_last_day_and_resumed_later_ends_on_the_day_it_goes_on() -> None:
    pause = Span(date(2026, 11, 23), date(2026, 11, 26))

    assert due_on(date(2026, 11, 2), pauses=[pause]) == date(2026, 11, 26)


def test_there_is_no_last_day_while_a_pause_is_open() -> None:
    assert due_on(date(2026, 11, 2), pauses=[Span(date(2026, 11, 4))]) is None


def test_overlapping_pauses_count_once() -> None:
    pauses = [
        Span(date(2026, 11, 4), date(2026, 11, 6)),
        Span(date(2026, 11, 5), date(2026, 11, 9)),
    ]

    assert due_on(date(2026, 11, 2), pauses=pauses) == date(2026, 11, 26)


def test_a_period_has_days() -> None:
    with pytest.raises(ValueError, match="at least one"):
        due_on(date(2026, 11, 2), 0)


def test_the_end_of_all_calendars_is_no_endless_loop() -> None:
    assert due_on(date.max - _DAY) is None
