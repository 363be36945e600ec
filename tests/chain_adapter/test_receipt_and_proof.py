from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from chain_adapter import InvalidProof, InvalidReceipt, Proof, Receipt, Status
from chain_adapter.receipt import MAX_RECEIPT

RECEIPT = Receipt(
    ledger="notary.example/ledger",
    scheme="tlog",
    key="deposit:1",
    entry_hash=b"h" * 32,
    position=7,
    status=Status.FINAL,
    time=datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC),
    checkpoint="text\n\n\u2014 name c2lnbmF0dXJl\n",
)
PROOF = Proof(7, (b"a" * 32, b"b" * 32), "text\n\n\u2014 name c2lnbmF0dXJl\n")


@given(
    position=st.integers(0, 2**53 - 1),
    status=st.sampled_from(Status),
    second=st.integers(0, 253_402_300_799),
    note=st.text(st.characters(exclude_categories=["Cs"])),
)
def test_a_receipt_reads_back(position: int, status: Status, second: int, note: str) -> None:
    moment = datetime.fromtimestamp(second, UTC)
    receipt = replace(RECEIPT, position=position, status=status, time=moment, checkpoint=note)
    data = receipt.to_json()
    assert Receipt.from_json(data) == receipt
    assert data == rfc8785.dumps(json.loads(data))


def test_a_receipt_keeps_its_time_in_utc() -> None:
    east = RECEIPT.time.astimezone(timezone(timedelta(hours=8)))
    assert replace(RECEIPT, time=east).to_json() == RECEIPT.to_json()


def changed(**fields: object) -> bytes:
    value = {**json.loads(RECEIPT.to_json()), **fields}
    return rfc8785.dumps({name: item for name, item in value.items() if item is not ...})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cannot be read"),
        (b"{", "cannot be read"),
        (b"[]", "not a JSON object"),
        (b"[" * 100_000, "cannot be read"),
        (b" " * (MAX_RECEIPT + 1), "allowed"),
        (RECEIPT.to_json() + b" ", "canonical"),
        (RECEIPT.to_json().replace(b"text", b"te\\u0078t"), "canonical"),
        (RECEIPT.to_json().replace(b"text", b"\\ud800"), "cannot be read"),
        (changed(v=2), "version 1"),
        (changed(extra=1), "extra"),
        (changed(time=...), "time"),
        (changed(time="2026-03-04 05:06:07"), "cannot be read"),
        (changed(time="2026-3-4T05:06:07Z"), "canonical"),
        (changed(position="7"), "whole number"),
        (changed(position=True), "whole number"),
        (changed(position=-1), "position"),
        (changed(status="done"), "cannot be read"),
        (changed(entry_hash="00"), "64 hexadecimal"),
        (changed(entry_hash="H" * 64), "64 hexadecimal"),
        (changed(ledger=None), "must be text"),
    ],
)
def test_a_receipt_is_read_strictly(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidReceipt, match=reason):
        Receipt.from_json(data)


@pytest.mark.parametrize(
    "fields",
    [
        {"entry_hash": b"short"},
        {"position": -1},
        {"time": RECEIPT.time.replace(tzinfo=None)},
        {"time": RECEIPT.time.replace(microsecond=1)},
    ],
)
def test_a_receipt_holds_possible_values_only(fields: dict) -> None:
    with pytest.raises(InvalidReceipt):
        replace(RECEIPT, **fields)


@given(index=st.integers(0, 2**63 - 1), path=st.lists(st.binary(min_size=32, max_size=32)))
def test_a_proof_reads_back(index: int, path: list[bytes]) -> None:
    proof = Proof(index, tuple(path), PROOF.checkpoint)
    assert Proof.decode(proof.encode()) == proof


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "begins with"),
        (b"\xff", "UTF-8"),
        (b"x" * 200_000, "too long"),
        (PROOF.encode().replace(b"@v1", b"@v2"), "begins with"),
        (PROOF.encode().replace(b"\n\n", b"\n", 1).replace(b"\n\n", b"\n"), "begins with"),
        (PROOF.encode().replace(b"index 7", b"index 07"), "leading zeroes"),
        (PROOF.encode().replace(b"index 7", b"index -7"), "leading zeroes"),
        (PROOF.encode().replace(b"index 7", b"7"), "second line"),
        (PROOF.encode().replace(b"index 7", b"extra AAAA\nindex 7"), "second line"),
        (PROOF.encode().replace(b"YmJi", b"YmJ ", 1), "not base64"),
        (Proof(7, (), "x").encode().replace(b"index 7\n", b"index 7\nAAAA\n"), "32 bytes"),
        (b"c2sp.org/tlog-proof@v1\nindex 7\n" + b"YWFh\n" * 70 + b"\nx", "at most 63"),
    ],
)
def test_a_proof_is_read_strictly(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidProof, match=reason):
        Proof.decode(data)


def test_a_proof_has_a_possible_index() -> None:
    with pytest.raises(InvalidProof, match="index"):
        Proof(-1, (), "")
