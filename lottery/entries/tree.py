"""The tree over a leaf file (RFC 6962 §2.1): root, kept levels, the file's digest."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from lottery.entries.hashing import level_above
from lottery.entries.layout import HEIGHT
from lottery.entries.model import Progress
from lottery.entries.simd import PAD

#: Leaves that are taken at once: a multiple of what a node of the lowest kept level spans.
_LEAVES: Final = 1 << 15


@dataclass(frozen=True)
class Tree:
    """``levels`` are the nodes from ``HEIGHT`` up, the root last."""

    root: bytes
    leaves_sha256: str
    levels: bytes


def tree_of(path: Path, progress: Progress) -> Tree:
    """Hash the tree over a file of leaf hashes, 32 bytes each, at least one.

    Raises:
        ValueError: the file is not a row of digests.
    """
    size = path.stat().st_size
    if not size or size % 32:
        raise ValueError("a leaf file has 32 bytes for each entry")
    digest = hashlib.sha256()
    lowest = []
    buffer = np.empty(32 * _LEAVES + PAD, np.uint8)
    view = buffer.data[: 32 * _LEAVES]
    with path.open("rb", buffering=0) as file:
        done = 0
        while length := _filled(file, view):
            digest.update(view[:length])
            count = length // 32
            for _ in range(HEIGHT):
                count = level_above(buffer, count, buffer)
            lowest.append(buffer[: 32 * count].tobytes())
            done += length
            progress(done // 32, size // 32, "tree")
    levels = [b"".join(lowest)]
    while len(levels[-1]) > 32:
        row = np.frombuffer(levels[-1] + bytes(PAD), np.uint8)
        above = np.empty(len(levels[-1]) // 2 + 32, np.uint8)
        count = level_above(row, len(levels[-1]) // 32, above)
        levels.append(above[: 32 * count].tobytes())
    return Tree(levels[-1], digest.hexdigest(), b"".join(levels))


def _filled(file: object, view: memoryview) -> int:
    """Fill ``view`` as far as the file goes."""
    length = 0
    while length < len(view):
        read = file.readinto(view[length:])  # type: ignore[attr-defined]
        if not read:
            break
        length += read
    return length
