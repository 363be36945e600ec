"""All audit paths of one tree at once: two hashes an entry instead of a tree for each."""

from __future__ import annotations

from collections.abc import Sequence

from chain_adapter.merkle import node_hash


def tree_of(leaves: Sequence[bytes]) -> tuple[bytes, list[bytes]]:
    """Root and every leaf's path (RFC 6962 §2.1.1), each path as one string of 32-byte hashes, the
    leaf's sibling first. At least one leaf."""
    rows = [list(leaves)]
    while len(rows[-1]) > 1:
        row = rows[-1]
        above = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        rows.append(above + row[len(row) & ~1 :])
    return rows[-1][0], [_path(rows, index) for index in range(len(leaves))]


def _path(rows: list[list[bytes]], index: int) -> bytes:
    path = []
    for row in rows[:-1]:
        sibling = index ^ 1
        if sibling < len(row):  # an odd last hash has none: it moves up unchanged
            path.append(row[sibling])
        index >>= 1
    return b"".join(path)
