"""What nodes say of entries before they are recorded, and what is kept beside them."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from typing import Any

import pytest

from chain_adapter import Denied, Entry, InvalidEntry, NotFound, Status
from chain_adapter.supplement import Supplement
from tests.chain_adapter.records import PLATFORM, make_entries, make_entry
from tests.chain_adapter.witness.conftest import Open
from tests.chain_adapter.witness.fakes import FakeNode
from tests.waiting import wait_for

GOOD = {"ok": True}


def refusing(item: dict[str, Any]) -> dict[str, Any]:
    return {"ok": False, "step": 5, "code": "token", "detail": "the token is\x00 of another time"}


def with_token(name: str, token: bytes = b"token") -> tuple[Entry, Supplement]:
    entry = replace(make_entry(name), token=hashlib.sha256(token).digest(), signatures=())
    return PLATFORM.sign(entry), Supplement(token)


def test_what_the_quorum_cannot_take_is_not_recorded(
    open_watched: Open, nodes: list[FakeNode]
) -> None:
    ledger = open_watched(examine=True)
    for node in nodes[:2]:
        node.verdict = refusing
    with pytest.raises(Denied) as raised:
        ledger.append(make_entries("refused", 2))
    assert str(raised.value) == (
        "2 of 4 deposit nodes refuse deposit:refused-0: "
        "node-a.example: the token is of another time; "
        "node-b.example: the token is of another time"
    )
    assert ledger.size() == 0
    assert ledger.lookup("deposit:refused-0") is None
    assert {(each.node, each.code) for each in ledger.refusals()} == {
        ("node-a.example", "entry"),
        ("node-b.example", "entry"),
    }


def test_one_who_refuses_is_written_down_and_no_matter(
    open_watched: Open, nodes: list[FakeNode]
) -> None:
    ledger = open_watched(examine=True)
    nodes[2].verdict = refusing
    assert ledger.append([make_entry("taken")])[0].status is Status.FINAL
    wait_for(ledger.refusals, "its refusal is written down")  # nobody has waited for it
    (report,) = ledger.refusals()
    assert (report.node, report.code, report.count) == ("node-c.example", "entry", 1)


def test_one_who_never_answers_is_not_waited_for(open_watched: Open, nodes: list[FakeNode]) -> None:
    def sleepy(item: dict[str, Any]) -> dict[str, Any]:
        done.wait(20)
        woken.append(item)
        return GOOD

    done, woken = threading.Event(), list[Any]()
    for node in nodes:
        node.verdict = lambda item: GOOD
    nodes[1].verdict = sleepy
    ledger = open_watched(examine=True, patience=60.0)
    assert ledger.append([make_entry("quick")])[0].status is Status.FINAL
    assert not woken
    done.set()


@pytest.mark.parametrize(
    "verdict",
    [
        lambda item: {"ok": None},
        lambda item: "no",
        lambda item: {},
        lambda item: 1 / 0,
    ],
)
def test_silence_and_babble_are_no_refusals(
    open_watched: Open, nodes: list[FakeNode], verdict: Any
) -> None:
    ledger = open_watched(examine=True)
    for node in nodes:
        node.verdict = verdict
    assert ledger.append([make_entry("taken")])[0].status is Status.FINAL
    assert not ledger.refusals()


def test_what_is_recorded_is_asked_about_no_more(open_watched: Open, nodes: list[FakeNode]) -> None:
    ledger = open_watched(examine=True)
    entry = make_entry("early")
    (receipt,) = ledger.append([entry])
    for node in nodes:
        node.verdict = refusing
    assert ledger.append([entry]) == [receipt]


def test_long_batches_are_asked_about_in_parts(open_watched: Open, nodes: list[FakeNode]) -> None:
    seen: list[Any] = []

    def picky(item: dict[str, Any]) -> dict[str, Any]:
        seen.append(item)
        return refusing(item) if len(seen) == 291 else GOOD

    nodes[0].verdict = picky
    ledger = open_watched(examine=True, need=4)
    with pytest.raises(Denied, match="deposit:long-290"):
        ledger.append(make_entries("long", 300))
    assert len(seen) == 300
    assert nodes[0].asked == ["/examine", "/examine"]


def test_supplements_are_kept_and_given(open_watched: Open) -> None:
    ledger = open_watched()
    entry, beside = with_token("with")
    ledger.append([make_entry("without"), entry], [None, beside])
    assert ledger.supplements(0, 1) == (None, beside)
    assert ledger.supplements(1, 1) == (beside,)
    for first, last in ((0, 2), (2, 2), (1, 0), (-1, 0), (0, 256)):
        with pytest.raises(NotFound):
            ledger.supplements(first, last)
    assert open_watched().supplements(0, 1) == (None, beside)


def test_a_supplement_may_come_later_and_never_changes(open_watched: Open) -> None:
    """As when a log that was not watched before gets nodes: appending again completes it."""
    ledger = open_watched()
    entry, beside = with_token("later")
    (receipt,) = ledger.append([entry])
    assert ledger.supplements(0, 0) == (None,)
    assert ledger.append([entry], [beside]) == [receipt]
    assert ledger.supplements(0, 0) == (beside,)
    other, foreign = with_token("another", b"another token")
    with pytest.raises(InvalidEntry):
        ledger.append([entry], [foreign])
    ledger.append([other], [foreign])
    assert ledger.supplements(0, 1) == (beside, foreign)
