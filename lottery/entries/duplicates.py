"""The same id twice: found by 8 bytes of a keyed digest, confirmed by all 32 of the id's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lottery.entries.buckets import Buckets
from lottery.entries.canonical import masked
from lottery.entries.chunks import Chunk
from lottery.entries.hashing import id_digests
from lottery.entries.model import NAMED, Duplicate, Rules
from lottery.entries.spool import Spool

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Repeats:
    """``later`` are the ordinals of entries whose id has stood in the list before, ascending, and
    ``first`` those where it stood first."""

    later: Integers
    first: Integers

    @property
    def count(self) -> int:
        return len(self.later)

    def left_out(self, rules: Rules, count: int) -> NDArray[np.uint64]:
        """Bits of the ordinals a commitment leaves out; empty when it leaves out none."""
        if rules.duplicates != "first" or not len(self.later):
            return np.empty(0, np.uint64)
        flags = np.zeros((count + 63) // 64 * 64, np.uint8)
        flags[self.later] = 1
        return np.packbits(flags, bitorder="little").view(np.uint64)

    def named(self, spool: Spool) -> tuple[Duplicate, ...]:
        """The first few, by row."""
        later, first = self.later[:NAMED], self.first[:NAMED]
        if not len(later):
            return ()
        rows, before = spool.rows(later), spool.rows(first)
        ids = _ids(spool, later)
        return tuple(
            Duplicate(int(row), int(earlier), masked(one))
            for row, earlier, one in zip(rows, before, ids, strict=True)
        )


def repeats_in(spool: Spool, buckets: Buckets) -> Repeats:
    """All of them; nothing is read again when no two keys are the same."""
    chosen = buckets.repeated()
    if not len(chosen):
        return Repeats(chosen, chosen)
    digests = np.empty((len(chosen), 4), np.uint64)
    done = 0
    for base, chunk in spool.some(chosen):
        low, high = np.searchsorted(chosen, (base, base + len(chunk)))
        starts = starts_of(chunk)
        picked = chosen[low:high] - base
        id_digests(chunk.data, starts, chunk.id_sizes, picked, digests[low:high])
        done = high
    assert done == len(chosen)  # noqa: S101 - every ordinal lies in one of the chunks
    # Stable and by all of the digest: equal ids stand together, the earliest of them first.
    order = np.lexsort(digests.T)
    same = (digests[order[1:]] == digests[order[:-1]]).all(axis=1)
    begins = np.concatenate(([True], ~same))
    heads = order[np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))]
    repeated = ~begins
    later, first = chosen[order[repeated]], chosen[heads[repeated]]
    by_row = np.argsort(later)
    return Repeats(later[by_row], first[by_row])


def starts_of(chunk: Chunk) -> Integers:
    """Where each entry of a chunk begins in its data."""
    sizes = chunk.id_sizes.astype(np.int64) + chunk.field_sizes
    return np.asarray(np.cumsum(sizes) - sizes)


def _ids(spool: Spool, ordinals: Integers) -> list[str]:
    found = []
    for base, chunk in spool.some(ordinals):
        low, high = np.searchsorted(ordinals, (base, base + len(chunk)))
        starts = starts_of(chunk)
        for at in ordinals[low:high] - base:
            data = chunk.data[starts[at] : starts[at] + chunk.id_sizes[at]]
            found.append(data.tobytes().decode())
    return found
