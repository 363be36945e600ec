"""The right edge of a growing tree: all that appending needs of it. Pure, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from chain_adapter.merkle import EMPTY_ROOT, fold_subtrees, node_hash
from chain_adapter.tlog.layout import TILE_HEIGHT


class FullTile(NamedTuple):
    """256 hashes of 32 bytes that never change again, and the hash over them."""

    level: int
    number: int
    root: bytes
    hashes: bytes


@dataclass(slots=True)
class Edge:
    """``rows[level]`` are the hashes of that level's partial tile; ``stack`` the complete subtrees
    the tree consists of, largest first: one for each bit set in ``size``."""

    size: int = 0
    rows: list[list[bytes]] = field(default_factory=lambda: [[]])
    stack: list[bytes] = field(default_factory=list)

    def copy(self) -> Edge:
        return Edge(self.size, [list(row) for row in self.rows], list(self.stack))

    def append(self, leaf: bytes) -> list[FullTile]:
        """Add one leaf hash; the tiles it completed, lowest level first."""
        full: list[FullTile] = []
        self.rows[0].append(leaf)
        digest, height = leaf, 0
        while (self.size >> height) & 1:
            digest = node_hash(self.stack.pop(), digest)
            height += 1
            if height % TILE_HEIGHT == 0:
                full.append(self._fill(height, digest))
        self.stack.append(digest)
        self.size += 1
        return full

    def root(self) -> bytes:
        """The RFC 6962 tree hash."""
        return fold_subtrees(self.stack) if self.stack else EMPTY_ROOT

    def _fill(self, height: int, root: bytes) -> FullTile:
        level = height // TILE_HEIGHT - 1
        tile = FullTile(level, self.size >> height, root, b"".join(self.rows[level]))
        self.rows[level] = []
        if level + 1 == len(self.rows):
            self.rows.append([])
        self.rows[level + 1].append(root)
        return tile
