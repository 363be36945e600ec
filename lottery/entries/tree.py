"""The tree over leaf hashes (RFC 6962 §2.1): its root, kept levels, the digest of the leaves.

Leaves are taken in the canonical order as they come, or from the file once it is written.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lottery.entries.hashing import level_above
from lottery.entries.layout import HEIGHT
from lottery.entries.model import Progress
from lottery.entries.simd import PAD

#: Leaves that are taken at once: a multiple of what a node of the lowest kept level spans.
_LEAVES: Final = 1 << 14


@dataclass(frozen=True)
class Tree:
    """``levels`` are the nodes from ``HEIGHT`` up, the root last."""

    root: bytes
    leaves_sha256: str
    levels: bytes


class Growing:
    """A tree whose leaves are still coming."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._lowest: list[bytes] = []
        self._buffer = np.empty(32 * _LEAVES + PAD, np.uint8)
        self._held = 0
        self.count = 0

    def add(self, leaves: NDArray[np.uint8]) -> None:
        """Take the next leaves, 32 bytes each."""
        self._digest.update(leaves.data)
        self.count += len(leaves) // 32
        at = 0
        while at < len(leaves):
            size = min(len(leaves) - at, 32 * _LEAVES - self._held)
            self._buffer[self._held : self._held + size] = leaves[at : at + size]
            self._held, at = self._held + size, at + size
            if self._held == 32 * _LEAVES:
                self._fold()

    def _fold(self) -> None:
        count = self._held // 32
        for _ in range(HEIGHT):
            count = level_above(self._buffer, count, self._buffer)
        self._lowest.append(self._buffer[: 32 * count].tobytes())
        self._held = 0

    def grown(self) -> Tree:
        """The tree over all of them.

        Raises:
            ValueError: there was none.
        """
        if not self.count:
            raise ValueError("a tree has at least one leaf")
        if self._held:
            self._fold()
        levels = [b"".join(self._lowest)]
        while len(levels[-1]) > 32:
            row = np.frombuffer(levels[-1] + bytes(PAD), np.uint8)
            above = np.empty(len(levels[-1]) // 2 + 32, np.uint8)
            count = level_above(row, len(levels[-1]) // 32, above)
            levels.append(above[: 32 * count].tobytes())
        return Tree(levels[-1], self._digest.hexdigest(), b"".join(levels))


def tree_of(path: Path, progress: Progress) -> Tree:
    """The tree over a file of leaf hashes, at least one.

    Raises:
        ValueError: the file is not a row of digests.
    """
    size = path.stat().st_size
    if not size or size % 32:
        raise ValueError("a leaf file has 32 bytes for each entry")
    tree = Growing()
    with path.open("rb") as file:
        while piece := file.read(32 * _LEAVES):
            tree.add(np.frombuffer(piece, np.uint8))
            progress(tree.count, size // 32, "tree")
    return tree.grown()
