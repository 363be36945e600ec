"""Receipts become final by the nodes' cosignatures, and by nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chain_adapter import Receipt, Result, Status, cosigners, open_ledger, verify
from chain_adapter.errors import Fatal
from chain_adapter.note import NoteSigner
from chain_adapter.witness import WitnessLedger
from tests.chain_adapter.records import check_log, make_entries, make_entry, trust_of
from tests.chain_adapter.witness import fakes
from tests.chain_adapter.witness.conftest import Open
from tests.chain_adapter.witness.fakes import Answer, FakeNode
from tests.waiting import wait_for


def final_of(ledger: WitnessLedger, key: str) -> Receipt:
    """The receipt as soon as it is final, by looking it up and nothing else."""

    def final() -> Receipt | None:
        receipt = ledger.lookup(key)
        assert receipt is not None
        return receipt if receipt.status is Status.FINAL else None

    return wait_for(final, f"{key} is final")


def codes(ledger: WitnessLedger) -> set[tuple[str, str]]:
    return {(each.node[:6], each.code) for each in ledger.refusals()}


def test_a_record_is_final_when_enough_nodes_cosigned(watched: WitnessLedger) -> None:
    entry = make_entry("watched")
    (receipt,) = watched.append([entry])
    assert (receipt.scheme, receipt.status) == ("witness", Status.FINAL)
    assert len(cosigners(receipt.checkpoint, watched.policy.quorum)) == 3
    assert verify(entry, receipt, watched.prove(receipt), trust_of(watched)).ok
    assert watched.awaited(receipt) == ()
    assert watched.lookup(entry.key) == receipt == watched.append([entry])[0]


def test_the_log_is_a_log_like_any_other(watched: WitnessLedger) -> None:
    for count in (1, 3, 300):
        watched.append(make_entries(f"batch-{count}", count))
    assert check_log(watched) == 304
    assert cosigners(watched.latest(), watched.policy.quorum)
    assert cosigners(watched.prove_at(2, 304).checkpoint, watched.policy.quorum)
    assert not watched.refusals()


def test_one_node_down_changes_nothing(watched: WitnessLedger, nodes: list[FakeNode]) -> None:
    nodes[1].stop()
    (receipt,) = watched.append([make_entry("three-left")])
    assert receipt.status is Status.FINAL
    assert "node-b.example" not in cosigners(receipt.checkpoint, watched.policy.quorum)


def test_two_nodes_down_is_pending_and_completes_when_they_return(
    watched: WitnessLedger, nodes: list[FakeNode]
) -> None:
    watched.append([make_entry("before")])
    for node in nodes[2:]:
        node.stop()
    entry = make_entry("waiting")
    (receipt,) = watched.append([entry])
    assert receipt.status is Status.INCLUDED
    assert watched.awaited(receipt) == ("node-c.example", "node-d.example")
    verdict = verify(entry, receipt, watched.prove(receipt), trust_of(watched))
    assert verdict.result is Result.PENDING
    assert watched.health().ok
    assert "node-c.example" in watched.health().detail
    assert watched.refresh(receipt).status is Status.INCLUDED
    nodes[2].start()
    final = final_of(watched, entry.key)
    assert final.status is Status.FINAL
    assert final.position == receipt.position
    assert verify(entry, final, watched.prove(final), trust_of(watched)).ok
    assert watched.awaited(final) == ()


@pytest.mark.parametrize("mode", ["fan-out", "relay"])
def test_a_node_that_was_away_is_brought_up(
    open_watched: Open, nodes: list[FakeNode], mode: str
) -> None:
    """Though nothing waits for it."""
    ledger = open_watched(mode=mode)
    assert ledger.spread() == ()
    nodes[3].stop()
    (receipt,) = ledger.append([make_entry("without-it")])
    assert ledger.spread() == ("node-d.example",)
    nodes[3].start()
    assert ledger.spread() == ()
    assert {node.size for node in nodes} == {1}
    assert ledger.refresh(receipt) == receipt
    assert len(cosigners(ledger.latest(), ledger.policy.quorum)) == 4


def test_what_waited_becomes_final_with_the_next_append(
    watched: WitnessLedger, nodes: list[FakeNode]
) -> None:
    for node in nodes[1:]:
        node.stop()
    waiting = watched.append(make_entries("waiting", 3))
    assert {each.status for each in waiting} == {Status.INCLUDED}
    for node in nodes[1:]:
        node.start()
    (later,) = watched.append([make_entry("later")])
    for receipt in waiting:
        assert watched.refresh(receipt).checkpoint == later.checkpoint


@pytest.mark.parametrize(
    ("behave", "code"),
    [
        (fakes.huge, "too_long"),
        (fakes.forging, "forged"),
        (fakes.forking, "forged"),
        (fakes.boasting, "ahead"),
        (fakes.wavering, "equivocates"),
        (fakes.babbling, "malformed"),
        (fakes.senseless, "malformed"),
        (lambda node, body: (422, b"a\x00b\n" * 999, "text/plain"), "refused"),
        (lambda node, body: (403, b"", "text/plain"), "refused"),
        (lambda node, body: (302, b"", "text/plain"), "refused"),
        (lambda node, body: (200, b"", "text/plain"), "malformed"),
    ],
)
def test_a_node_that_misbehaves_is_dropped_and_reported(
    watched: WitnessLedger,
    nodes: list[FakeNode],
    behave: Callable[[FakeNode, bytes], Answer],
    code: str,
) -> None:
    """Three good nodes are enough; without one of them the bad one is not taken for it."""
    watched.append([make_entry("before")])
    nodes[0].behave = behave
    nodes[3].stop()
    (receipt,) = watched.append([make_entry("after")])
    assert receipt.status is Status.INCLUDED
    assert watched.awaited(receipt) == ("node-a.example", "node-d.example")
    assert ("node-a", code) in codes(watched)
    assert all(len(each.detail) < 400 and each.detail.isprintable() for each in watched.refusals())
    nodes[3].start()
    assert final_of(watched, "deposit:after").status is Status.FINAL
    assert check_log(watched) == 2


@pytest.mark.parametrize(
    ("behave", "code"), [(fakes.twice, "duplicate"), (fakes.with_stranger, "unknown")]
)
def test_a_line_too_many_is_dropped_and_the_good_one_taken(
    open_watched: Open,
    nodes: list[FakeNode],
    behave: Callable[[FakeNode, bytes], Answer],
    code: str,
) -> None:
    nodes[0].behave = behave
    ledger = open_watched(need=4)
    (receipt,) = ledger.append([make_entry("one")])
    assert receipt.status is Status.FINAL
    assert ("node-a", code) in codes(ledger)
    assert len(cosigners(receipt.checkpoint, ledger.policy.quorum)) == 4
    assert "stranger" not in receipt.checkpoint


def test_a_node_that_never_answers_holds_up_nobody(
    watched: WitnessLedger, nodes: list[FakeNode]
) -> None:
    nodes[0].behave = fakes.silent
    for number in range(3):
        (receipt,) = watched.append([make_entry(f"quick-{number}")])
        assert receipt.status is Status.FINAL


def test_patience_ends_a_collection_and_late_lines_still_count(
    open_watched: Open, nodes: list[FakeNode]
) -> None:
    def slow(node: FakeNode, body: bytes) -> Answer | None:
        time.sleep(0.6)
        return None

    for node in nodes[1:]:
        node.behave = slow
    ledger = open_watched(patience=0.2)
    (receipt,) = ledger.append([make_entry("patient")])
    assert receipt.status is Status.INCLUDED
    # Nobody asks; the nodes answer by themselves.
    wait_for(lambda: ledger._sidecar.final(receipt.position), "the late lines are kept")
    assert ledger.refresh(receipt).status is Status.FINAL


def test_a_node_without_a_stamp_is_waited_for_and_not_reported(
    open_watched: Open, nodes: list[FakeNode]
) -> None:
    nodes[0].behave = fakes.busy
    ledger = open_watched(need=4)
    (receipt,) = ledger.append([make_entry("unstamped")])
    assert ledger.awaited(receipt) == ("node-a.example",)
    assert "no stamp can be had" in ledger.health().detail
    assert not ledger.refusals()


def test_a_node_set_back_is_reported_and_catches_up(
    open_watched: Open, nodes: list[FakeNode]
) -> None:
    ledger = open_watched(need=4)
    ledger.append(make_entries("first", 3))
    size, root = nodes[2].size, nodes[2].root
    ledger.append(make_entries("second", 4))
    nodes[2].size, nodes[2].root = size, root
    (receipt,) = ledger.append([make_entry("third")])
    assert receipt.status is Status.FINAL
    assert nodes[2].size == 8
    assert ("node-c", "rollback") in codes(ledger)


def test_a_node_that_has_seen_another_log_refuses_and_is_reported(
    watched: WitnessLedger, nodes: list[FakeNode]
) -> None:
    """As when our own log forked: its word against ours, kept."""
    watched.append(make_entries("ours", 2))
    nodes[0].size, nodes[0].root = 2, b"f" * 32
    watched.append([make_entry("more")])
    final_of(watched, "deposit:more")
    wait_for(lambda: ("node-a", "refused") in codes(watched), "its refusal is written down")


def test_many_threads_share_collections(watched: WitnessLedger, nodes: list[FakeNode]) -> None:
    entries = make_entries("thread", 48)
    with ThreadPoolExecutor(16) as pool:
        receipts = list(pool.map(lambda entry: watched.append([entry])[0], entries))
    assert {each.status for each in receipts} == {Status.FINAL}
    assert len(nodes[0].asked) < 48
    assert check_log(watched) == 48


def test_relaying_asks_one_after_another(open_watched: Open, nodes: list[FakeNode]) -> None:
    """Nodes that do not hand on are asked in turn, until enough are together."""
    ledger = open_watched(mode="relay", need=2)
    nodes[0].stop()
    (receipt,) = ledger.append([make_entry("relayed")])
    assert receipt.status is Status.FINAL
    names = cosigners(receipt.checkpoint, ledger.policy.quorum)
    assert names == ("node-b.example", "node-c.example")
    assert nodes[3].asked == []
    assert nodes[1].headers[0]["Notary-Relay"].startswith("need=2; until=1")


def test_lines_handed_on_count_as_those_of_their_nodes(
    open_watched: Open, nodes: list[FakeNode]
) -> None:
    def handing_on(node: FakeNode, body: bytes) -> Answer:
        answers = [each.witness(body) for each in (node, *nodes[1:])]
        return 200, b"".join(line for _, line, _ in answers), "text/plain"

    nodes[0].behave = handing_on
    ledger = open_watched(mode="relay")
    (receipt,) = ledger.append([make_entry("handed-on")])
    assert receipt.status is Status.FINAL
    # Just enough stand in the note, so that none can be turned into a stranger's unnoticed.
    assert len(cosigners(receipt.checkpoint, ledger.policy.quorum)) == 3
    assert len(cosigners(ledger.latest(), ledger.policy.quorum)) == 4
    assert [len(node.asked) for node in nodes] == [1, 0, 0, 0]


def test_records_from_before_the_nodes_are_final_as_they_are(
    folder: Path, open_watched: Open, nodes: list[FakeNode]
) -> None:
    with open_ledger(f"tlog:{folder}#origin=notary.example/ledger", base=folder) as plain:
        (old,) = plain.append([make_entry("old")])
    for node in nodes:
        node.stop()
    ledger = open_watched(since=1)
    found = ledger.lookup("deposit:old")
    assert found is not None
    assert (found.status, found.checkpoint) == (Status.FINAL, old.checkpoint)
    assert verify(make_entry("old"), found, ledger.prove(found), trust_of(ledger)).ok
    assert ledger.append([make_entry("new")])[0].status is Status.INCLUDED


def test_another_quorum_asks_again(open_watched: Open, nodes: list[FakeNode]) -> None:
    """What three cosigned is not what four must."""
    nodes[3].stop()
    first = open_watched()
    (receipt,) = first.append([make_entry("three")])
    second = open_watched(need=4)
    (pending,) = second.append([make_entry("three")])
    assert pending.status is Status.INCLUDED
    nodes[3].start()
    final = final_of(second, "deposit:three")
    assert len(cosigners(final.checkpoint, second.policy.quorum)) == 4
    assert first.refresh(receipt) == receipt


def test_a_ledger_that_is_its_own_node_is_refused(folder: Path, nodes: list[FakeNode]) -> None:
    with WitnessLedger(folder, fakes.policy_for(nodes), origin="x.example") as ledger:
        assert ledger.trust().quorums
    own = FakeNode(NoteSigner("x.example", nodes[0].signer._private))
    with pytest.raises(Fatal, match="of its own"):
        WitnessLedger(folder, fakes.policy_for([own], need=1), origin="x.example")
