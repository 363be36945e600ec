"""Entries by the first bits of their lookup key, compiled: what duplicates are found in, and what a
lookup reads.

Two steps, so that neither writes to more places at once than the processor keeps track of.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lottery.entries.jit import Int, compiled
from lottery.entries.layout import bucket_bits

Keys = NDArray[np.uint64]
Numbers = NDArray[np.uint32]
Integers = NDArray[np.int64]

#: Bits of the first step.
COARSE: Final = 10
#: Within a bucket of more entries than this nobody compares each with each.
_MANY: Final = 256


class Buckets:
    """Keys and the ordinals of their entries, bucket by bucket; ordinals ascend within a bucket.

    ``histogram`` counts the keys by their first ``COARSE`` bits; ``add`` has to be called with all
    of them, then ``finish``. Bucket b is ``keys[offsets[b]:offsets[b + 1]]``.
    """

    def __init__(self, histogram: Integers) -> None:
        count = int(histogram.sum())
        self.bits = bucket_bits(count)
        self.keys = np.empty(count, np.uint64)
        self.ordinals = np.empty(count, np.uint32)
        self.offsets = np.zeros((1 << self.bits) + 1, np.uint32)
        self._bounds = np.zeros(len(histogram) + 1, np.int64)
        np.cumsum(histogram, out=self._bounds[1:])
        self._cursors = self._bounds[:-1].copy()
        self._added = 0

    def add(self, keys: Keys) -> None:
        """Take the keys of the next entries."""
        _scatter(keys, self._added, self._cursors, self.keys, self.ordinals)
        self._added += len(keys)

    def finish(self) -> None:
        """Bring each coarse bucket into fine ones."""
        largest = int(np.diff(self._bounds).max(initial=0))
        keys, ordinals = np.empty(largest, np.uint64), np.empty(largest, np.uint32)
        _refine(self.keys, self.ordinals, self._bounds, self.bits, self.offsets, keys, ordinals)
        sizes = np.diff(self.offsets.astype(np.int64))
        for bucket in np.flatnonzero(sizes > _MANY):
            part = slice(int(self.offsets[bucket]), int(self.offsets[bucket + 1]))
            order = np.argsort(self.keys[part], kind="stable")
            self.keys[part] = self.keys[part][order]
            self.ordinals[part] = self.ordinals[part][order]

    def release(self) -> None:
        """Let go of the keys, which are the largest part."""
        self.keys = np.empty(0, np.uint64)

    def repeated(self) -> NDArray[np.int64]:
        """Ordinals of all entries whose key another entry has as well, ascending."""
        marked = np.zeros((len(self.keys) + 63) // 64, np.uint64)
        if not _repeated(self.keys, self.ordinals, self.offsets, marked):
            return np.empty(0, np.int64)
        return np.flatnonzero(np.unpackbits(marked.view(np.uint8), bitorder="little"))


@compiled
def count_coarse(keys: Keys, histogram: Integers) -> None:
    """Add ``keys`` to the counts by their first ``COARSE`` bits."""
    for i in range(keys.size):
        histogram[np.int64(keys[i] >> np.uint64(64 - COARSE))] += 1


@compiled
def _scatter(keys: Keys, first: Int, cursors: Integers, out: Keys, ordinals: Numbers) -> None:
    for i in range(keys.size):
        bucket = np.int64(keys[i] >> np.uint64(64 - COARSE))
        at = cursors[bucket]
        cursors[bucket] = at + 1
        out[at] = keys[i]
        ordinals[at] = first + i


@compiled
def _refine(
    keys: Keys,
    ordinals: Numbers,
    bounds: Integers,
    bits: Int,
    offsets: Numbers,
    spare_keys: Keys,
    spare_ordinals: Numbers,
) -> None:
    """Sort by the first ``bits`` bits, which are more than those of the first step or fewer."""
    if bits <= COARSE:  # the coarse buckets lie in the right order: only their bounds are asked for
        for bucket in range(1 << bits):
            offsets[bucket] = bounds[bucket << (COARSE - bits)]
        offsets[1 << bits] = keys.size
        return
    fine = 1 << (bits - COARSE)
    counts = np.empty(fine, np.int64)
    for coarse in range(1 << COARSE):
        first, end = bounds[coarse], bounds[coarse + 1]
        counts[:] = 0
        for i in range(first, end):
            counts[np.int64(keys[i] >> np.uint64(64 - bits)) & (fine - 1)] += 1
        at = first
        for k in range(fine):
            offsets[coarse * fine + k] = at
            counts[k], at = at - first, at + counts[k]
        for i in range(first, end):
            k = np.int64(keys[i] >> np.uint64(64 - bits)) & (fine - 1)
            spare_keys[counts[k]], spare_ordinals[counts[k]] = keys[i], ordinals[i]
            counts[k] += 1
        keys[first:end] = spare_keys[: end - first]
        ordinals[first:end] = spare_ordinals[: end - first]
    offsets[1 << bits] = keys.size


@compiled
def _repeated(keys: Keys, ordinals: Numbers, offsets: Numbers, marked: Keys) -> Int:
    """Set the bits of entries whose key is there twice; how many were found, roughly."""
    found = 0
    for bucket in range(offsets.size - 1):
        first, end = np.int64(offsets[bucket]), np.int64(offsets[bucket + 1])
        ordered = end - first > _MANY
        for i in range(first + 1, end):
            for k in range(i - 1 if ordered else first, i):
                if keys[k] == keys[i]:
                    found += 1
                    for one in (ordinals[i], ordinals[k]):
                        marked[one >> 6] |= np.uint64(1) << np.uint64(one & 63)
                    break
    return found
