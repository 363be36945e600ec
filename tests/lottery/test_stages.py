"""Stages: who may win where, checked against the verifier's own code and by plain counting."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lottery import stages, verifier
from lottery.config import Config
from lottery.errors import BadList
from lottery.listing import Listing
from lottery.stages import draw_all
from tests.effort import examples
from tests.lottery.building import Plan, stage

SEED = hashlib.sha256(b"seed").digest()


def results(**options: Any) -> list[stages.StageResult]:
    plan = Plan(**options)
    config = Config.parse(plan.config())
    return list(draw_all(config, Listing.parse(plan.listing(), config), SEED))


def test_winners_are_not_drawn_again_but_alternates_may_be() -> None:
    first, second = results(stages=[stage(winners=4, alternates=8), stage(winners=8, alternates=0)])
    assert sorted([*first.winners, *second.winners]) == list(range(12))
    assert set(first.alternates) == set(second.winners)


def test_who_may_win_again() -> None:
    first, second = results(
        stages=[stage(winners=10, alternates=0), stage(winners=12, alternates=0, repeat=True)]
    )
    assert len(set(first.winners) & set(second.winners)) == 10


def test_a_full_ranking_of_whoever_is_left() -> None:
    first, second = results(stages=[stage(winners=5), stage(winners="all", alternates=0)])
    assert (second.places, len(second.winners), second.unfilled) == (7, 7, 0)
    assert not set(first.winners) & set(second.winners)


def test_places_left_empty_and_carried_over() -> None:
    pools = {"A": [(1, 3)], "B": [(1, 9)]}
    for unfilled, more in (("leave", 0), ("carry", 2)):
        first, second = results(
            pools=pools,
            stages=[stage(("A",), 5, 1, unfilled=unfilled), stage(("B",), 4, 1)],
        )
        assert (first.places, len(first.winners), first.unfilled) == (5, 3, 2)
        assert (second.places, len(second.winners)) == (4 + more, 4 + more)


def test_priority_pools() -> None:
    first, second = results(
        pools={"VIP": [(1, 4)], "ALL": [(1, 8)]},
        stages=[stage(("VIP",), 2, 0), stage(("ALL", "VIP"), 9, 1)],
    )
    assert set(first.winners) <= set(range(4))
    assert len(set(second.winners) & set(range(4))) <= 2


def test_many_positions_are_not_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "LISTED", 4)
    body = results()[0].body()
    assert (body["winners"], body["winner_count"], body["alternate_count"]) == (None, 3, 2)


def test_fast_and_reference_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("numba")
    rules = [stage(("B", "A"), 40, 20), stage(("A",), "all", 0), stage(("B",), 9, 3, repeat=True)]
    options = {"pools": {"A": [(1, 50), (7, 30)], "B": [(3, 60)]}, "stages": rules}
    slow = results(**options)
    monkeypatch.setattr(stages, "_SMALL_TICKETS", 0)
    monkeypatch.setattr(stages, "_SMALL_PLACES", 0)
    assert results(**options) == slow


RUNS = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 6)), min_size=1, max_size=3).map(
    lambda pairs: sorted(dict(pairs).items())
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    pools = {name: draw(RUNS) for name in draw(st.sampled_from(["A", "AB", "ABC"]))}
    found = []
    for _ in range(draw(st.integers(1, 4))):
        names = draw(st.permutations(list(pools)))
        chosen = names[: draw(st.integers(1, len(names)))]
        winners = draw(st.just("all") | st.integers(1, 8))
        alternates = 0 if winners == "all" else draw(st.integers(0, 4))
        kind = draw(st.sampled_from(["leave", "carry", "refuse"]))
        found.append(stage(chosen, winners, alternates, repeat=draw(st.booleans()), unfilled=kind))
    return Plan(pools=pools, stages=found)


@settings(max_examples=examples(80), deadline=None)
@given(plans(), st.binary(min_size=32, max_size=32))
def test_the_verifier_draws_the_same(plan: Plan, seed: bytes) -> None:
    config = Config.parse(plan.config())
    try:
        listing = Listing.parse(plan.listing(), config)
    except BadList:
        return
    made = draw_all(config, listing, seed)
    judged = list(verifier.drawn_stages(config.document, listing.document, seed))
    assert [(each.places, each.winners, each.alternates, each.unfilled) for each in made] == [
        (each.places, each.winners, each.alternates, each.unfilled) for each in judged
    ]
    assert [each.positions_sha256 for each in made] == [each.digest for each in judged]
    for rules, result in zip(config.stages, made, strict=True):
        drawn = [*result.winners, *result.alternates]
        assert len(set(drawn)) == len(drawn)
        assert rules.unfilled != "refuse" or result.unfilled == 0
