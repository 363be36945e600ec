"""Proofs in tries: by other implementations, and of tries built here to any shape."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import rlp as library
from hypothesis import given, settings
from hypothesis import strategies as st

from chain_adapter import InvalidProof
from chain_adapter.evm.layout import keccak256
from chain_adapter.evm.proof.rlp import decode_list, encode
from chain_adapter.evm.proof.trie import EMPTY_TRIE, value_at, value_on
from tests.chain_adapter.evm.proof.patricia import Trie
from tests.effort import examples

VECTORS = json.loads((Path(__file__).parent / "vectors/proofs.json").read_text())


def unhex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def nodes(texts: list[str]) -> list[bytes]:
    return [unhex(text) for text in texts]


def test_an_account_of_geths_test_chain() -> None:
    vector = VECTORS["hive-account"]
    account = value_at(
        unhex(vector["stateRoot"]), unhex(vector["address"]), nodes(vector["accountProof"])
    )
    assert account is not None
    _, balance, storage, code = decode_list(account)
    assert (balance, storage, code) == (
        unhex("01"),
        unhex(vector["storageHash"]),
        unhex(vector["codeHash"]),
    )
    (slot,) = vector["storageProof"]
    assert value_at(storage, unhex(slot["key"]), nodes(slot["proof"])) is None  # type: ignore[arg-type]


def test_nothing_is_at_the_address_of_eip_1186() -> None:
    vector = VECTORS["eip1186-mainnet"]
    path = nodes(vector["accountProof"])
    root = keccak256(path[0])
    assert root == unhex(vector["stateRoot"])
    assert value_at(root, unhex(vector["address"]), path) is None
    assert value_at(unhex(vector["storageHash"]), bytes(32), []) is None
    for wrong in (path[:-1], path[1:], [*path, path[-1]], path[::-1]):
        with pytest.raises(InvalidProof):
            value_at(root, unhex(vector["address"]), wrong)
    with pytest.raises(InvalidProof):  # another address goes another way
        value_at(root, bytes(20), path)


PATHS = st.text("0123456789abcdef", min_size=4, max_size=4)
#: Short values make inline nodes, long ones hashed ones.
CONTENT = st.dictionaries(PATHS, st.binary(min_size=1, max_size=40), max_size=40)


@settings(max_examples=examples(300), deadline=None)
@given(CONTENT, st.lists(PATHS, max_size=10))
def test_all_that_is_in_a_trie_is_proven_and_all_else_excluded(
    content: dict[str, bytes], others: list[str]
) -> None:
    trie = Trie(content)
    for path in [*content, *others]:
        assert value_on(trie.root, path, trie.proof(path)) == content.get(path)


@settings(max_examples=examples(300), deadline=None)
@given(CONTENT.filter(len), st.data())
def test_no_changed_byte_of_a_proof_passes(content: dict[str, bytes], data: st.DataObject) -> None:
    trie = Trie(content)
    path = data.draw(st.sampled_from(sorted(content)))
    proof = list(trie.proof(path))
    which = data.draw(st.integers(0, len(proof) - 1))
    place = data.draw(st.integers(0, len(proof[which]) - 1))
    changed = bytearray(proof[which])
    changed[place] ^= data.draw(st.integers(1, 255))
    proof[which] = bytes(changed)
    with pytest.raises(InvalidProof, match="hash"):
        value_on(trie.root, path, proof)


@settings(max_examples=examples(200), deadline=None)
@given(CONTENT.filter(lambda content: len(content) > 1), st.data())
def test_another_paths_proof_never_shows_another_value(
    content: dict[str, bytes], data: st.DataObject
) -> None:
    trie = Trie(content)
    path = data.draw(st.sampled_from(sorted(content)))
    other = data.draw(PATHS)
    try:
        found = value_on(trie.root, other, trie.proof(path))
    except InvalidProof:
        return
    assert found == content.get(other)


def test_inline_nodes_may_be_listed_once_more() -> None:
    """As some nodes answer; but only they, and only there."""
    trie = Trie({"1111": b"a", "1112": b"b"})
    proof = trie.proof("1111")
    assert len(proof) == 1
    (extension,) = map(decode_list, proof)
    inline = encode(extension[1])
    assert len(inline) < 32
    assert value_on(trie.root, "1111", [*proof, inline]) == b"a"
    with pytest.raises(InvalidProof, match="more nodes"):
        value_on(trie.root, "1111", [*proof, encode(b"a")])


def test_an_empty_trie_holds_nothing() -> None:
    assert Trie({}).root == EMPTY_TRIE
    assert value_on(EMPTY_TRIE, "11", []) is None
    assert value_on(EMPTY_TRIE, "11", [encode(b"")]) is None
    with pytest.raises(InvalidProof):
        value_on(EMPTY_TRIE, "11", [encode([])])


LONG = b"v" * 40


@pytest.mark.parametrize(
    ("chain", "path", "reason"),
    [
        ([[b"\x20\x11", LONG]], "11", None),
        ([[b"\x31", LONG]], "11", "wrong depth"),
        ([[b"\x20\x11\x11", LONG]], "11", "wrong depth"),
        ([[b"\x20\x11", b""]], "11", "nothing"),
        ([[b"\x20\x11", [LONG]]], "11", "list"),
        ([[b"\x25\x11", LONG]], "11", "hex-prefix"),
        ([[b"\x40\x11", LONG]], "11", "hex-prefix"),
        ([[b"", LONG]], "11", "hex-prefix"),
        ([[b"\x00", LONG]], "11", "empty or too long"),
        ([[b"\x00\x11", LONG]], "11", "empty or too long"),
        ([[b"\x11", b""]], "11", "nothing"),
        ([[b"\x11", b"short"]], "11", "32 must stand"),
        ([[b"\x11", [b"\x31", LONG]]], "11", "stands inline"),
        ([[b"\x20", LONG, b""]], "11", "cannot have 3"),
        ([[b"v"] * 16], "11", "cannot have 16"),
        ([[[b"\x31"] * 2] * 17], "1", "wrong depth"),
    ],
)
def test_what_no_trie_holds_is_refused(chain: list, path: str, reason: str | None) -> None:
    """Properly hashed, so that only the form of the nodes is wrong."""
    encoded = [library.encode(node) for node in chain]
    if reason is None:
        assert value_on(keccak256(encoded[0]), path, encoded[:1]) == LONG
        return
    with pytest.raises(InvalidProof, match=reason):
        value_on(keccak256(encoded[0]), path, encoded[:1])


def test_a_small_node_is_not_named_by_its_hash() -> None:
    small = library.encode([b"\x31", b"v"])
    top = library.encode([b"\x11", keccak256(small)])
    with pytest.raises(InvalidProof, match="fewer than 32"):
        value_on(keccak256(top), "11", [top, small])
