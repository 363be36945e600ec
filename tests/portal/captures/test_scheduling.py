"""When scheduled captures are made, and what is missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from portal.audit.actor import Actor
from portal.captures.models import CaptureSchedule
from portal.captures.scheduling import next_time
from portal.captures.service import CaptureService, Timing, Wish
from portal.problems import BadInput, Conflict
from portal.services import Services
from tests.portal.captures.conftest import Clock, wish

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
URLS = ("https://a.example/",)


def listed(**more: object) -> Wish:
    return wish(start_url="", urls=URLS, **more)


def schedule(every: str, first: datetime, until: datetime | None = None) -> CaptureSchedule:
    return CaptureSchedule(every=every, first_at=first, until=until)


def test_each_due_time_makes_one_capture_and_missed_ones_one(
    captures: CaptureService, actor: Actor, clock: Clock
) -> None:
    first = clock() + timedelta(hours=1)
    made = captures.schedules.create(actor, listed(), Timing(first, "day"))
    assert captures.schedules.advance() == 0
    clock.forward(hours=2)
    assert captures.schedules.advance() == 1
    assert captures.schedules.advance() == 0
    clock.forward(days=5)  # nothing ran meanwhile
    assert captures.schedules.advance() == 1
    (found,) = captures.schedules.listing(actor)
    assert found.id == made.id
    assert (found.made, found.state) == (2, "active")
    assert found.next_at is not None
    assert timedelta() < found.next_at - clock() <= timedelta(days=1)
    rows, _ = captures.listing(actor, 1)
    assert [(row.schedule_id, row.addresses) for row in rows] == [(made.id, URLS)] * 2


def test_once_is_once_and_until_is_the_end(
    captures: CaptureService, actor: Actor, clock: Clock
) -> None:
    first = clock() + timedelta(minutes=1)
    captures.schedules.create(actor, listed(), Timing(first))
    until = first + timedelta(hours=1, minutes=30)
    captures.schedules.create(actor, listed(), Timing(first, "hour", until))
    for _ in range(5):
        clock.forward(hours=1)
        captures.schedules.advance()
    made = sorted(each.made for each in captures.schedules.listing(actor))
    assert made[0] == 1
    assert {each.state for each in captures.schedules.listing(actor)} == {"done"}


def test_a_time_that_could_not_be_kept_says_why(
    services: Services, captures: CaptureService, actor: Actor, clock: Clock
) -> None:
    captures.schedules.create(actor, listed(), Timing(clock() + timedelta(minutes=1), "day"))
    for _ in range(services.settings.capture_open):
        captures.ask(actor, wish())
    clock.forward(hours=1)
    captures.schedules.advance()
    (found,) = captures.schedules.listing(actor)
    assert found.made == 0
    assert "neither sealed nor discarded" in found.problem


def test_what_may_be_planned_is_bounded(
    services: Services, captures: CaptureService, actor: Actor, clock: Clock
) -> None:
    soon = clock() + timedelta(hours=1)
    with pytest.raises(BadInput):
        captures.schedules.create(actor, wish(), Timing(soon))
    with pytest.raises(BadInput):
        captures.schedules.create(actor, listed(), Timing(clock() - timedelta(hours=1)))
    with pytest.raises(BadInput):
        Timing(soon, "day", soon - timedelta(hours=1))
    for _ in range(services.settings.capture_schedules):
        captures.schedules.create(actor, listed(), Timing(soon, "day"))
    with pytest.raises(Conflict):
        captures.schedules.create(actor, listed(), Timing(soon, "day"))


def test_nine_stays_nine_when_clocks_change() -> None:
    first = datetime(2026, 3, 27, 9, 0, tzinfo=BERLIN)
    following = next_time(schedule("day", first), datetime(2026, 3, 29, 8, 0, tzinfo=UTC), BERLIN)
    assert following is not None
    assert following.astimezone(BERLIN).hour == 9
    assert following.astimezone(BERLIN).day == 30


def test_the_thirty_first_becomes_the_months_last_day() -> None:
    first = datetime(2026, 1, 31, 9, 0, tzinfo=SHANGHAI)
    days = []
    now = first
    for _ in range(3):
        found = next_time(schedule("month", first), now, SHANGHAI)
        assert found is not None
        days.append((found.month, found.day))
        now = found
    assert days == [(2, 28), (3, 31), (4, 30)]


@given(
    some.sampled_from(["hour", "day", "week", "month"]),
    some.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 (a zone is added)
    some.timedeltas(timedelta(), timedelta(days=900)),
)
def test_the_next_time_is_after_now_and_soon(
    every: str, first: datetime, passed: timedelta
) -> None:
    began = first.replace(tzinfo=UTC)
    now = began + passed
    found = next_time(schedule(every, began), now, SHANGHAI)
    assert found is not None
    longest = {"hour": 1 / 24, "day": 1, "week": 7, "month": 31}[every]
    assert now < found <= now + timedelta(days=longest, hours=1)
