"""Step 13, the cosignatures of deposit nodes: each way it can fail, and no way around it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain_adapter import Entry, Outcome, Proof, Receipt, Result, Trust, Verdict, verify
from chain_adapter.errors import InvalidProof
from chain_adapter.note import Note, NoteSigner
from chain_adapter.quorum import Quorum, cosignatures, cosigners
from chain_adapter.tlog import TlogLedger
from chain_adapter.verification import kinds
from chain_adapter.verification.examination import Examination
from tests.chain_adapter.records import make_entries, make_entry, trust_of
from tests.chain_adapter.witness.signers import (
    NODES,
    NOON,
    cosigned,
    make_signer,
    quorum_of,
    vkey_of,
)
from tests.effort import examples

A, B, C, D = NODES
ORIGIN = "notary.example/ledger"


class Record(NamedTuple):
    entry: Entry
    receipt: Receipt
    proof: Proof
    trust: Trust

    def noted(self, note: str, scheme: str = "witness") -> Record:
        """The same record with ``note`` as the checkpoint of both receipt and proof."""
        receipt = replace(self.receipt, checkpoint=note, scheme=scheme)
        return self._replace(receipt=receipt, proof=replace(self.proof, checkpoint=note))

    def signed(self, *signers: NoteSigner, scheme: str = "witness") -> Record:
        return self.noted(cosigned(self.receipt.checkpoint, signers), scheme)

    def trusting(self, quorum: Quorum | None) -> Record:
        quorums = {} if quorum is None else {ORIGIN: quorum}
        return self._replace(trust=replace(self.trust, quorums=quorums))

    def verify(self) -> Verdict:
        return verify(*self)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """A record of a plain log, whose trust names four nodes of which three must cosign."""
    with TlogLedger(tmp_path_factory.mktemp("log") / "ledger", origin=ORIGIN) as ledger:
        ledger.append(make_entries("before", 4))
        entry = make_entry("watched")
        (receipt,) = ledger.append([entry])
        proof = ledger.prove_at(receipt.position, 5)
        plain = Record(entry, receipt, proof, trust_of(ledger))
        return plain.trusting(quorum_of(3))


def refused(record: Record) -> tuple[str, Result, Outcome, str]:
    verdict = record.verify()
    failed = verdict.failed
    assert failed is not None
    assert failed is verdict.checks[-1]
    return failed.code, verdict.result, failed.outcome, failed.detail


def test_enough_nodes_pass_and_are_named(record: Record) -> None:
    verdict = record.signed(A, C, D).verify()
    assert verdict.ok
    last = verdict.checks[-1]
    assert (last.number, last.code) == (13, "witness_quorum")
    assert last.detail == "3 of 4: node-a.example, node-c.example, node-d.example"
    assert record.signed(*NODES).verify().ok


def test_lines_of_strangers_are_ignored_and_never_counted(record: Record) -> None:
    stranger = make_signer("stranger.example")
    assert record.signed(A, stranger, C, D).verify().ok
    namesake = NoteSigner("node-b.example", make_signer("another.example")._private)
    assert refused(record.signed(A, C, namesake, stranger))[:2] == (
        "witness_quorum",
        Result.PENDING,
    )


def test_too_few_nodes_decide_nothing(record: Record) -> None:
    code, result, outcome, detail = refused(record.signed(A, B))
    assert (code, result, outcome) == ("witness_quorum", Result.PENDING, Outcome.UNKNOWN)
    assert detail == "2 of the 3 needed deposit nodes cosigned 5 entries"


def test_a_node_that_signs_twice_counts_for_nothing(record: Record) -> None:
    code, result, outcome, detail = refused(record.signed(A, B, B))
    assert (code, result, outcome) == ("witness_quorum", Result.TAMPERED, Outcome.FAIL)
    assert "node-b.example stands 2 times" in detail


def test_a_forged_line_of_a_listed_node_is_tampering(record: Record) -> None:
    note = Note.parse(record.signed(*NODES).receipt.checkpoint)
    last = note.signatures[-1]
    forged = replace(last, value=last.value[:-1] + bytes([last.value[-1] ^ 1]))
    changed = record.noted(Note(note.text, (*note.signatures[:-1], forged)).encode())
    code, result, _, detail = refused(changed)
    assert (code, result) == ("witness_quorum", Result.TAMPERED)
    assert "node-d.example" in detail


def test_a_line_under_another_tree_is_tampering(record: Record) -> None:
    other = Note.parse(cosigned(f"{ORIGIN}\n4\n{'A' * 43}=\n\n" + "\u2014 x AAAAAAAA\n", [B]))
    note = Note.parse(record.signed(A, C).receipt.checkpoint)
    moved = Note(note.text, (*note.signatures, other.signatures[-1])).encode()
    assert refused(record.noted(moved))[1] is Result.TAMPERED


def test_a_malformed_line_of_a_listed_node_is_tampering(record: Record) -> None:
    note = Note.parse(record.signed(A, B, C).receipt.checkpoint)
    last = note.signatures[-1]
    short = Note(note.text, (*note.signatures[:-1], replace(last, value=last.value[:-1])))
    assert refused(record.noted(short.encode()))[:2] == ("witness_quorum", Result.TAMPERED)


def test_a_witness_receipt_without_known_nodes_is_by_untrusted_keys(record: Record) -> None:
    code, result, outcome, _ = refused(record.signed(A, B, C).trusting(None))
    assert (code, result, outcome) == ("witness_quorum", Result.UNTRUSTED_KEY, Outcome.UNKNOWN)


@pytest.mark.parametrize("scheme", ["tlog", "witness", "evm", "toy", ""])
def test_no_receipt_talks_its_way_out_of_the_quorum(record: Record, scheme: str) -> None:
    """A ledger whose nodes are known is judged by them, whatever the receipt calls itself."""
    code, result, *_ = refused(record.signed(A, scheme=scheme))
    if scheme in ("tlog", "witness"):
        assert (code, result) == ("witness_quorum", Result.PENDING)
    else:
        assert (code, result) == ("ledger_trusted", Result.TAMPERED)


def test_a_plug_in_does_not_judge_a_ledger_with_known_nodes(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed verifier that finds everything good is not even asked."""

    class Lenient(Examination):
        schemes = ("lenient",)
        proof_type = Proof

    monkeypatch.setattr(kinds, "_installed", lambda scheme: Lenient)
    lenient = record.signed(scheme="lenient")
    assert lenient.trusting(None).verify().ok
    assert refused(lenient)[:2] == ("ledger_trusted", Result.TAMPERED)


def test_a_log_without_nodes_is_not_asked(record: Record) -> None:
    verdict = record.signed(scheme="tlog").trusting(None).verify()
    assert verdict.ok
    assert [check.number for check in verdict.checks] == list(range(1, 13))


def test_receipt_and_proof_are_both_asked(record: Record) -> None:
    good, plain = record.signed(A, B, C), record.signed()
    for half in (good._replace(receipt=plain.receipt), good._replace(proof=plain.proof)):
        assert refused(half)[:2] == ("witness_quorum", Result.PENDING)


def test_trees_from_before_the_nodes_need_none(record: Record) -> None:
    plain = record.signed(scheme="tlog")
    assert plain.trusting(quorum_of(3, since=5)).verify().ok
    assert refused(plain.trusting(quorum_of(3, since=4)))[0] == "witness_quorum"


def test_who_cosigned_and_when(record: Record) -> None:
    note = record.signed(D, A).receipt.checkpoint
    quorum = quorum_of(2)
    assert cosigners(note, quorum) == ("node-a.example", "node-d.example")
    assert {each.time for each in cosignatures(note, quorum)} == {NOON}
    assert cosigners(record.receipt.checkpoint, quorum) == ()


@pytest.mark.parametrize(
    ("need", "nodes", "since", "reason"),
    [
        (0, NODES, 0, "no quorum"),
        (5, NODES, 0, "no quorum"),
        (1, (), 0, "no quorum"),
        (1, (A, A), 0, "twice"),
        (1, (A, NoteSigner("alias.example", A._private)), 0, "twice"),
        (1, (A, NoteSigner(A.verifier.name, B._private)), 0, "twice"),
        (1, (A,), -1, "begin"),
        (1, tuple(make_signer(f"n{number}") for number in range(33)), 0, "more than"),
    ],
)
def test_a_quorum_that_is_none_is_refused(
    need: int, nodes: tuple[NoteSigner, ...], since: int, reason: str
) -> None:
    with pytest.raises(InvalidProof, match=reason):
        Quorum(need, tuple(map(vkey_of, nodes)), since)


def test_a_node_is_known_by_a_cosigners_key_alone() -> None:
    with pytest.raises(InvalidProof, match="type 0x04"):
        Quorum(1, (str(A.verifier),))


def test_a_ledger_is_not_its_own_witness() -> None:
    own = make_signer("notary.example/ledger")
    for signer in (own, NoteSigner("else.example", own._private)):
        with pytest.raises(InvalidProof, match="of its own"):
            Trust(ledgers={ORIGIN: str(own.verifier)}, quorums={ORIGIN: quorum_of(1, [signer])})


def test_later_trust_counts_for_quorums_too(record: Record) -> None:
    narrower = Trust(quorums={ORIGIN: quorum_of(1)})
    assert (record.trust | narrower).quorums[ORIGIN].need == 1
    assert (record.trust | Trust()).quorums[ORIGIN].need == 3


@settings(max_examples=examples(400), deadline=None)
@given(data=st.data())
def test_no_one_byte_change_of_a_cosigned_note_verifies(
    record: Record, data: st.DataObject
) -> None:
    """With just enough lines: replaced, added or removed, in receipt and proof alike."""
    good = record.signed(A, B, D)
    original = good.receipt.checkpoint.encode()
    place = data.draw(st.integers(0, len(original) - 1))
    piece = data.draw(st.binary(min_size=0, max_size=1))
    inserting = data.draw(st.booleans()) and piece
    changed = original[:place] + piece + original[place + (0 if inserting else 1) :]
    note = changed.decode("utf-8", "replace")
    assert good.noted(note).verify().ok == (changed == original)


@settings(max_examples=examples(300), deadline=None)
@given(data=st.data())
def test_a_changed_line_too_many_never_adds_a_name(record: Record, data: st.DataObject) -> None:
    """With more lines than needed, a change can at most turn one of them into a stranger's."""
    good = record.signed(*NODES)
    original = good.receipt.checkpoint.encode()
    place = data.draw(st.integers(0, len(original) - 1))
    changed = bytearray(original)
    changed[place] ^= 1 << data.draw(st.integers(0, 7))
    note = changed.decode("utf-8", "replace")
    if good.noted(note).verify().ok:
        quorum = good.trust.quorums[ORIGIN]
        assert len(cosigners(note, quorum)) == 3
        assert Note.parse(note).text == Note.parse(good.receipt.checkpoint).text
