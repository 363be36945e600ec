"""The log and four node programs, each a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import pytest

from chain_adapter import Denied, Entry, Receipt, Status, Trust, cosigners, verify
from chain_adapter.supplement import Supplement
from chain_adapter.witness import WitnessLedger
from tests.chain_adapter.witness.house import House, house
from tests.waiting import wait_for

pytestmark = pytest.mark.xdist_group("real-nodes")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house")) as made:
        made.open()
        yield made


@pytest.fixture
def ledger(running: House) -> WitnessLedger:
    opened = running.server.ledger
    assert isinstance(opened, WitnessLedger)
    return opened


def deposit(running: House) -> tuple[Entry, Supplement]:
    return running.platform.deposit(uuid4().hex)


def verified(running: House, ledger: WitnessLedger, entry: Entry, receipt: Receipt) -> str:
    key = running.platform.key
    trust = ledger.trust() | Trust(platforms={key.key_id: key.public})
    verdict = verify(entry, receipt, ledger.prove(receipt), trust)
    assert verdict.ok, verdict.failed
    return verdict.checks[-1].detail


def final_of(ledger: WitnessLedger, receipt: Receipt) -> Receipt:
    """By refreshing and nothing else."""

    def final() -> Receipt | None:
        found = ledger.refresh(receipt)
        return found if found.status is Status.FINAL else None

    return wait_for(final, "it is final")


def test_three_of_four_make_it_final(running: House, ledger: WitnessLedger) -> None:
    entry, beside = deposit(running)
    (receipt,) = ledger.append([entry], [beside])
    receipt = final_of(ledger, receipt)
    assert verified(running, ledger, entry, receipt).startswith("3 of 4: node-")
    assert ledger.supplements(receipt.position, receipt.position) == (beside,)


def test_one_down_is_no_matter(running: House, ledger: WitnessLedger) -> None:
    running.nodes[0].kill()
    try:
        entry, beside = deposit(running)
        receipt = final_of(ledger, ledger.append([entry], [beside])[0])
        names = cosigners(receipt.checkpoint, ledger.policy.quorum)
        assert names == ("node-b.example", "node-c.example", "node-d.example")
    finally:
        running.nodes[0].start()


def test_two_down_waits_says_for_whom_and_completes(running: House, ledger: WitnessLedger) -> None:
    entry, beside = deposit(running)
    for node in running.nodes[1:3]:
        node.kill()
    try:
        (receipt,) = ledger.append([entry], [beside])
        assert receipt.status is Status.INCLUDED
        assert ledger.awaited(receipt) == ("node-b.example", "node-c.example")
        assert ledger.refresh(receipt).status is Status.INCLUDED
    finally:
        for node in running.nodes[1:3]:
            node.start()
    final = final_of(ledger, receipt)
    assert final.status is Status.FINAL
    assert ledger.awaited(final) == ()
    verified(running, ledger, entry, final)


def test_what_nodes_would_refuse_is_not_recorded(running: House, ledger: WitnessLedger) -> None:
    """A token that is good, over something else."""
    good, beside = deposit(running)
    other, token = deposit(running)
    size = ledger.size()
    wrong = running.platform.key.sign(
        replace(good, id=uuid4().hex, token=other.token, signatures=())
    )
    with pytest.raises(Denied, match=r"4 of 4 deposit nodes refuse deposit:.*node-a\.example: "):
        ledger.append([good, wrong], [beside, token])
    assert ledger.size() == size
    assert ledger.lookup(good.key) is None
    assert {each.code for each in ledger.refusals()} >= {"entry"}
    (receipt,) = ledger.append([good], [beside])
    assert final_of(ledger, receipt).status is Status.FINAL


def test_one_after_another_is_the_same(running: House, ledger: WitnessLedger) -> None:
    relayed = running.open(mode="relay")
    try:
        entry, beside = deposit(running)
        (receipt,) = relayed.append([entry], [beside])
        receipt = final_of(relayed, receipt)
        assert verified(running, relayed, entry, receipt).startswith("3 of 4: ")
    finally:
        running.server.ledger = ledger


def test_the_map_shows_what_is_proven_and_what_is_said(
    running: House, ledger: WitnessLedger
) -> None:
    entry, beside = deposit(running)
    final_of(ledger, ledger.append([entry], [beside])[0])
    size = ledger.size()

    def all_there() -> bool:
        return {(view.size, view.claimed) for view in ledger.nodes()} == {(size, size)}

    wait_for(all_there, "the fourth, too, has what there is")
    views = ledger.nodes()
    assert [view.name for view in views] == [node.name for node in running.nodes]
    for view in views:
        assert (view.reachable, view.size, view.claimed) == (True, size, size)
        assert view.block is not None
        assert not view.behind
    running.nodes[3].kill()
    try:
        (gone,) = [view for view in ledger.nodes() if not view.reachable]
        assert gone.name == "node-d.example"
        assert gone.claimed is None
        assert gone.size > 0
        assert "cannot be reached" in gone.trouble
    finally:
        running.nodes[3].start()


def test_a_batch_is_final_together(running: House, ledger: WitnessLedger) -> None:
    entries, beside = zip(*[deposit(running) for _ in range(120)], strict=True)
    receipts = ledger.append(entries, beside)
    receipts = [final_of(ledger, each) for each in receipts]
    assert len({each.checkpoint for each in receipts}) == 1
    verified(running, ledger, entries[60], receipts[60])
