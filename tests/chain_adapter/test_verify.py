"""The offline verifier: each step refuses what it is for, and no change of one byte gets by."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from chain_adapter import (
    Entry,
    InvalidProof,
    InvalidReceipt,
    Outcome,
    Proof,
    Receipt,
    Result,
    Status,
    Trust,
    Verdict,
    verify,
)
from chain_adapter.checkpoint import sign_checkpoint
from chain_adapter.note import NoteSigner
from chain_adapter.tlog import TlogLedger
from tests.chain_adapter.records import (
    DEPOSITOR,
    PLATFORM,
    make_entries,
    make_entry,
    trust_of,
)
from tests.effort import ALL, examples

STEPS = [
    "entry_canonical",
    "platform_signature",
    "depositor_signature",
    "receipt_entry",
    "receipt_final",
    "ledger_trusted",
    "receipt_checkpoint",
    "receipt_time",
    "proof_checkpoint",
    "proof_position",
    "trees_agree",
    "inclusion",
]


class Record(NamedTuple):
    entry: Entry
    receipt: Receipt
    proof: Proof
    trust: Trust
    later: Proof  # the same entry under a newer checkpoint
    other: Record | None = None

    def verify(self) -> Verdict:
        return verify(self.entry, self.receipt, self.proof, self.trust)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    with TlogLedger(tmp_path_factory.mktemp("log") / "ledger", origin="notary.example/l") as ledger:
        ledger.append(make_entries("before", 5))
        entry = make_entry("co-signed", by=DEPOSITOR.key_id)
        entry = DEPOSITOR.sign(entry, "depositor")
        another = make_entry("another")
        receipt, second = ledger.append([entry, another])
        ledger.append(make_entries("after", 7))
        later = ledger.prove_at(receipt.position, ledger.size())
        trust = trust_of(ledger)
        proof = ledger.prove(second)
        return Record(
            entry,
            receipt,
            ledger.prove(receipt),
            trust,
            later,
            Record(another, second, proof, trust, proof),
        )


def with_note(record: Record, size: int, root: bytes) -> str:
    """A checkpoint by another key under the same origin."""
    signer = NoteSigner(record.receipt.ledger, Ed25519PrivateKey.from_private_bytes(b"x" * 32))
    return sign_checkpoint(signer, size, root, record.receipt.time).note


def test_an_honest_record_passes_every_step(record: Record) -> None:
    verdict = record.verify()
    assert verdict.ok
    assert verdict.failed is None
    assert [check.code for check in verdict.checks] == STEPS
    assert [check.number for check in verdict.checks] == list(range(1, 13))
    assert all(check.passed for check in verdict.checks)
    assert verify(record.entry.encode(), *record[1:4]) == verdict


def test_a_proof_under_a_newer_checkpoint_passes(record: Record) -> None:
    assert record._replace(proof=record.later).verify().ok


def test_an_entry_without_depositor_signature_passes(record: Record) -> None:
    assert record.other is not None
    assert record.other.verify().ok


def refusals(record: Record) -> dict[str, tuple[Record, str, Result]]:
    """What is wrong → the record, the step that must refuse it, and the result."""
    entry, receipt, proof, trust, later, other = record
    assert other is not None
    unsigned = replace(entry, signatures=())
    stranger = replace(entry, platform=DEPOSITOR.key_id, signatures=())
    by_other = DEPOSITOR.sign(PLATFORM.sign(replace(unsigned, by="account:1")), "depositor")
    forged = replace(entry, signatures=(replace(entry.signatures[1], value=b"f" * 64),))
    forged_too = replace(
        entry, signatures=(replace(entry.signatures[0], value=b"f" * 64), entry.signatures[1])
    )
    no_depositors = Trust(trust.ledgers, trust.platforms)
    no_platforms = Trust(trust.ledgers, {}, trust.depositors)
    no_ledgers = Trust({}, trust.platforms, trust.depositors)
    root = bytes(32)
    second = timedelta(seconds=1)
    bad, keys = Result.TAMPERED, Result.UNTRUSTED_KEY
    return {
        "no platform signature": (record._replace(entry=unsigned), STEPS[1], bad),
        "forged platform signature": (record._replace(entry=forged), STEPS[1], bad),
        "signed by another platform": (
            record._replace(entry=PLATFORM.sign(stranger)),
            STEPS[1],
            bad,
        ),
        "unknown platform": (record._replace(trust=no_platforms), STEPS[1], keys),
        "forged depositor signature": (record._replace(entry=forged_too), STEPS[2], bad),
        "signed by another depositor": (record._replace(entry=by_other), STEPS[2], bad),
        "unknown depositor": (record._replace(trust=no_depositors), STEPS[2], keys),
        "receipt of another entry": (record._replace(receipt=other.receipt), STEPS[3], bad),
        "other content, same key": (
            record._replace(entry=make_entry("co-signed", "other")),
            STEPS[3],
            bad,
        ),
        "queued": (
            record._replace(receipt=replace(receipt, status=Status.QUEUED)),
            STEPS[4],
            Result.PENDING,
        ),
        "included": (
            record._replace(receipt=replace(receipt, status=Status.INCLUDED)),
            STEPS[4],
            Result.PENDING,
        ),
        "orphaned": (
            record._replace(receipt=replace(receipt, status=Status.ORPHANED)),
            STEPS[4],
            Result.NOT_FOUND,
        ),
        "unknown ledger": (record._replace(trust=no_ledgers), STEPS[5], keys),
        "another ledger's name": (
            record._replace(receipt=replace(receipt, ledger="other.example")),
            STEPS[5],
            keys,
        ),
        "another scheme": (
            record._replace(receipt=replace(receipt, scheme="evm")),
            STEPS[5],
            bad,
        ),
        "receipt signed by another ledger": (
            record._replace(receipt=replace(receipt, checkpoint=with_note(record, 7, root))),
            STEPS[6],
            bad,
        ),
        "no checkpoint": (record._replace(receipt=replace(receipt, checkpoint="")), STEPS[6], bad),
        "another time": (
            record._replace(receipt=replace(receipt, time=receipt.time + second)),
            STEPS[7],
            bad,
        ),
        "proof signed by another ledger": (
            record._replace(proof=replace(proof, checkpoint=with_note(record, 7, root))),
            STEPS[8],
            bad,
        ),
        "proof of another entry": (record._replace(proof=other.proof), STEPS[9], bad),
        "a place beyond the tree": (
            record._replace(receipt=replace(receipt, position=9), proof=replace(later, index=9)),
            STEPS[9],
            bad,
        ),
        "an older tree": (
            record._replace(
                receipt=replace(receipt, checkpoint=later.checkpoint, time=receipt.time)
            ),
            STEPS[10],
            bad,
        ),
        "another path": (
            record._replace(proof=replace(proof, path=proof.path[::-1])),
            STEPS[11],
            bad,
        ),
        "another place": (
            record._replace(receipt=replace(receipt, position=0), proof=replace(proof, index=0)),
            STEPS[11],
            bad,
        ),
    }


def test_each_step_refuses_what_it_is_for(record: Record) -> None:
    cases = refusals(record)
    for name, (changed, code, result) in cases.items():
        verdict = changed.verify()
        assert verdict.failed is not None, name
        assert (verdict.failed.code, verdict.result) == (code, result), name
        assert verdict.failed is verdict.checks[-1], name
        undecided = result in (Result.UNTRUSTED_KEY, Result.PENDING)
        assert verdict.failed.outcome is (Outcome.UNKNOWN if undecided else Outcome.FAIL), name
    assert {code for _, code, _ in cases.values()} == set(STEPS[1:])


def test_an_entry_that_is_not_canonical_is_refused(record: Record) -> None:
    verdict = verify(record.entry.encode() + b" ", *record[1:4])
    assert verdict.result is Result.TAMPERED
    assert verdict.failed is not None
    assert verdict.failed.code == "entry_canonical"


def test_two_trees_of_one_size_are_refused(record: Record) -> None:
    """A log that signs a fork is caught when both sides meet, although each is validly signed."""
    signer = NoteSigner("fork.example", Ed25519PrivateKey.from_private_bytes(b"x" * 32))
    one = sign_checkpoint(signer, 7, b"1" * 32, record.receipt.time)
    two = sign_checkpoint(signer, 7, b"2" * 32, record.receipt.time)
    verdict = verify(
        record.entry,
        replace(record.receipt, ledger="fork.example", checkpoint=one.note),
        replace(record.proof, checkpoint=two.note),
        record.trust | Trust(ledgers={"fork.example": str(signer.verifier)}),
    )
    assert verdict.failed is not None
    assert verdict.failed.code == "trees_agree"


def passes(record: Record, entry: bytes, receipt: bytes, proof: bytes) -> bool:
    try:
        return verify(entry, Receipt.from_json(receipt), Proof.decode(proof), record.trust).ok
    except (InvalidReceipt, InvalidProof):
        return False


@pytest.mark.parametrize("part", [0, 1, 2], ids=["entry", "receipt", "proof"])
def test_no_flipped_bit_verifies(record: Record, part: int) -> None:
    """Every bit of the three artefacts in the long run, one of each byte each time; the checkpoints
    are inside receipt and proof."""
    parts = [record.entry.encode(), record.receipt.to_json(), record.proof.encode()]
    assert passes(record, *parts)
    original = parts[part]
    for place in range(len(original)):
        for bit in range(8) if ALL else (place % 8,):
            changed = bytearray(original)
            changed[place] ^= 1 << bit
            parts[part] = bytes(changed)
            assert not passes(record, *parts), (place, bit)


@settings(max_examples=examples(400), deadline=None)
@given(data=st.data())
def test_no_byte_replaced_added_or_removed_verifies(record: Record, data: st.DataObject) -> None:
    parts = [record.entry.encode(), record.receipt.to_json(), record.proof.encode()]
    part = data.draw(st.integers(0, 2))
    original = parts[part]
    place = data.draw(st.integers(0, len(original) - 1))
    piece = data.draw(st.binary(min_size=0, max_size=1))
    inserting = data.draw(st.booleans()) and piece
    changed = original[:place] + piece + original[place + (0 if inserting else 1) :]
    parts[part] = changed
    assert passes(record, *parts) == (changed == original)


def test_trust_refuses_keys_under_the_wrong_name(record: Record) -> None:
    vkey = record.trust.ledgers[record.receipt.ledger]
    with pytest.raises(ValueError, match="another's"):
        Trust(ledgers={"other.example": vkey})
    with pytest.raises(ValueError, match="listed as"):
        Trust(platforms={PLATFORM.key_id: DEPOSITOR.public})
    with pytest.raises(TypeError):
        record.trust.platforms["x"] = b""  # type: ignore[index]


def test_a_ledger_is_judged_by_the_trusted_key_not_by_its_own_word(
    record: Record, tmp_path: Path
) -> None:
    with TlogLedger(tmp_path / "ledger", origin=record.receipt.ledger) as impostor:
        receipt = impostor.append([record.entry])[0]
        verdict = verify(record.entry, receipt, impostor.prove(receipt), record.trust)
    assert verdict.failed is not None
    assert verdict.failed.code == "receipt_checkpoint"
