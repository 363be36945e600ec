"""Figures add up, whatever they are of."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from portal.audit.actor import Actor
from portal.desk.figures import OUTCOMES, Fact, figures
from portal.desk.pictures import stacks
from portal.desk.reasons import REFUSALS
from portal.desk.service import DeskService
from portal.matters.models import TEMPLATES
from tests.portal.deposits.conftest import MovableClock
from tests.portal.desk.conftest import Office

_FROM, _TO = date(2025, 11, 15), date(2026, 12, 31)
_STATES = ("submitted", "accepted", "issued", "archived", "refused", "withdrawn")


@st.composite
def _facts(draw: st.DrawFn) -> Fact:
    state = draw(st.sampled_from(_STATES))
    day = draw(st.dates(_FROM, _TO))
    decided = state in ("accepted", "issued", "archived") or (
        state != "submitted" and draw(st.booleans())
    )
    return Fact(
        number="MA",
        template=draw(st.sampled_from(TEMPLATES)),
        state=state,
        notary=draw(st.sampled_from(("", "李公证", "赵公证"))),
        submitted_on=day,
        accepted_on=day if decided else None,
        ended_on=day + timedelta(days=9) if state not in ("submitted", "accepted") else None,
        used=draw(st.integers(0, 40)) if decided else 0,
        overdue=decided and draw(st.booleans()),
        refusal=draw(st.sampled_from([each.code for each in REFUSALS]))
        if state == "refused"
        else "",
    )


@given(st.lists(_facts(), max_size=40))
def test_every_table_adds_up(facts: list[Fact]) -> None:
    found = figures(facts, _FROM, _TO)

    assert found.total == len(facts)
    for table in (found.states, found.templates, found.notaries):
        assert sum(table.values()) == found.total
    assert sum(month.total for month in found.months) == found.total
    assert len(found.months) == 14
    assert found.in_time + found.overdue == found.accepted <= found.total
    assert sum(found.refusals.values()) == found.states.get("refused", 0)
    issued = found.states.get("issued", 0) + found.states.get("archived", 0)
    assert sum(found.durations.buckets) == found.durations.count == issued
    assert sum(month.counts[OUTCOMES.index("issued")] for month in found.months) == issued


@given(st.lists(st.tuples(*[st.integers(0, 3000)] * 4), min_size=1, max_size=24))
def test_bars_are_as_high_as_what_they_count(rows: list[tuple[int, ...]]) -> None:
    picture = stacks(rows)

    for row, stack in zip(rows, picture.stacks, strict=True):
        assert stack.total == sum(row) == sum(piece.count for piece in stack.pieces)
        assert abs(picture.floor - stack.top - sum(p.height for p in stack.pieces)) < 0.1
        assert 0 < stack.top <= picture.floor
    assert picture.lines[-1].value >= max(sum(row) for row in rows)
    assert picture.lines[0].value == 0


def test_what_happened_is_what_is_counted(
    desk: DeskService, office: Office, li: Actor, zhao: Actor, accepted: str, clock: MovableClock
) -> None:
    desk.pause(li, accepted, "supplement", "等待")
    clock.forward(days=7)
    desk.resume(li, accepted)
    clock.forward(days=7)
    desk.refuse(li, accepted, "disputed", "当事人有争议")
    other = office.submitted()
    desk.take(zhao, other)
    today = desk.today
    since = today - timedelta(days=60)

    found = desk.statistics(li, since, today)
    (first, _) = desk.facts(li, since, today)

    assert (found.total, found.accepted, found.overdue) == (2, 1, 0)
    assert found.states == {"refused": 1, "submitted": 1}
    assert found.notaries == {"李公证": 1, "赵公证": 1}
    assert found.refusals == {"disputed": 1}
    # Two weeks, one of which the clock stood.
    assert (first.used, first.overdue) == (5, False)


def test_what_took_too_long_is_overdue(
    desk: DeskService, li: Actor, accepted: str, clock: MovableClock
) -> None:
    clock.forward(days=22)
    today = desk.today

    assert desk.statistics(li, today - timedelta(days=60), today).overdue == 1
    assert desk.queue(li).counts["overdue"] == 1
    assert desk.clock(li, accepted).overdue


def test_other_days_are_not_counted(desk: DeskService, li: Actor, accepted: str) -> None:
    today = desk.today

    assert desk.statistics(li, today - timedelta(days=60), today - timedelta(days=2)).total == 0
