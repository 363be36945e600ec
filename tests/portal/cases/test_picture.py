"""The picture of a timeline: numbers that fit on the paper."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from portal.cases.picture import WIDTH, draw

_ZONE = ZoneInfo("Asia/Shanghai")
_START = datetime(2026, 1, 1, tzinfo=UTC)
_ORDER = ("received", "proof", "note")


def test_nothing_happened_nothing_drawn() -> None:
    assert draw([], _ORDER, _ZONE) is None


def test_one_moment_stands_in_the_middle() -> None:
    drawn = draw([(_START, "proof"), (_START, "proof")], _ORDER, _ZONE)
    assert drawn is not None
    (lane,) = drawn.lanes
    (dot,) = lane.dots
    assert (lane.kind, lane.count, dot.count) == ("proof", 2, 2)
    assert [tick.text for tick in drawn.ticks] == ["2026-01-01 08:00"]


def test_lanes_stand_in_the_order_given_and_times_from_left_to_right() -> None:
    events = [(_START + timedelta(days=day), kind) for day, kind in ((9, "note"), (0, "received"))]
    drawn = draw(events, _ORDER, _ZONE)
    assert drawn is not None
    assert [lane.kind for lane in drawn.lanes] == ["received", "note"]
    assert drawn.lanes[0].dots[0].x < drawn.lanes[1].dots[0].x
    assert (drawn.ticks[0].text, drawn.ticks[-1].text) == ("2026-01-01", "2026-01-10")


@given(
    st.lists(st.tuples(st.integers(0, 10**9), st.sampled_from(_ORDER)), min_size=1, max_size=200)
)
def test_every_event_is_counted_once_and_inside(events: list[tuple[int, str]]) -> None:
    moments = [(_START + timedelta(seconds=second), kind) for second, kind in events]
    drawn = draw(moments, _ORDER, _ZONE)
    assert drawn is not None
    assert sum(dot.count for lane in drawn.lanes for dot in lane.dots) == len(events)
    assert sum(lane.count for lane in drawn.lanes) == len(events)
    for lane in drawn.lanes:
        assert 0 < lane.y < drawn.axis < drawn.height
        places = [dot.x for dot in lane.dots]
        assert places == sorted(set(places))
        assert all(drawn.left <= dot.x - dot.radius for dot in lane.dots)
        assert all(dot.x + dot.radius <= drawn.right < WIDTH for dot in lane.dots)
