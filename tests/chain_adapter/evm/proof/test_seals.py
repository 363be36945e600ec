"""Headers that other implementations made, their hashes, and validators' seals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import rlp as library
from coincurve import PrivateKey

from chain_adapter import InvalidProof
from chain_adapter.evm.headers import header_rlp
from chain_adapter.evm.layout import keccak256
from chain_adapter.evm.proof.bft import (
    address_of,
    names_of,
    quorum_of,
    sealing_of,
    signers_of,
)
from chain_adapter.evm.proof.header import Header

HEADERS = json.loads((Path(__file__).parent / "vectors/headers.json").read_text())
FIELDS = {
    "mainnet-genesis": 15,
    "besu-ibft2": 15,
    "shanghai": 17,
    "mainnet-cancun": 20,
    "mainnet-prague": 21,
}
#: From Besu's tests of its codecs: vanity 0..31, validators 1 and 2, a vote to add 1, the round
#: 0xFEDCBA, seals (1, 10, 0) and (10, 1, 0).
_PARTS = (
    "a0" + bytes(range(32)).hex(),
    "ea94" + "00" * 19 + "01" + "94" + "00" * 19 + "02",
    "d794" + "00" * 19 + "0181ff",
)
_SEALS = "f886" + "".join(
    "b841" + "00" * 31 + r + "00" * 31 + s + "00" for r, s in (("01", "0a"), ("0a", "01"))
)
QBFT = "f8f0" + "".join(_PARTS) + "83fedcba" + _SEALS
IBFT2 = "f8f1" + "".join(_PARTS) + "8400fedcba" + _SEALS

KEYS = [PrivateKey.from_int(number) for number in range(1, 5)]
VALIDATORS = sorted(address_of(key.public_key) for key in KEYS)


def header(extra: bytes, *, name: str = "besu-ibft2") -> Header:
    return Header.decode(header_rlp(HEADERS[name] | {"extraData": "0x" + extra.hex()}))


@pytest.mark.parametrize("name", HEADERS)
def test_headers_of_every_age_have_their_hash(name: str) -> None:
    block = HEADERS[name]
    data = header_rlp(block)
    read = Header.decode(data)
    assert len(read.items) == FIELDS[name]
    assert (read.number, read.timestamp) == (int(block["number"], 16), int(block["timestamp"], 16))
    assert read.state_root.hex() == block["stateRoot"][2:]
    assert bytes.fromhex(block["hash"][2:]) in names_of(read)
    assert read.encode() == data


def test_a_block_that_besu_sealed() -> None:
    """Its name leaves out seals and round, and the seals are those of three of its validators."""
    block = HEADERS["besu-ibft2"]
    read = Header.decode(header_rlp(block))
    sealing = sealing_of(read)
    assert sealing is not None
    assert sealing.is_ibft2
    assert sealing.round == b"\0\0\0\1"
    assert keccak256(read.encode()).hex() != block["hash"][2:]
    assert keccak256(read.encode(sealing.without_round())).hex() == block["hash"][2:]
    signers = signers_of(read, sealing)
    # As ibft_getValidatorsByBlockNumber answered.
    assert [address.hex()[:8] for address in sealing.validators] == [
        "27a97c9a",
        "93917cad",
        "98c13344",
        "ce412f98",
    ]
    assert len(set(signers)) == 3
    assert set(signers) < set(sealing.validators)


@pytest.mark.parametrize(("encoded", "is_ibft2"), [(QBFT, False), (IBFT2, True)])
def test_extra_data_of_besus_own_tests(encoded: str, is_ibft2: bool) -> None:
    sealing = sealing_of(header(bytes.fromhex(encoded)))
    assert sealing is not None
    assert sealing.is_ibft2 is is_ibft2
    assert sealing.vanity == bytes(range(32))
    assert sealing.validators == (bytes(19) + b"\1", bytes(19) + b"\2")
    assert sealing.vote == [bytes(19) + b"\1", b"\xff"]
    assert int.from_bytes(sealing.round, "big") == 0xFEDCBA
    assert [seal[31] for seal in sealing.seals] == [1, 10]
    parts = [sealing.vanity, list(sealing.validators), sealing.vote]
    if is_ibft2:
        assert sealing.without_seals() == library.encode([*parts, sealing.round])
        assert sealing.without_round() == library.encode(parts)
    else:
        assert sealing.without_seals() == library.encode([*parts, sealing.round, []])
        assert sealing.without_round() == library.encode([*parts, 0, []])


@pytest.mark.parametrize("turn", [0, 3])
def test_qbft_seals_are_over_the_header_with_the_round_and_without_seals(turn: int) -> None:
    """The hash is made here by another library, field by field."""
    unsealed = library.encode([bytes(32), VALIDATORS, [], turn, []])
    digest = keccak256(header(unsealed).encode())
    seals = [key.sign_recoverable(digest, hasher=None) for key in KEYS[:3]]
    read = header(library.encode([bytes(32), VALIDATORS, [], turn, seals]))
    sealing = sealing_of(read)
    assert sealing is not None
    assert signers_of(read, sealing) == tuple(address_of(key.public_key) for key in KEYS[:3])
    # Whatever the seals and the round, the block has one name.
    assert names_of(read) & names_of(header(library.encode([bytes(32), VALIDATORS, [], 0, []])))


def test_seals_that_are_none_are_refused() -> None:
    for seal, reason in ((bytes(65), "no signature"), (bytes(64) + b"\x1b", "recovery id")):
        read = header(library.encode([bytes(32), VALIDATORS, [], 0, [seal]]))
        sealing = sealing_of(read)
        assert sealing is not None
        with pytest.raises(InvalidProof, match=reason):
            signers_of(read, sealing)


@pytest.mark.parametrize(
    "extra",
    [
        b"",
        b"geth",
        library.encode([]),
        library.encode([bytes(32), VALIDATORS, [], 0]),
        library.encode([bytes(31), VALIDATORS, [], 0, []]),
        library.encode([bytes(32), b"", [], 0, []]),
        library.encode([bytes(32), [b"short"], [], 0, []]),
        library.encode([bytes(32), VALIDATORS, b"vote", 0, []]),
        library.encode([bytes(32), VALIDATORS, [], b"\x00\x01", []]),
        library.encode([bytes(32), VALIDATORS, [], 0, [bytes(64)]]),
        library.encode([bytes(32), [bytes(20)] * 257, [], 0, []]),
    ],
)
def test_other_extra_data_names_no_validators(extra: bytes) -> None:
    read = header(extra)
    assert sealing_of(read) is None
    assert names_of(read) == {keccak256(read.encode())}


@pytest.mark.parametrize(
    ("count", "need"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4), (7, 5), (10, 7)]
)
def test_two_thirds_are_needed_rounded_up(count: int, need: int) -> None:
    assert quorum_of(count) == need


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda items: items[:14], "14 fields"),
        (lambda items: [*items, b""] * 2, "32 fields"),
        (lambda items: [*items, b"", b"", b""], "18 fields"),
        (lambda items: [b"short", *items[1:]], "field parent"),
        (lambda items: [*items[:8], b"\x00\x01", *items[9:]], "field number"),
        (lambda items: [*items[:8], b"\xff" * 8, *items[9:]], "too large"),
        (lambda items: [*items[:12], [], *items[13:]], "field extra"),
        (lambda items: [*items, b"\x00\x07"], "field base_fee"),
    ],
)
def test_headers_are_read_strictly(change, reason: str) -> None:
    items = library.decode(header_rlp(HEADERS["mainnet-genesis"]))
    with pytest.raises(InvalidProof, match=reason):
        Header.decode(library.encode(change(items)))
    with pytest.raises(InvalidProof):
        Header.decode(library.encode(items) + b"\0")
