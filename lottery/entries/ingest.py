"""The first pass: the file into the spool, its duplicates, and what each class holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lottery.entries.buckets import COARSE, Buckets, count_coarse
from lottery.entries.duplicates import Repeats, repeats_in
from lottery.entries.errors import Unreadable
from lottery.entries.hashing import bytes_of, lookup_entries
from lottery.entries.jit import Int, compiled
from lottery.entries.model import PoolCount, Progress, Rules
from lottery.entries.problems import Problems
from lottery.entries.rows import Reading
from lottery.entries.spool import Spool
from lottery.entries.table import Table

_LOOKUP: Final = b"lottery/lookup/v1\n"


@dataclass
class Ingested:
    """What the first pass found. ``entries``, ``sizes``: entries and bytes of fields by class."""

    spool: Spool
    problems: Problems
    buckets: Buckets
    repeats: Repeats
    entries: NDArray[np.int64]
    sizes: NDArray[np.int64]

    @property
    def rows(self) -> int:
        """Rows that are entries or have a problem."""
        return self.spool.count + self.problems.count

    def per_pool(self, rules: Rules) -> tuple[PoolCount, ...]:
        """What a commitment would hold."""
        counted = []
        for at, pool in enumerate(rules.pools):
            first = at * (rules.max_weight + 1)
            found = self.entries[first : first + rules.max_weight + 1]
            weights = tuple((int(w), int(found[w])) for w in np.flatnonzero(found))
            tickets = sum(weight * count for weight, count in weights)
            counted.append(PoolCount(pool, int(found.sum()), tickets, weights))
        return tuple(counted)


@contextmanager
def ingested(
    table: Table, reading: Reading, draw_id: str, key: bytes, folder: Path, progress: Progress
) -> Iterator[Ingested]:
    """Read the whole table. ``key`` is that of lookups, or a random one when nothing is kept;
    the temporary file lies in ``folder``.

    Raises:
        Unreadable: no table, or more entries than the rules allow.
    """
    rules = reading.rules
    with Spool(folder, table.file_bytes) as spool:
        problems = Problems()
        histogram = np.zeros(1 << COARSE, np.int64)
        classes = len(rules.pools) * (rules.max_weight + 1)
        counts = np.zeros(classes, np.int64), np.zeros(classes, np.int64)
        prefix = _LOOKUP + draw_id.encode()
        prefixed, secret = bytes_of(prefix), bytes_of(key)
        for chunk in table.chunks(reading, problems, progress):
            keys = np.empty(len(chunk), np.uint64)
            sizes = chunk.id_sizes, chunk.field_sizes
            lookup_entries(chunk.data, *sizes, prefixed, len(prefix), secret, keys)
            count_coarse(keys, histogram)
            _tally(chunk.classes, chunk.field_sizes, 1, *counts)
            spool.add(chunk, keys)
            if spool.count > rules.max_rows:
                raise Unreadable(
                    "too-many-rows",
                    f"Row {chunk.rows[-1]}: the list has more than {rules.max_rows} entries",
                )
        buckets = _filled(histogram, spool, progress)
        repeats = repeats_in(spool, buckets)
        found = Ingested(spool, problems, buckets, repeats, *counts)
        _without(found, rules)
        yield found


def _filled(histogram: NDArray[np.int64], spool: Spool, progress: Progress) -> Buckets:
    buckets, done = Buckets(histogram), 0
    for keys in spool.take_keys():
        buckets.add(keys)
        done += len(keys)
        progress(done, spool.count, "duplicates")
    buckets.finish()
    return buckets


def _without(found: Ingested, rules: Rules) -> None:
    """Take out of the counts what a commitment leaves out."""
    if rules.duplicates != "first":
        return
    later = found.repeats.later
    for first, chunk in found.spool.some(later):
        low, high = np.searchsorted(later, (first, first + len(chunk)))
        chosen = later[low:high] - first
        classes, sizes = chunk.classes[chosen], chunk.field_sizes[chosen]
        _tally(classes, sizes, -1, found.entries, found.sizes)


@compiled
def _tally(
    classes: NDArray[np.int32],
    field_sizes: NDArray[np.uint16],
    times: Int,
    entries: NDArray[np.int64],
    sizes: NDArray[np.int64],
) -> None:
    for i in range(classes.size):
        entries[classes[i]] += times
        sizes[classes[i]] += times * (np.int64(field_sizes[i]) + 1)


def folder_for(path: Path) -> Path:
    """Where a temporary file for this list has room: beside it, when that can be written to."""
    parent = path.resolve().parent
    if os.access(parent, os.W_OK):
        return parent
    import tempfile

    return Path(tempfile.gettempdir())
