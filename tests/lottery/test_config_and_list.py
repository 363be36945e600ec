"""Rules and lists that are refused, each by the name of the field, pool or stage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from lottery.config import Config
from lottery.errors import BadConfig, BadList
from lottery.listing import Listing
from tests.lottery.building import Plan, listing_of, stage

Change = Callable[[dict[str, Any]], Any]


def test_a_config_is_known_by_its_hash() -> None:
    config = Config.parse(Plan().config())
    assert config.hash == Config.parse(Plan().config()).hash
    assert config.hash != Config.parse(Plan(rehearsal=True).config()).hash
    assert config.others("notary") == ("organiser", "portal")
    assert config.place("portal") == 3


CONFIGS: dict[str, tuple[str, Change]] = {
    "draw": ("draw", lambda c: c.update(draw=c["draw"].upper())),
    "flag": ("rehearsal", lambda c: c.update(rehearsal=0)),
    "no title": ("title", lambda c: c.update(title={"en": " ", "zh": ""})),
    "control": ("organiser", lambda c: c.update(organiser="A\x00B")),
    "unknown": ("more", lambda c: c.update(more=1)),
    "missing": ("columns", lambda c: c.pop("columns")),
    "columns": ("columns", lambda c: c.update(columns=["a", "a"])),
    "pools": ("pools", lambda c: c.update(pools=c["pools"] * 2)),
    "no pools": ("pools", lambda c: c.update(pools=[])),
    "pool": ("stages[0].pools", lambda c: c["stages"][0].update(pools=["B"])),
    "pool twice": ("stages[0].pools", lambda c: c["stages"][0].update(pools=["A", "A"])),
    "winners": ("stages[0].winners", lambda c: c["stages"][0].update(winners=0)),
    "winners true": ("stages[0].winners", lambda c: c["stages"][0].update(winners=True)),
    "ranking": ("stages[0].alternates", lambda c: c["stages"][0].update(winners="all")),
    "unfilled": ("stages[0].unfilled", lambda c: c["stages"][0].update(unfilled="none")),
    "weight 0": ("max_weight", lambda c: c.update(max_weight=0)),
    "weight": ("max_weight", lambda c: c.update(max_weight=10_001)),
    "two parties": ("parties", lambda c: c["parties"].pop()),
    "no notary": ("parties", lambda c: c["parties"][1].update(role="public")),
    "same id": ("parties", lambda c: c["parties"][1].update(id="organiser")),
    "same key": ("parties", lambda c: c["parties"][1].update(key=c["parties"][0]["key"])),
    "same box": ("parties", lambda c: c["parties"][1].update(box=c["parties"][0]["box"])),
    "weak key": ("parties[1].key", lambda c: c["parties"][1].update(key="00" * 32)),
    "weak box": ("parties[1].box", lambda c: c["parties"][1].update(box="00" * 32)),
    "box": ("parties[1].box", lambda c: c["parties"][1].update(box="ff" * 32)),
    "threshold 1": ("threshold", lambda c: c.update(threshold=1)),
    "threshold": ("threshold", lambda c: c.update(threshold=3)),
    "no source": ("randomness.public", lambda c: c["randomness"].update(public=[])),
    "source": ("randomness.drand", lambda c: c["randomness"].update(public=["dice", "drand"])),
    "dice": ("randomness.dice.minimum", lambda c: c["randomness"].update(dice={"minimum": 49})),
    "time": ("schedule.draw_at", lambda c: c["schedule"].update(draw_at="2026-02-30T00:00:00.0Z")),
    "backwards": (
        "schedule.draw_at",
        lambda c: c["schedule"].update(draw_at="2026-11-01T00:00:00.000000Z"),
    ),
    "reasons": ("void_reasons", lambda c: c.update(void_reasons=[])),
    "reason": ("void_reasons", lambda c: c.update(void_reasons=["bad weather"])),
    "attempts": ("attempts", lambda c: c.update(attempts=3)),
    "sample": ("audit.sample", lambda c: c["audit"].update(sample=-1)),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_rules_that_no_draw_may_have(name: str) -> None:
    field, change = CONFIGS[name]
    document = Plan().config()
    change(document)
    with pytest.raises(BadConfig) as caught:
        Config.parse(document)
    assert caught.value.field == field


def test_rounds_for_each_attempt() -> None:
    for rounds in ([7200], [7200, 7200], [7300, 7200]):
        document = Plan(public=("drand",)).config()
        document["randomness"]["drand"]["rounds"] = rounds
        with pytest.raises(BadConfig, match="rounds"):
            Config.parse(document)


LISTS: dict[str, Change] = {
    "weights of zero": lambda d: d["pools"][0].update(weights=[[0, 12]]),
    "over the bound": lambda d: d["pools"][0].update(weights=[[2, 12]]),
    "not rising": lambda d: d["pools"][0].update(weights=[[1, 6], [1, 6]]),
    "no entries": lambda d: d["pools"][0].update(weights=[[1, 0]]),
    "true": lambda d: d["pools"][0].update(weights=[[True, 12]]),
    "empty pool": lambda d: d["pools"][0].update(end=0),
    "gap": lambda d: d["pools"][0].update(start=1),
    "another pool": lambda d: d["pools"][0].update(id="B"),
    "too short": lambda d: d.update(count=13),
    "tickets": lambda d: d.update(tickets=13),
    "duplicates": lambda d: d["duplicates"].update(found=2),
    "columns": lambda d: d["columns"].update(public=["id"]),
    "keys": lambda d: d.update(keys={"organiser": "11" * 32, "notary": "11" * 32}),
    "unknown": lambda d: d.update(more=1),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_that_the_rules_do_not_allow(name: str) -> None:
    document = Plan().listing()
    LISTS[name](document)
    with pytest.raises(BadList):
        Listing.parse(document, Config.parse(Plan().config()))


@pytest.mark.parametrize(
    ("stages", "right"),
    [
        ([stage(winners=12, alternates=0)], True),
        ([stage(winners=13, alternates=0)], False),
        ([stage(winners=13, unfilled="leave")], True),
        ([stage(winners=8), stage(winners=4)], True),
        ([stage(winners=8), stage(winners=5)], False),
        ([stage(winners=8), stage(winners=5, repeat=True)], True),
        ([stage(winners="all", alternates=0), stage(winners=1)], False),
        ([stage(winners="all", alternates=0), stage(winners=1, repeat=True)], True),
        ([stage(winners=14, unfilled="carry"), stage(winners=1, repeat=True)], True),
        ([stage(winners=14, unfilled="carry"), stage(winners=11, repeat=True)], False),
    ],
)
def test_more_places_than_entries(stages: list[dict[str, Any]], right: bool) -> None:
    if right:
        assert listing_of(Plan(stages=stages)).count == 12
    else:
        with pytest.raises(BadList, match="places"):
            listing_of(Plan(stages=stages))


def test_pools_that_overlap_are_judged_at_their_worst() -> None:
    pools = {"A": [(1, 5)], "B": [(1, 5)]}
    both = stage(("A", "B"), 3, 0)
    assert listing_of(Plan(pools=pools, stages=[both, stage(("A",), 2, 0)])).count == 10
    with pytest.raises(BadList, match="stage 2 has 3 places, but only 2"):
        listing_of(Plan(pools=pools, stages=[both, stage(("A",), 3, 0)]))
