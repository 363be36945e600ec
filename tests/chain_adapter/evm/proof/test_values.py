"""Proofs, notes and names as text: one spelling each, and possible values only."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from chain_adapter import InvalidProof
from chain_adapter.checkpoint import sign_checkpoint
from chain_adapter.evm.names import ledger_id, read_ledger_id
from chain_adapter.evm.observation import Observation, open_observation, sign_observation
from chain_adapter.evm.proof import Batch, EvmProof
from chain_adapter.note import NoteSigner
from tests.chain_adapter.evm.proof.synthetic import LEDGER, OBSERVER, STRANGER, Chain

PROOF = Chain(count=3, index=1).record().proof
SEEN = Chain().record().seen()
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HASH = st.binary(min_size=32, max_size=32)
NUMBER = st.integers(0, 2**53 - 1)


@given(
    header=st.binary(max_size=700),
    nodes=st.lists(st.binary(max_size=600), max_size=5),
    root=HASH,
    first=NUMBER,
    count=NUMBER,
    path=st.lists(HASH, max_size=8),
)
def test_a_proof_reads_back(
    header: bytes, nodes: list[bytes], root: bytes, first: int, count: int, path: list[bytes]
) -> None:
    batch = Batch(root, first, count, 0, tuple(path))
    proof = EvmProof(header, tuple(nodes), tuple(nodes[::-1]), batch)
    data = proof.encode()
    assert EvmProof.decode(data) == proof
    assert data == rfc8785.dumps(json.loads(data))


def changed(**fields: object) -> bytes:
    value = {**json.loads(PROOF.encode()), **fields}
    return rfc8785.dumps({name: item for name, item in value.items() if item is not ...})


def in_batch(**fields: object) -> bytes:
    value = {**json.loads(PROOF.encode())["batch"], **fields}
    return changed(batch={name: item for name, item in value.items() if item is not ...})


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "cannot be read"),
        (b"[]", "not a JSON object"),
        (b" " * 300_000, "allowed"),
        (PROOF.encode() + b"\n", "canonical"),
        (PROOF.encode().replace(b'"v":1', b'"v": 1'), "canonical"),
        (changed(v=2), "version 1"),
        (changed(extra=1), "extra"),
        (changed(storage=...), "storage"),
        (changed(header=PROOF.header.hex().upper()), "lower-case"),
        (changed(header="abc"), "lower-case"),
        (changed(header=None), "lower-case"),
        (changed(header="00" * 70_000), "too long"),
        (changed(account="00"), "a list of at most"),
        (changed(account=["00"] * 66), "a list of at most"),
        (changed(account=["00" * 1025]), "nodes of 1024"),
        (changed(batch=[]), "must be an object"),
        (in_batch(root="00"), "32 must"),
        (in_batch(root=...), "root"),
        (in_batch(number=1), "number"),
        (in_batch(first=-1), "first"),
        (in_batch(count=True), "count"),
        (in_batch(index="1"), "index"),
        (in_batch(path=["00" * 31]), "32 must"),
        (in_batch(path=["00" * 32] * 54), "a list of at most"),
    ],
)
def test_a_proof_is_read_strictly(data: bytes, reason: str) -> None:
    with pytest.raises(InvalidProof, match=reason):
        EvmProof.decode(data)


def test_a_proof_holds_possible_values_only() -> None:
    for fields in ({"root": b""}, {"path": (b"",)}, {"path": (bytes(32),) * 54}, {"first": 2**53}):
        with pytest.raises(InvalidProof):
            replace(PROOF.batch, **fields)


@given(
    block=NUMBER,
    digest=HASH,
    first=NUMBER,
    agreeing=st.integers(1, 999),
    asked=st.integers(1, 999),
    final=st.booleans(),
)
def test_an_observation_reads_back(
    block: int, digest: bytes, first: int, agreeing: int, asked: int, final: bool
) -> None:
    fields = {"block": block, "block_hash": digest, "first": first, "final": final}
    if agreeing > asked:
        with pytest.raises(InvalidProof, match="endpoints"):
            replace(SEEN, agreeing=agreeing, asked=asked, **fields)
        return
    seen = replace(SEEN, agreeing=agreeing, asked=asked, **fields)
    assert Observation.parse(seen.text()) == seen
    signed = sign_observation(OBSERVER, seen, NOW)
    assert open_observation(signed.note, OBSERVER.verifier) == signed
    assert (signed.observation, signed.time) == (seen, NOW)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("final\n", "perhaps\n", "nine lines"),
        ("final\n", "final\n\n", "nine lines"),
        ("block ", "Block ", "where block must"),
        ("block 903", "block", "where block must"),
        ("block 903", "block 0903", "leading zeroes"),
        ("hash ", "hash x", "64 hexadecimal"),
        ("entries 4096 7", "entries 4096", "cannot be read"),
        ("endpoints 2/3", "endpoints 3/2", "endpoints"),
        ("endpoints 2/3", "endpoints 0/3", "endpoints"),
        (LEDGER, "notary.example", "is not evm:"),
        (LEDGER, LEDGER.upper(), "is not evm:"),
        ("confirmations 12", f"confirmations {2**60}", "between 0"),
    ],
)
def test_an_observation_is_read_strictly(old: str, new: str, reason: str) -> None:
    text = SEEN.text()
    assert old in text
    with pytest.raises(InvalidProof, match=reason):
        Observation.parse(text.replace(old, new))


def test_an_observation_is_its_ledgers_alone() -> None:
    note = sign_observation(OBSERVER, SEEN, NOW).note
    with pytest.raises(InvalidProof, match=r"does not fit|signatures"):
        open_observation(note, STRANGER.verifier)
    other = NoteSigner(LEDGER.replace("1337", "1"), OBSERVER._private)
    with pytest.raises(InvalidProof, match="is not"):
        sign_observation(other, SEEN, NOW)
    with pytest.raises(InvalidProof, match="32 bytes"):
        replace(SEEN, root=b"")


def test_a_checkpoint_is_no_observation() -> None:
    """Nor the other way round: the same key's signature of one never passes for the other."""
    checkpoint = sign_checkpoint(OBSERVER, 7, bytes(32), NOW)
    with pytest.raises(InvalidProof, match="nine lines"):
        open_observation(checkpoint.note, OBSERVER.verifier)


@pytest.mark.parametrize(
    "name",
    [
        "evm:1:0x" + "A" * 40,
        "evm:01:0x" + "a" * 40,
        "evm:0:0x" + "a" * 40,
        "evm:1:" + "a" * 42,
        "evm:1:0x" + "a" * 39,
        "evm:1:0x" + "a" * 40 + "\n",
        "EVM:1:0x" + "a" * 40,
        "",
    ],
)
def test_a_contract_has_one_name(name: str) -> None:
    with pytest.raises(InvalidProof, match="chain id"):
        read_ledger_id(name)


def test_names_are_made_from_addresses_in_any_case() -> None:
    assert ledger_id(1337, "0x5FbDB2315678afecb367f032d93F642f64180aa3") == LEDGER
    assert read_ledger_id(LEDGER) == (1337, bytes.fromhex(LEDGER[-40:]))
    with pytest.raises(InvalidProof):
        ledger_id(-1, "0x" + "a" * 40)
