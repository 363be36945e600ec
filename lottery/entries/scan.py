"""Plain rows of a delimited file to entries, compiled.

What is plain is decided here and nothing else: a row that has anything unusual (quotation marks,
control characters, other scripts in an id, a wrong number of cells, a value that is refused) is
left to ``rows.py``, byte for byte. So both ways give the same, and only that one knows problems.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lottery.entries.canonical import MAX_FIELDS, MAX_ID, MAX_VALUE
from lottery.entries.jit import Int, compiled, inlined
from lottery.entries.simd import copy_32, upper_32
from lottery.entries.split import Bits, Bytes, Integers, any_wide, cut_plain_row, cut_row, readable

#: Instead of a class: this row goes the long way; this row is empty.
SLOW: Final = -1
EMPTY: Final = -2
#: Free bytes that ``out`` has to have for one more entry: nine cells, their separators, an id.
ROOM: Final = 8192

_TAB, _SPACE, _UNIT = 0x09, 0x20, 0x1F
_FACTORS: Final = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], np.int64)
_CHECK: Final = np.frombuffer(b"10X98765432", np.uint8)
_MAX_FIELDS, _MAX_ID, _MAX_VALUE = MAX_FIELDS, MAX_ID, MAX_VALUE


@inlined
def _blank(data: Bytes, start: Int, end: Int, delimiter: Int) -> Any:
    for at in range(start, end):
        if data[at] != _SPACE and data[at] != _TAB and data[at] != delimiter:
            return False
    return True


@inlined
def _copy_id(data: Bytes, first: Int, stop: Int, out: Bytes, at: Int, resident: bool) -> Int:
    """Write the canonical id; its length, or 0 when it is left to the long way."""
    length = stop - first
    if length > _MAX_ID:
        return 0
    blanks = np.uint64(0)
    for i in range(0, length, 32):
        found = upper_32(data, first + i, out, at + i)
        if length - i < 32:
            found &= (np.uint64(1) << np.uint64(length - i)) - np.uint64(1)
        blanks |= found
    if blanks != 0:
        kept = 0
        for i in range(length):
            letter = out[at + i]
            if letter != _SPACE and letter != _TAB:
                out[at + kept] = letter
                kept += 1
        length = kept
    return _resident(out, at, length) if resident else length


@inlined
def _resident(out: Bytes, at: Int, length: Int) -> Int:
    """The same for an ID-card number: 18 when it is one."""
    if length == 15:
        for i in range(14, 5, -1):
            out[at + i + 2] = out[at + i]
        out[at + 6], out[at + 7] = 0x31, 0x39
    elif length != 18:
        return 0
    total = 0
    for i in range(17):
        digit = np.int64(out[at + i]) - 48
        if digit < 0 or digit > 9:
            return 0
        total += digit * _FACTORS[i]
    check = _CHECK[total % 11]
    if length == 15:
        out[at + 17] = check
    elif out[at + 17] != check:
        return 0
    return 18


@inlined
def _trimmed(data: Bytes, first: Int, stop: Int) -> tuple[Int, Int]:
    while first < stop and (data[first] == _SPACE or data[first] == _TAB):
        first += 1
    while stop > first and (data[stop - 1] == _SPACE or data[stop - 1] == _TAB):
        stop -= 1
    return first, stop


@inlined
def _pool(data: Bytes, first: Int, stop: Int, names: Bytes, ends: Integers) -> Int:
    """Which pool the cell names, -1 for none."""
    first, stop = _trimmed(data, first, stop)
    start = 0
    for pool in range(ends.size):
        length = ends[pool] - start
        if length == stop - first:
            same = True
            for i in range(length):
                if names[start + i] != data[first + i]:
                    same = False
                    break
            if same:
                return pool
        start = ends[pool]
    return -1


@inlined
def _weight(data: Bytes, first: Int, stop: Int, greatest: Int) -> Int:
    """The weight, 0 when it is left to the long way."""
    first, stop = _trimmed(data, first, stop)
    if stop - first > 9:
        return 0
    value: Int = 0
    for i in range(first, stop):
        digit = np.int64(data[i]) - 48
        if digit < 0 or digit > 9:
            return 0
        value = 10 * value + digit
    return value if value <= greatest else 0


@inlined
def _copy_fields(
    data: Bytes, cells: Integers, public: Integers, out: Bytes, at: Int, weight: Int
) -> Int:
    """Write weight and public values after the pool; where they end, -1 for the long way."""
    out[at] = _UNIT
    size, above = 1, 10
    while above <= weight:
        size += 1
        above *= 10
    for i in range(size):
        out[at + size - i] = 48 + weight % 10
        weight //= 10
    at += 1 + size
    for k in range(public.size):
        column = public[k]
        first, stop = _trimmed(data, cells[2 * column], cells[2 * column + 1])
        length = stop - first
        if length > _MAX_VALUE:
            return -1
        out[at] = _UNIT
        at += 1
        for i in range(0, length, 32):
            blanks = copy_32(data, first + i, out, at + i)
            if blanks != 0:
                for tab in range(first + i, min(first + i + 32, stop)):
                    if data[tab] == _TAB:
                        return -1
        at += length
    return at


@inlined
def _entry(
    data: Bytes,
    cells: Integers,
    places: Integers,
    public: Integers,
    pool_names: Bytes,
    pool_ends: Integers,
    greatest: Int,
    resident: bool,
    out: Bytes,
    used: Int,
) -> tuple[Int, Int, Int]:
    """Write a row's entry: sizes of id and fields, class; the class is SLOW for the long way."""
    at = places[0]
    size = _copy_id(data, cells[2 * at], cells[2 * at + 1], out, used, resident)
    pool, weight = 0, 1
    if places[1] >= 0:
        at = places[1]
        pool = _pool(data, cells[2 * at], cells[2 * at + 1], pool_names, pool_ends)
    if places[2] >= 0:
        at = places[2]
        weight = _weight(data, cells[2 * at], cells[2 * at + 1], greatest)
    if size == 0 or pool < 0 or weight == 0:
        return 0, 0, SLOW
    first = used + size
    before = pool_ends[pool - 1] if pool > 0 else 0
    named = pool_ends[pool] - before
    for i in range(named):
        out[first + i] = pool_names[before + i]
    last = _copy_fields(data, cells, public, out, first + named, weight)
    if last < 0 or last > first + _MAX_FIELDS:
        return 0, 0, SLOW
    return size, last - first, pool * (greatest + 1) + weight


@compiled
def scan(
    data: Bytes,
    start: Int,
    end: Int,
    final: bool,
    marks: NDArray[np.int32],
    mark: Int,
    wide: Bits,
    delimiter: Int,
    width: Int,
    places: Integers,
    public: Integers,
    pool_names: Bytes,
    pool_ends: Integers,
    greatest: Int,
    resident: bool,
    out: Bytes,
    id_sizes: NDArray[np.uint16],
    field_sizes: NDArray[np.uint16],
    classes: NDArray[np.int32],
    raw: Integers,
) -> tuple[Int, Int, Int, Int]:
    """Read rows from ``start`` on; where it stopped, at which mark, how many rows and bytes.

    Plain rows are written to ``out`` one after the other, id and fields, with their sizes and their
    class (pool · (greatest + 1) + weight); ``raw`` has the bounds of every row. ``marks`` and
    ``wide`` are what ``split.mark`` found, ``places`` the columns of id, pool and weight, -1 for
    one not used. It stops when the arrays are full, and at a row that the data does not hold whole,
    unless ``final``.
    """
    cells = np.zeros(2 * max(width, 1), np.int64)
    rows, used = 0, 0
    while start < end and rows < classes.size and used + ROOM <= out.size:
        count, plain = width, True
        stop, after, following = cut_plain_row(
            data, start, end, marks, mark, delimiter, cells, width
        )
        if after < 0:
            stop, after, following, count, plain = cut_row(
                data, start, end, marks, mark, delimiter, cells
            )
        if after < 0:
            if not final:
                break
            after = end
        mark = following
        raw[rows, 0], raw[rows, 1] = start, stop
        id_sizes[rows], field_sizes[rows], classes[rows] = 0, 0, SLOW
        if _blank(data, start, stop, delimiter):
            classes[rows] = EMPTY
        elif plain and count == width and readable(data, wide, start, stop):
            for k in range(places.size):
                place = places[k]
                if place >= 0 and any_wide(wide, cells[2 * place], cells[2 * place + 1]):
                    plain = False
            if plain:
                first, second, number = _entry(
                    data,
                    cells,
                    places,
                    public,
                    pool_names,
                    pool_ends,
                    greatest,
                    resident,
                    out,
                    used,
                )
                id_sizes[rows], field_sizes[rows], classes[rows] = first, second, number
                used += first + second
        rows += 1
        start = after
    return start, mark, rows, used
