"""A Merkle-Patricia trie built from scratch, to make proofs of what a test needs to be there.

Recursive and slow, written from the Yellow Paper's appendix D by way of its definition and not of
the verifier under test; encoded by the library ``rlp``.
"""

from __future__ import annotations

from collections.abc import Mapping

import rlp

from chain_adapter.evm.layout import keccak256

EMPTY = keccak256(rlp.encode(b""))


class Trie:
    """``items``: path in hexadecimal digits (all equally long) → value."""

    def __init__(self, items: Mapping[str, bytes]) -> None:
        self.nodes: dict[bytes, bytes] = {}
        self._top = _node(dict(items), 0, self.nodes) if items else b""
        encoded = rlp.encode(self._top)
        self.root = keccak256(encoded)
        self.nodes[self.root] = encoded

    @classmethod
    def of_hashed(cls, items: Mapping[bytes, bytes]) -> Trie:
        return cls({keccak256(key).hex(): value for key, value in items.items()})

    def proof(self, path: str) -> tuple[bytes, ...]:
        """The nodes from the top along ``path``, as far as the trie goes."""
        found, node = [self.nodes[self.root]], self._top
        while node:
            if len(node) == 17:
                child, path = node[int(path[0], 16)], path[1:]
            else:
                part, leaf = _read_prefix(node[0])
                if leaf or not path.startswith(part):
                    break
                child, path = node[1], path[len(part) :]
            if isinstance(child, bytes) and child:
                found.append(self.nodes[child])
                child = rlp.decode(self.nodes[child])
            node = child
        return tuple(found)

    def proof_of(self, key: bytes) -> tuple[bytes, ...]:
        return self.proof(keccak256(key).hex())


def _node(items: dict[str, bytes], depth: int, nodes: dict[bytes, bytes]) -> list:
    """Appendix D, (194): a leaf, an extension over what all paths share, or a branch."""
    if len(items) == 1:
        ((path, value),) = items.items()
        return [_prefix(path[depth:], leaf=True), value]
    paths = sorted(items)
    shared = depth
    while paths[0][shared] == paths[-1][shared]:
        shared += 1
    if shared > depth:
        part = paths[0][depth:shared]
        return [_prefix(part, leaf=False), _named(_node(items, shared, nodes), nodes)]
    branch = []
    for digit in "0123456789abcdef":
        below = {path: value for path, value in items.items() if path[depth] == digit}
        branch.append(_named(_node(below, depth + 1, nodes), nodes) if below else b"")
    return [*branch, b""]


def _named(node: list, nodes: dict[bytes, bytes]) -> list | bytes:
    encoded = rlp.encode(node)
    if len(encoded) < 32:
        return node
    digest = keccak256(encoded)
    nodes[digest] = encoded
    return digest


def _prefix(digits: str, *, leaf: bool) -> bytes:
    flag = 2 * leaf + len(digits) % 2
    return bytes.fromhex(f"{flag}{digits}" if len(digits) % 2 else f"{flag}0{digits}")


def _read_prefix(data: bytes) -> tuple[str, bool]:
    digits = data.hex()
    return digits[1 if digits[0] in "13" else 2 :], digits[0] in "23"
