"""What the wizard's fields hold, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from portal.draws.forms import counts_of, plan_of, typed, values_of
from portal.draws.list_views import layout_of, meanings_of
from portal.draws.shapes import Layout, Plan, PlanPool, PlanStage, PoolCount
from portal.problems import BadInput

ZONE = ZoneInfo("Asia/Shanghai")
_texts = st.text(st.characters(categories=("L", "N", "P")), max_size=20).map(str.strip)
_ids = st.from_regex(r"[A-Za-z0-9_-]{1,16}", fullmatch=True)
_minutes = st.integers(0, 10**6).map(
    lambda passed: datetime(2026, 11, 21, tzinfo=UTC) + timedelta(minutes=passed)
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    ids = draw(st.lists(_ids, min_size=1, max_size=4, unique=True))
    stage = st.builds(
        PlanStage,
        zh=_texts,
        pools=st.lists(st.sampled_from(ids), min_size=1, unique=True).map(tuple),
        winners=st.one_of(st.just("all"), st.integers(1, 10**9)),
        repeat=st.booleans(),
        unfilled=st.sampled_from(("refuse", "leave", "carry")),
    )
    return draw(
        st.builds(
            Plan,
            title_zh=_texts,
            organiser=_texts,
            rehearsal=st.booleans(),
            pools=st.just(tuple(PlanPool(each) for each in ids)),
            stages=st.lists(stage, min_size=1, max_size=4).map(tuple),
            threshold=st.one_of(st.none(), st.integers(2, 8)),
            public=st.sampled_from((("dice",), ("drand",), ("dice", "drand"))),
            draw_at=st.one_of(st.none(), _minutes),
            layout=st.one_of(st.none(), st.builds(Layout, id=_texts)),
        )
    )


def as_sent(plan: Plan) -> MultiDict[str, str]:
    """What a browser sends of the form filled with ``plan``."""
    values, sent = values_of(plan, ZONE), MultiDict[str, str]()
    for name, value in values.items():
        if isinstance(value, str):
            sent.add(name, value)
        elif value is True:
            sent.add(name, "1")
    for name in ("public", "void_reasons"):
        sent.setlist(name, values[name])
    for kind in ("pools", "stages"):
        for row, each in enumerate(values[kind]):
            for name, value in each.items():
                if value is not False:
                    sent.add(f"{kind}-{3 * row}-{name}", "1" if value is True else value)
    return sent


@given(plans())
def test_a_plan_comes_back_as_it_was(plan: Plan) -> None:
    assert plan_of(typed(as_sent(plan)), plan, ZONE) == plan


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stages-0-winners", "three"),
        ("stages-0-winners", "٣"),
        ("max_weight", "-1"),
        ("dice_minimum", "9" * 13),
        ("draw_at", "tomorrow"),
    ],
)
def test_what_is_no_number_or_time_names_its_field(field: str, value: str) -> None:
    sent = as_sent(Plan())
    sent[field] = value
    with pytest.raises(BadInput) as refused:
        plan_of(typed(sent), Plan(), ZONE)
    assert refused.value.field == field


def test_too_many_rows_are_refused() -> None:
    sent = as_sent(Plan())
    for row in range(70):
        sent[f"pools-{row}-id"] = f"P{row}"
    with pytest.raises(BadInput):
        typed(sent)


def test_an_empty_row_is_no_row_and_no_pools_are_all_of_them() -> None:
    sent = as_sent(Plan())
    for name, value in {"pools-9-id": "B", "stages-0-pools": "", "stages-9-winners": ""}.items():
        sent[name] = value
    plan = plan_of(typed(sent), Plan(), ZONE)
    assert len(plan.stages) == 1
    assert plan.stages[0].pools == ("A", "B")


def test_assumed_counts() -> None:
    sent = MultiDict({"count-A": "1,000", "weight-A": "3", "count-B": ""})
    assert counts_of(sent, ("A", "B")) == {"A": PoolCount(1000, 3000), "B": PoolCount(0, 0)}


def test_columns_and_their_meanings() -> None:
    names = ("编号", "姓名", "池")
    chosen = {"编号": "id", "姓名": "public", "池": "pool"}
    layout = layout_of(chosen, "text")
    assert layout == Layout("编号", ("姓名",), "池")
    assert meanings_of(layout, names) == chosen
    with pytest.raises(BadInput):
        layout_of(chosen | {"姓名": "pool"}, "text")
