"""Hashes of the stored tree: roots, proofs and tiles for any size it has had."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Final, Protocol

from chain_adapter.errors import Fatal, NotFound
from chain_adapter.merkle import (
    EMPTY_ROOT,
    complete_subtrees,
    consistency_ranges,
    fold_subtrees,
    inclusion_ranges,
    leaf_hash,
    node_hash,
)
from chain_adapter.tlog.edge import Edge
from chain_adapter.tlog.layout import TILE_HEIGHT, TILE_WIDTH, width_in

_CACHED_TILES: Final = 1024  # 8 MiB
_CACHED_TREES: Final = 8
_KNOWN_HASHES: Final = 65_536  # of one tree, about 12 MiB


class Reading(Protocol):
    """What trees are read from; ranges are half-open."""

    def entries(self, first: int, end: int) -> list[bytes]:
        """The bytes of entries, as far as they exist."""

    def tile(self, level: int, number: int) -> bytes | None:
        """The 8,192 bytes of a full tile."""

    def tile_roots(self, level: int, first: int, end: int) -> list[bytes]:
        """The hash over each full tile of a level."""


class Readable(Protocol):
    """Whatever keeps entries and full tiles."""

    def read(self) -> AbstractContextManager[Reading]: ...


class Forest:
    """The trees of one log, one for each size; the newest used are kept."""

    def __init__(self, storage: Readable) -> None:
        self._storage = storage
        # Full tiles never change, and neither does the tree of a given size.
        self.full_tile = lru_cache(maxsize=_CACHED_TILES)(self._full_tile)
        self.tree = lru_cache(maxsize=_CACHED_TREES)(self._tree)

    def partial_tile(self, level: int, number: int, width: int) -> bytes:
        """The first ``width`` hashes of a tile that need not be full."""
        first = number * TILE_WIDTH
        with self._storage.read() as session:
            if level == 0:
                hashes = [leaf_hash(data) for data in session.entries(first, first + width)]
            else:
                hashes = session.tile_roots(level - 1, first, first + width)
        if len(hashes) != width:
            raise Fatal(f"the ledger's database lacks hashes of tile {level}/{number}")
        return b"".join(hashes)

    def _full_tile(self, level: int, number: int) -> bytes:
        with self._storage.read() as session:
            hashes = session.tile(level, number)
        if hashes is None or len(hashes) != TILE_WIDTH * 32:
            raise Fatal(f"the ledger's database lacks tile {level}/{number}")
        return hashes

    def _tree(self, size: int) -> Tree:
        return Tree(self, size)


class Tree:
    """The tree of the first ``size`` leaves. Thread-safe; remembers the hashes it has computed."""

    def __init__(self, forest: Forest, size: int) -> None:
        self.size: Final = size
        self._forest = forest
        self._known: dict[tuple[int, int], bytes] = {}
        self._partial: dict[tuple[int, int], bytes] = {}
        self._lock = threading.Lock()

    def root(self) -> bytes:
        return self._range(0, self.size) if self.size else EMPTY_ROOT

    def inclusion(self, index: int) -> tuple[bytes, ...]:
        """The audit path of a leaf.

        Raises:
            NotFound: the tree has no such leaf.
        """
        if not 0 <= index < self.size:
            raise NotFound(f"a tree of {self.size} entries has no entry {index}")
        return tuple(self._range(*each) for each in inclusion_ranges(index, self.size))

    def consistency(self, old: int) -> tuple[bytes, ...]:
        """The proof that this tree extends the one of ``old`` leaves.

        Raises:
            NotFound: ``old`` is larger than this tree.
        """
        if not 0 <= old <= self.size:
            raise NotFound(f"a tree of {self.size} entries does not extend one of {old}")
        return tuple(self._range(*each) for each in consistency_ranges(old, self.size))

    def tile(self, level: int, number: int, width: int) -> bytes:
        """``width`` hashes of a tile, 32 bytes each.

        Raises:
            NotFound: the tree does not reach that far.
        """
        if width > width_in(self.size, level, number):
            raise NotFound(f"a tree of {self.size} entries has no tile {level}/{number}/{width}")
        return self._tile(level, number)[: width * 32]

    def edge(self) -> Edge:
        """What is needed to append to this tree."""
        rows: list[list[bytes]] = []
        while not rows or self.size >> (TILE_HEIGHT * len(rows)):
            level = len(rows)
            number = self.size >> (TILE_HEIGHT * (level + 1))
            width = width_in(self.size, level, number)
            hashes = self._tile(level, number) if width else b""
            rows.append([hashes[i : i + 32] for i in range(0, len(hashes), 32)])
        stack = [self._range(*each) for each in complete_subtrees(0, self.size)]
        return Edge(self.size, rows, stack)

    def _range(self, first: int, end: int) -> bytes:
        """The tree hash of leaves ``first`` to ``end - 1``, a range RFC 6962 splits along."""
        return fold_subtrees(
            [
                self._subtree((last - start).bit_length() - 1, start)
                for start, last in complete_subtrees(first, end)
            ]
        )

    def _subtree(self, height: int, first: int) -> bytes:
        """The hash of the complete subtree of 2^``height`` leaves from ``first`` on."""
        key = (height, first)
        found = self._known.get(key)
        if found is None:
            if height % TILE_HEIGHT:
                half = 1 << (height - 1)
                found = node_hash(
                    self._subtree(height - 1, first), self._subtree(height - 1, first + half)
                )
            else:
                found = self._stored(height // TILE_HEIGHT, first >> height)
            if len(self._known) >= _KNOWN_HASHES:
                self._known.clear()
            self._known[key] = found
        return found

    def _stored(self, level: int, index: int) -> bytes:
        number, offset = divmod(index, TILE_WIDTH)
        return self._tile(level, number)[offset * 32 : offset * 32 + 32]

    def _tile(self, level: int, number: int) -> bytes:
        width = width_in(self.size, level, number)
        if width == TILE_WIDTH:
            return self._forest.full_tile(level, number)
        key = (level, number)
        if key not in self._partial:
            with self._lock:
                if key not in self._partial:
                    self._partial[key] = self._forest.partial_tile(level, number, width)
        return self._partial[key]
