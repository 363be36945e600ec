"""Steps 21 to 30: one record that passes and one that does not for each; no changed byte passes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import rlp
from hypothesis import given, settings
from hypothesis import strategies as st

from chain_adapter import (
    InvalidProof,
    InvalidReceipt,
    Outcome,
    Proof,
    Receipt,
    Result,
    Status,
    Trust,
    decode_proof,
    verify,
)
from chain_adapter.evm.layout import AnchorRecord
from chain_adapter.evm.proof import EvmProof
from tests.chain_adapter.evm.proof.synthetic import (
    HEIGHT,
    KEYS,
    LEDGER,
    STRANGER,
    TIME,
    VALIDATORS,
    Chain,
    Record,
)
from tests.chain_adapter.records import make_entry
from tests.effort import ALL, examples

RECORD_STEPS = [
    "entry_canonical",
    "platform_signature",
    "depositor_signature",
    "receipt_entry",
    "receipt_final",
    "ledger_trusted",
]
STEPS = {
    21: "observer_signature",
    22: "observation_final",
    23: "proof_batch",
    24: "block_header",
    25: "block_seals",
    26: "contract_account",
    27: "contract_record",
    28: "batch_place",
    29: "batch_path",
    30: "record_time",
}

PLAIN = Chain().record()
SEALED = Chain(sealed_by=KEYS[:3], turn=2).record()


def without_validators(record: Record) -> Record:
    trust = record.trust
    return record._replace(trust=Trust(trust.ledgers, trust.platforms, trust.depositors))


@pytest.mark.parametrize("record", [PLAIN, SEALED], ids=["plain", "sealed"])
def test_an_honest_record_passes_every_step(record: Record) -> None:
    verdict = record.verify()
    assert verdict.ok, verdict.failed
    steps = {number: code for number, code in STEPS.items() if record is SEALED or number != 25}
    assert [check.code for check in verdict.checks] == [*RECORD_STEPS, *steps.values()]
    assert [check.number for check in verdict.checks] == [*range(1, 7), *steps]
    assert verify(record.entry.encode(), *record[1:]) == verdict


@pytest.mark.parametrize(
    "chain",
    [
        Chain(count=1, index=0, first=0),
        Chain(block=HEIGHT),
        Chain(sealed_by=KEYS),
        Chain(sealed_by=KEYS[1:], turn=300, block=HEIGHT),
        Chain(sealed_by=KEYS[:3], named=()),
    ],
    ids=["a single entry", "in its own block", "all seals", "a late round", "named in a contract"],
)
def test_records_of_other_shapes_pass(chain: Chain) -> None:
    record = chain.record()
    assert record.verify().ok, record.verify().failed
    assert without_validators(record).verify().ok


REFUSALS = {
    "note by a stranger": (PLAIN.noting(STRANGER), 21, Result.TAMPERED),
    "no note": (
        PLAIN._replace(receipt=replace(PLAIN.receipt, checkpoint="")),
        21,
        Result.TAMPERED,
    ),
    "seen, not final": (PLAIN.noting(final=False), 22, Result.PENDING),
    "another root seen": (PLAIN.noting(root=bytes(32)), 23, Result.TAMPERED),
    "another count seen": (PLAIN.noting(count=8), 23, Result.TAMPERED),
    "another first seen": (PLAIN.noting(first=1), 23, Result.TAMPERED),
    "another block": (PLAIN.noting(block_hash=bytes(32)), 24, Result.TAMPERED),
    "another number": (PLAIN.noting(block=HEIGHT), 24, Result.TAMPERED),
    "a header that is none": (PLAIN.proving(header=b"\xc0"), 24, Result.TAMPERED),
    "another header": (PLAIN.proving(header=SEALED.proof.header), 24, Result.TAMPERED),
    "no seals": (PLAIN._replace(trust=SEALED.trust), 25, Result.TAMPERED),
    "two seals of four": (Chain(sealed_by=KEYS[:2]).record(), 25, Result.TAMPERED),
    "one sealed twice": (
        Chain(sealed_by=[*KEYS[:2], KEYS[0]]).record(),
        25,
        Result.TAMPERED,
    ),
    "a stranger's seal": (
        Chain(sealed_by=KEYS, named=VALIDATORS[:3]).record(),
        25,
        Result.TAMPERED,
    ),
    "a stranger's seal, validators in a contract": (
        Chain(sealed_by=[*KEYS[:3], type(KEYS[0]).from_int(9)], named=()).record(),
        25,
        Result.TAMPERED,
    ),
    "sealed by itself, untrusted": (
        without_validators(Chain(sealed_by=[KEYS[0]] * 2).record()),
        25,
        Result.TAMPERED,
    ),
    "no such contract": (Chain(account=b"").record(), 26, Result.NOT_FOUND),
    "an account that is none": (
        Chain(account=rlp.encode([1, 2, b"short", 4])).record(),
        26,
        Result.TAMPERED,
    ),
    "the account's path cut": (
        PLAIN.proving(account=PLAIN.proof.account[:-1]),
        26,
        Result.TAMPERED,
    ),
    "more than the account's path": (
        PLAIN.proving(account=(*PLAIN.proof.account, b"\x80")),
        26,
        Result.TAMPERED,
    ),
    "no such record": (Chain(anchored=AnchorRecord(0, 0, 0, 0)).record(), 27, Result.NOT_FOUND),
    "another place recorded": (
        Chain(anchored=AnchorRecord(7, 1, TIME, HEIGHT)).record(),
        27,
        Result.TAMPERED,
    ),
    "another count recorded": (
        Chain(anchored=AnchorRecord(8, 4096, TIME, HEIGHT)).record(),
        27,
        Result.TAMPERED,
    ),
    "the storage's path cut": (
        PLAIN.proving(storage=PLAIN.proof.storage[:-1]),
        27,
        Result.TAMPERED,
    ),
    "another place in the receipt": (
        PLAIN._replace(receipt=replace(PLAIN.receipt, position=4101)),
        28,
        Result.TAMPERED,
    ),
    "a place beyond the batch": (
        PLAIN.batching(index=7)._replace(receipt=replace(PLAIN.receipt, position=4103)),
        28,
        Result.TAMPERED,
    ),
    "another path": (PLAIN.batching(path=PLAIN.proof.batch.path[::-1]), 29, Result.TAMPERED),
    "another place in the batch": (
        PLAIN.batching(index=3)._replace(receipt=replace(PLAIN.receipt, position=4099)),
        29,
        Result.TAMPERED,
    ),
    "another time": (
        PLAIN._replace(
            receipt=replace(PLAIN.receipt, time=PLAIN.receipt.time + timedelta(seconds=1))
        ),
        30,
        Result.TAMPERED,
    ),
    "recorded after the block": (
        Chain(anchored=AnchorRecord(7, 4096, TIME, HEIGHT + 9)).record(),
        30,
        Result.TAMPERED,
    ),
    "recorded at another time than its block": (
        Chain(anchored=AnchorRecord(7, 4096, TIME, HEIGHT + 3)).record(),
        30,
        Result.TAMPERED,
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_each_step_refuses_what_it_is_for(name: str) -> None:
    record, number, result = REFUSALS[name]
    verdict = record.verify()
    assert verdict.failed is not None
    assert (verdict.failed.number, verdict.failed.code) == (number, STEPS[number])
    assert verdict.result is result
    assert verdict.failed is verdict.checks[-1]
    undecided = result is Result.PENDING
    assert verdict.failed.outcome is (Outcome.UNKNOWN if undecided else Outcome.FAIL)


def test_every_step_has_a_refusal() -> None:
    assert {number for _, number, _ in REFUSALS.values()} == set(STEPS)


def test_the_first_steps_are_those_of_every_record() -> None:
    cases = [
        (PLAIN._replace(entry=make_entry("co-signed", "other")), "receipt_entry", Result.TAMPERED),
        (
            PLAIN._replace(receipt=replace(PLAIN.receipt, status=Status.INCLUDED)),
            "receipt_final",
            Result.PENDING,
        ),
        (PLAIN._replace(trust=Trust(platforms=PLAIN.trust.platforms)), "depositor_signature", None),
        (
            PLAIN._replace(
                trust=Trust(platforms=PLAIN.trust.platforms, depositors=PLAIN.trust.depositors)
            ),
            "ledger_trusted",
            Result.UNTRUSTED_KEY,
        ),
    ]
    for record, code, result in cases:
        verdict = record.verify()
        assert verdict.failed is not None
        assert verdict.failed.code == code
        assert result in (None, verdict.result)


def test_scheme_and_proof_belong_together() -> None:
    """Nobody's proof is read as another kind's, whatever the receipt calls itself."""
    log_proof = Proof(0, (), "")
    for record in (
        PLAIN._replace(receipt=replace(PLAIN.receipt, scheme="tlog")),
        PLAIN._replace(receipt=replace(PLAIN.receipt, scheme="witness")),
        PLAIN._replace(receipt=replace(PLAIN.receipt, scheme="fabric")),
        PLAIN._replace(proof=log_proof),  # type: ignore[arg-type]
    ):
        verdict = record.verify()
        assert verdict.failed is not None
        assert (verdict.failed.code, verdict.result) == ("ledger_trusted", Result.TAMPERED)


def test_validators_cannot_be_escaped_under_another_scheme() -> None:
    """Not by a receipt that calls the chain a log, whatever key signs it."""
    receipt = replace(SEALED.receipt, scheme="tlog")
    verdict = verify(SEALED.entry, receipt, Proof(0, (), ""), SEALED.trust)
    assert verdict.failed is not None
    assert "validators" in verdict.failed.detail


def test_a_record_of_another_contract_is_not_this_ones() -> None:
    """The same proof and note under another ledger's name, whose observer has the same key."""
    other = LEDGER.replace("1337", "1")
    record = PLAIN._replace(receipt=replace(PLAIN.receipt, ledger=other))
    signer = type(STRANGER)(other, STRANGER._private)
    verdict = record._replace(
        trust=record.trust | Trust(ledgers={other: str(signer.verifier)})
    ).verify()
    assert verdict.failed is not None
    assert verdict.failed.code == "observer_signature"


def passes(record: Record, entry: bytes, receipt: bytes, proof: bytes) -> bool:
    try:
        read = Receipt.from_json(receipt)
        return verify(entry, read, decode_proof(read.scheme, proof), record.trust).ok
    except (InvalidReceipt, InvalidProof):
        return False


@pytest.mark.parametrize("part", [0, 1, 2], ids=["entry", "receipt", "proof"])
@pytest.mark.parametrize("record", [PLAIN, SEALED], ids=["plain", "sealed"])
def test_no_flipped_bit_verifies(record: Record, part: int) -> None:
    """Every bit in the long run, one of each byte (every seventh of the proof's) each time."""
    parts = [record.entry.encode(), record.receipt.to_json(), record.proof.encode()]
    assert passes(record, *parts)
    original = parts[part]
    for place in range(0, len(original), 7 if part == 2 and not ALL else 1):
        for bit in range(8) if ALL else (place % 8,):
            changed = bytearray(original)
            changed[place] ^= 1 << bit
            parts[part] = bytes(changed)
            assert not passes(record, *parts), (place, bit)


@settings(max_examples=examples(300), deadline=None)
@given(data=st.data())
def test_no_byte_of_the_proof_replaced_verifies(data: st.DataObject) -> None:
    """In the bytes themselves, not in their spelling: header, seals, nodes, path."""
    record = data.draw(st.sampled_from([PLAIN, SEALED]))
    proof = record.proof
    name = data.draw(st.sampled_from(["header", "account", "storage", "path", "root"]))
    value = getattr(proof, name) if name in ("header", "account", "storage") else None
    if value is None:
        value = getattr(proof.batch, name)
    pieces = [value] if isinstance(value, bytes) else list(value)
    which = data.draw(st.integers(0, len(pieces) - 1))
    place = data.draw(st.integers(0, len(pieces[which]) - 1))
    changed = bytearray(pieces[which])
    changed[place] ^= data.draw(st.integers(1, 255))
    pieces[which] = bytes(changed)
    result = pieces[0] if isinstance(value, bytes) else tuple(pieces)
    if name in ("path", "root"):
        assert not record.batching(**{name: result}).verify().ok
    else:
        assert not record.proving(**{name: result}).verify().ok


def test_a_proof_is_read_back_by_its_receipts_scheme() -> None:
    assert decode_proof("evm", SEALED.proof.encode()) == SEALED.proof
    assert isinstance(decode_proof("evm", PLAIN.proof.encode()), EvmProof)
    with pytest.raises(InvalidProof):
        decode_proof("tlog", PLAIN.proof.encode())
    with pytest.raises(InvalidProof, match="not known"):
        decode_proof("fabric", PLAIN.proof.encode())


def test_trust_in_validators_is_read_strictly() -> None:
    with pytest.raises(InvalidProof, match="none, or one"):
        Trust(validators={LEDGER: ()})
    with pytest.raises(InvalidProof, match="none, or one"):
        Trust(validators={LEDGER: VALIDATORS[:1] * 2})
    for wrong in ("0x" + "A" * 40, "a" * 40, "0x" + "a" * 39):
        with pytest.raises(InvalidProof, match="lower case"):
            Trust(validators={LEDGER: (wrong,)})
    with pytest.raises(TypeError):
        SEALED.trust.validators["x"] = ()  # type: ignore[index]
    assert (PLAIN.trust | SEALED.trust).validators == {LEDGER: VALIDATORS}
