"""The second pass: every entry to its place in the canonical order, hashed, and written there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lottery.entries import layout as names
from lottery.entries.chunks import Chunk
from lottery.entries.disk import created, let_go, put, save
from lottery.entries.duplicates import starts_of
from lottery.entries.hashing import bytes_of, key_states, leaves_of
from lottery.entries.ingest import Ingested
from lottery.entries.jit import Int, compiled
from lottery.entries.model import ListKeys, Progress, Rules
from lottery.entries.simd import PAD, copy_32
from lottery.entries.tree import Growing, Tree, tree_of

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]
_STRIDE: Final = names.STRIDE
_LINE_END: Final = 0x0A
#: Entries after which what has been written need not stay in memory.
_LETTING_GO: Final = 1 << 20


class Cursors:
    """Where the next entry of each class goes: its position, and the place of its fields."""

    def __init__(self, found: Ingested) -> None:
        self.position = np.cumsum(found.entries) - found.entries
        self.byte = np.cumsum(found.sizes) - found.sizes
        self.count = int(found.entries.sum())
        self.slot = np.full(len(found.entries), -1, np.int64)


@dataclass(frozen=True)
class Groups:
    """A chunk's entries class by class: their order, positions, and the bounds of each class."""

    order: Integers
    positions: Integers
    bounds: Integers


def write_entries(
    found: Ingested,
    rules: Rules,
    keys: ListKeys,
    draw_id: str,
    folder: Path,
    progress: Progress,
) -> Tree:
    """Write leaves, tags, fields, rows where they are not plain, and the positions of lookups; the
    tree over the leaves."""
    cursors, spool = Cursors(found), found.spool
    left_out = found.repeats.left_out(rules, spool.count)
    plain = not left_out.size and np.count_nonzero(found.entries) == 1
    places = np.empty(0, np.uint32)
    if not plain:
        places = np.full(spool.count, names.NOBODY, np.uint32)
    sizes = {names.LEAVES: 32 * cursors.count, names.TAGS: 32 * cursors.count}
    sizes |= {names.FIELDS: int(found.sizes.sum())}
    numbered = plain and spool.numbered
    if not numbered:
        sizes |= {names.ROWS: 4 * cursors.count}
    tree, since = Growing(), 0
    with created(folder, sizes) as files:
        hasher = _Hasher(keys, draw_id)
        index = np.zeros((cursors.count + _STRIDE - 1) // _STRIDE, np.uint64)
        for first, chunk in spool.last_pass():
            groups = _grouped(chunk, first, left_out, cursors)
            if len(groups.order):
                if not plain:
                    places[first + groups.order] = groups.positions
                rows = None if numbered else spool.rows(first + groups.order)
                leaves = _write_chunk(files, chunk, groups, cursors, index, hasher, rows)
                if plain:
                    tree.add(leaves)
            since += len(chunk)
            if since > _LETTING_GO:
                since = 0
                for name in (names.LEAVES, names.TAGS, names.FIELDS):
                    let_go(files[name])
            progress(first + len(chunk), spool.count, "hash")
    save(folder / names.FIELDS_INDEX, index)
    _write_positions(found.buckets.ordinals, places, folder / names.LOOKUP_POSITIONS)
    return tree.grown() if plain else tree_of(folder / names.LEAVES, progress)


class _Hasher:
    """The keys as compiled functions take them."""

    def __init__(self, keys: ListKeys, draw_id: str) -> None:
        self._named = len(draw_id.encode())
        self._draw = bytes_of(draw_id.encode())
        self._salt = key_states(bytes_of(keys.salt))
        self._organiser = key_states(bytes_of(keys.organiser))
        self._notary = key_states(bytes_of(keys.notary))

    def __call__(self, chunk: Chunk, starts: Integers, groups: Groups) -> tuple[Bytes, Bytes]:
        """Tags and leaves, 32 bytes each, in the order of the groups."""
        tags = np.empty(32 * len(groups.order), np.uint8)
        leaves = np.empty(32 * len(groups.order), np.uint8)
        leaves_of(
            chunk.data,
            starts,
            chunk.id_sizes,
            chunk.field_sizes,
            groups.order,
            groups.positions,
            self._draw,
            self._named,
            self._salt,
            self._organiser,
            self._notary,
            tags,
            leaves,
        )
        return tags, leaves


def _write_chunk(
    files: dict[str, int],
    chunk: Chunk,
    groups: Groups,
    cursors: Cursors,
    index: NDArray[np.uint64],
    hasher: _Hasher,
    rows: NDArray[np.uint32] | None,
) -> Bytes:
    """Write one chunk; its leaves, in the order of the groups."""
    starts = starts_of(chunk)
    tags, leaves = hasher(chunk, starts, groups)
    lines = np.empty(len(chunk.data) + len(groups.order) + PAD, np.uint8)
    ends, places = np.empty_like(groups.bounds), np.empty_like(groups.bounds)
    _lines(
        chunk.data,
        starts,
        chunk.id_sizes,
        chunk.field_sizes,
        chunk.classes,
        groups.order,
        groups.positions,
        groups.bounds,
        cursors.byte,
        index,
        lines,
        ends,
        places,
    )
    for k in range(len(groups.bounds) - 1):
        first, end = int(groups.bounds[k]), int(groups.bounds[k + 1])
        position = int(groups.positions[first])
        put(files[names.LEAVES], leaves[32 * first : 32 * end], 32 * position)
        put(files[names.TAGS], tags[32 * first : 32 * end], 32 * position)
        put(files[names.FIELDS], lines[ends[k] : ends[k + 1]], int(places[k]))
        if rows is not None:
            put(files[names.ROWS], rows[first:end], 4 * position)
    return leaves


def _grouped(chunk: Chunk, first: int, left_out: NDArray[np.uint64], cursors: Cursors) -> Groups:
    order = np.empty(len(chunk), np.int64)
    positions = np.empty(len(chunk), np.int64)
    bounds = np.empty(len(chunk) + 1, np.int64)
    kept, groups = _group(
        chunk.classes, first, left_out, cursors.position, cursors.slot, order, positions, bounds
    )
    return Groups(order[:kept], positions[:kept], bounds[: groups + 1])


@compiled
def _group(
    classes: NDArray[np.int32],
    first: Int,
    left_out: NDArray[np.uint64],
    cursors: Integers,
    slots: Integers,
    order: Integers,
    positions: Integers,
    bounds: Integers,
) -> tuple[Int, Int]:
    """Bring the entries of a class together, in the order of the file, and give them positions.

    ``slots`` is -1 for every class, before and after. How many entries, how many classes.
    """
    present = np.empty(classes.size, np.int64)
    counts = np.zeros(classes.size + 1, np.int64)
    groups = 0
    kinds = np.empty(classes.size, np.int64)
    for i in range(classes.size):
        at = first + i
        if left_out.size and (left_out[at >> 6] >> np.uint64(at & 63)) & np.uint64(1):
            kinds[i] = -1
            continue
        number = classes[i]
        if slots[number] < 0:
            slots[number] = groups
            present[groups] = number
            groups += 1
        kinds[i] = slots[number]
        counts[kinds[i]] += 1
    bounds[0] = 0
    for k in range(groups):
        bounds[k + 1] = bounds[k] + counts[k]
        counts[k] = bounds[k]
        slots[present[k]] = -1
    for i in range(classes.size):
        k = kinds[i]
        if k >= 0:
            order[counts[k]] = i
            positions[counts[k]] = cursors[present[k]]
            cursors[present[k]] += 1
            counts[k] += 1
    return bounds[groups], groups


@compiled
def _lines(
    data: Bytes,
    starts: Integers,
    id_sizes: NDArray[np.uint16],
    field_sizes: NDArray[np.uint16],
    classes: NDArray[np.int32],
    order: Integers,
    positions: Integers,
    bounds: Integers,
    cursors: Integers,
    index: NDArray[np.uint64],
    out: Bytes,
    ends: Integers,
    places: Integers,
) -> None:
    """The fields of a chunk as lines; ``out[ends[k]:ends[k + 1]]`` are those of group k, which
    belong at ``places[k]`` of the file."""
    used: Int = 0
    for k in range(bounds.size - 1):
        number = classes[order[bounds[k]]]
        ends[k], places[k] = used, cursors[number]
        shift = cursors[number] - used
        for i in range(bounds[k], bounds[k + 1]):
            entry = order[i]
            if positions[i] % _STRIDE == 0:
                index[positions[i] // _STRIDE] = used + shift
            size = np.int64(field_sizes[entry])
            at = starts[entry] + np.int64(id_sizes[entry])
            for step in range(0, size, 32):
                copy_32(data, at + step, out, used + step)
            used += size
            out[used] = _LINE_END
            used += 1
        cursors[number] = used + shift
    ends[bounds.size - 1] = used


def _write_positions(ordinals: NDArray[np.uint32], places: NDArray[np.uint32], path: Path) -> None:
    step = 1 << 20
    with created(path.parent, {path.name: ordinals.nbytes}) as files:
        for start in range(0, len(ordinals), step):
            some = ordinals[start : start + step]
            put(files[path.name], places[some] if len(places) else some, 4 * start)
