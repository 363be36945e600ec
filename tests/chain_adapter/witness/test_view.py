"""The map: what nodes say of themselves is shown as said, and never more."""

from __future__ import annotations

from typing import Any

import pytest

from chain_adapter.witness import WitnessLedger
from tests.chain_adapter.records import make_entries
from tests.chain_adapter.witness.conftest import ORIGIN, Open
from tests.chain_adapter.witness.fakes import FakeNode


def status(**log: Any) -> dict[str, Any]:
    return {"node": "x", "logs": [{"origin": "else"}, {"origin": ORIGIN, **log}]}


@pytest.fixture
def ledger(open_watched: Open) -> WitnessLedger:
    opened = open_watched(need=4)
    opened.append(make_entries("seen", 3))
    return opened


def test_a_foreign_witness_shows_its_proven_height(ledger: WitnessLedger) -> None:
    for view in ledger.nodes():
        assert (view.reachable, view.size, view.claimed, view.trouble) == (True, 3, None, "")
        assert view.time is not None


def test_a_claimed_height_is_not_a_proven_one(ledger: WitnessLedger, nodes: list[FakeNode]) -> None:
    root = ledger._forest.tree(3).root().hex()
    nodes[0].status = status(size=3, root=root, block={"seq": 7, "sha256": "a" * 64})
    nodes[1].status = status(size=1_000_000, root="b" * 64, behind=True)
    nodes[2].status = status(size=2, root="c" * 64)
    nodes[3].stop()
    honest, boasting, forked, gone = ledger.nodes()
    assert (honest.claimed, honest.block, honest.trouble) == (3, (7, "a" * 64), "")
    assert (boasting.size, boasting.claimed, boasting.behind) == (3, 1_000_000, True)
    assert boasting.trouble == "says that it has seen 1000000 entries of 3"
    assert forked.trouble == "holds another tree of 2 entries"
    assert (gone.reachable, gone.size, gone.claimed) == (False, 3, None)
    assert "cannot be reached" in gone.trouble


@pytest.mark.parametrize(
    "said",
    [
        {},
        [],
        "x" * 300_000,
        {"logs": 3},
        {"logs": []},
        {"logs": [{"origin": ORIGIN}, {"origin": ORIGIN}]},
        status(size="3", root=3, block=[], refusals={}, behind=1),
        status(size=-1, root="z" * 64, block={"seq": "1", "sha256": 2}, refusals=[1, {}]),
        status(size=2**60, refusals=[{"time": 5, "code": ["x"], "detail": "y" * 9999}]),
    ],
)
def test_nonsense_is_shown_as_nothing(
    ledger: WitnessLedger, nodes: list[FakeNode], said: Any
) -> None:
    nodes[0].status = said
    view = ledger.nodes()[0]
    assert (view.reachable, view.size, view.claimed, view.block) == (True, 3, None, None)
    assert all(len(each.detail) <= 200 for each in view.refusals)


def test_a_nodes_own_refusals_are_its_own_words(
    ledger: WitnessLedger, nodes: list[FakeNode]
) -> None:
    said = [{"time": "2026-05-04T12:00:00Z", "code": "fork", "detail": f"{n}\n"} for n in range(30)]
    nodes[0].status = status(size=3, refusals=said)
    refusals = ledger.nodes()[0].refusals
    assert [each.detail for each in refusals] == [str(number) for number in range(10, 30)]
    assert refusals[0].time is not None
