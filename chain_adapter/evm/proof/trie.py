"""Proofs in Ethereum's Merkle-Patricia tries (Yellow Paper, appendix D), keyed by hashes.

A node is a list: a branch has seventeen items (a child for each nibble, and a value that these
tries never use, because all keys are 32 bytes long); a leaf or an extension has two, a path in
hex-prefix encoding (appendix C) and a value or child. A child is named by its hash when its
encoding has 32 bytes or more, and stands inline otherwise.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, TypeVar

from chain_adapter.errors import InvalidProof
from chain_adapter.evm.layout import keccak256
from chain_adapter.evm.proof.rlp import Item, decode_list, encode, text

#: The hash of the trie with nothing in it.
EMPTY_TRIE: Final = keccak256(encode(b""))


def value_at(root: bytes, key: bytes, nodes: Sequence[bytes]) -> bytes | None:
    """The value under ``keccak256(key)`` in the trie of hash ``root``; None when ``nodes`` prove
    that there is none. ``nodes`` lead from the top to the end of the path and hold nothing else.

    Raises:
        InvalidProof: they do not.
    """
    return value_on(root, keccak256(key).hex(), nodes)


def value_on(root: bytes, path: str, nodes: Sequence[bytes]) -> bytes | None:
    """:func:`value_at` for the path itself, in hexadecimal digits; all paths are equally long."""
    given = deque(nodes)
    if root == EMPTY_TRIE and list(given) in ([], [encode(b"")]):
        return None
    node: list[Item] | None = _named(root, given, top=True)
    value = None
    while node is not None:
        if len(node) == 17 and path:
            node, path = _child(node[int(path[0], 16)], given), path[1:]
            continue
        part, is_leaf = _part(node)
        if is_leaf and len(part) != len(path):
            raise InvalidProof("a trie's leaf lies at the wrong depth")
        if not is_leaf and not 0 < len(part) < len(path):
            raise InvalidProof("a trie's extension is empty or too long")
        if not path.startswith(part):
            break
        if is_leaf:
            value = _present(text(node[1]))
            break
        node, path = _child(_present(node[1]), given), path[len(part) :]
    if given:
        raise InvalidProof("there are more nodes than the path needs")
    return value


def _part(node: list[Item]) -> tuple[str, bool]:
    """The part of the path in a leaf or an extension, and whether it is a leaf."""
    if len(node) != 2:
        raise InvalidProof(f"a trie's node cannot have {len(node)} items here")
    return _hex_prefix(text(node[0]))


def _hex_prefix(data: bytes) -> tuple[str, bool]:
    """Nibbles of a path and whether a leaf's (Yellow Paper, appendix C)."""
    digits = data.hex()
    if not digits or digits[0] not in "0123" or (digits[0] in "02" and digits[1] != "0"):
        raise InvalidProof("a trie's path is not in hex-prefix encoding")
    return digits[1 if digits[0] in "13" else 2 :], digits[0] in "23"


def _child(found: Item, given: deque[bytes]) -> list[Item] | None:
    """The node that a child's place names, holds, or does not have."""
    if isinstance(found, bytes):
        return _named(text(found, 32), given, top=False) if found else None
    inline = encode(found)
    if len(inline) >= 32:
        raise InvalidProof("a trie's node of 32 bytes or more stands inline")
    if given and given[0] == inline:  # some nodes list them once more
        given.popleft()
    return found


def _named(digest: bytes, given: deque[bytes], *, top: bool) -> list[Item]:
    """The next of the given nodes, which must have this hash."""
    if not given:
        raise InvalidProof("the nodes end before the path does")
    node = given.popleft()
    if keccak256(node) != digest:
        raise InvalidProof("a node does not have the hash that the one above it names")
    if len(node) < 32 and not top:
        raise InvalidProof("a trie's node of fewer than 32 bytes is named by its hash")
    return decode_list(node)


_Held = TypeVar("_Held", bound=Item)


def _present(item: _Held) -> _Held:
    if not item:
        raise InvalidProof("a trie holds nothing where a value or a node must stand")
    return item
