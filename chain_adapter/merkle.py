"""Merkle trees of RFC 6962 §2.1 over SHA-256: hashes, proofs, verification. No recursion, no I/O.

Proofs are first planned as ranges of leaves (``inclusion_ranges``, ``consistency_ranges``) and then
filled with the hash of each range, so that a list in memory and tiles in a database share one plan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final

#: The root of the empty tree, RFC 6962 §2.1.
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
#: A half-open range of leaf positions: first, end.
Range = tuple[int, int]


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The tree hash over leaf hashes, or over equally high complete subtrees."""
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    while len(row) > 1:
        # An odd last hash moves up unchanged: it is the right edge's smaller subtree.
        paired = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        row = paired + row[len(row) & ~1 :]
    return row[0]


def complete_subtrees(first: int, end: int) -> list[Range]:
    """Cut a range that starts on a subtree boundary into complete subtrees, largest first."""
    pieces = []
    while first < end:
        width = 1 << ((end - first).bit_length() - 1)
        pieces.append((first, first + width))
        first += width
    return pieces


def fold_subtrees(hashes: Sequence[bytes]) -> bytes:
    """The tree hash over adjacent complete subtrees, largest first (at least one)."""
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """PATH(index, D[size]) of RFC 6962 §2.1.1 as ranges, the leaf's sibling first.

    Raises:
        IndexError: no such leaf.
    """
    if not 0 <= index < size:
        raise IndexError(f"a tree of {size} leaves has no leaf {index}")
    first, end, ranges = 0, size, []
    while end - first > 1:
        split = first + _left_width(end - first)
        if index < split:
            ranges.append((split, end))
            end = split
        else:
            ranges.append((first, split))
            first = split
    return ranges[::-1]


def consistency_ranges(old: int, new: int) -> list[Range]:
    """PROOF(old, D[new]) of RFC 6962 §2.1.2 as ranges; empty when ``old`` is 0 or ``new``.

    Raises:
        IndexError: ``old`` is larger than ``new`` or negative.
    """
    if not 0 <= old <= new:
        raise IndexError(f"no consistency proof leads from {old} to {new} leaves")
    if old == 0:
        return []
    first, end, ranges = 0, new, []
    while old < end:
        split = first + _left_width(end - first)
        if old <= split:
            ranges.append((split, end))
            end = split
        else:
            ranges.append((first, split))
            first = split
    if first:  # else the subtree is the whole old tree, whose root the verifier knows
        ranges.append((first, end))
    return ranges[::-1]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The audit path of leaf ``index`` over leaf hashes held in memory."""
    return _fill(
        inclusion_ranges(index, len(leaves)), lambda first, end: root_of(leaves[first:end])
    )


def consistency_proof(leaves: Sequence[bytes], old: int) -> list[bytes]:
    """The proof that the first ``old`` leaves are a prefix, over leaf hashes held in memory."""
    return _fill(
        consistency_ranges(old, len(leaves)), lambda first, end: root_of(leaves[first:end])
    )


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Whether ``path`` leads from leaf hash ``leaf`` at ``index`` to ``root`` of ``size`` leaves
    (RFC 9162 §2.1.3.2, the same tree)."""
    if not 0 <= index < size:
        return False
    node, last, digest = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            digest = node_hash(sibling, digest)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            digest = node_hash(digest, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and digest == root


def verify_consistency(
    old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Whether the tree of ``new`` leaves extends that of ``old`` (RFC 9162 §2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    nodes = list(path) if old & (old - 1) else [old_root, *path]
    if not nodes:
        return False
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_digest = new_digest = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old_digest = node_hash(sibling, old_digest)
            new_digest = node_hash(sibling, new_digest)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new_digest = node_hash(new_digest, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old_digest == old_root and new_digest == new_root


def _left_width(count: int) -> int:
    """The largest power of two smaller than ``count`` (≥ 2)."""
    return 1 << ((count - 1).bit_length() - 1)


def _fill(ranges: list[Range], hash_of: Callable[[int, int], bytes]) -> list[bytes]:
    return [hash_of(first, end) for first, end in ranges]
