"""Where cells and rows begin and end, compiled: marks are found first, 64 bytes at a time.

Quotation marks are read as Python's csv module reads them, so that a row cut here is the same row
to the long way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lottery.entries.jit import Int, compiled, inlined
from lottery.entries.simd import lowest, marks_at, wide_at

Bytes = NDArray[np.uint8]
Bits = NDArray[np.uint64]
Integers = NDArray[np.int64]

_LINE, _RETURN, _QUOTE = 0x0A, 0x0D, 0x22


@compiled
def mark(data: Bytes, end: Int, delimiter: Int, marks: NDArray[np.int32], wide: Bits) -> Int:
    """Find everything in ``data[:end]`` that a row is cut at, or that makes it unusual.

    ``marks`` become the places of delimiters, line ends, quotation marks and control characters,
    one more at ``end``; ``wide`` bits of bytes beyond ASCII. Both, and ``data``, have room for 64
    bytes more. Returns the number of marks before the last.
    """
    count = 0
    for word in range((end + 63) // 64):
        at = 64 * word
        bits = marks_at(data, at, np.uint8(delimiter))
        beyond = wide_at(data, at)
        if end - at < 64:
            inside = (np.uint64(1) << np.uint64(end - at)) - np.uint64(1)
            bits &= inside
            beyond &= inside
        wide[word] = beyond
        while bits != 0:
            marks[count] = at + lowest(bits)
            count += 1
            bits &= bits - np.uint64(1)
    marks[count] = end
    return count


@inlined
def any_wide(wide: Bits, first: Int, stop: Int) -> Any:
    """Whether any byte of ``first`` to ``stop`` is beyond ASCII."""
    return next_wide(wide, first, stop) < stop


@inlined
def next_wide(wide: Bits, at: Int, stop: Int) -> Int:
    """The first byte from ``at`` on that is beyond ASCII, or ``stop``."""
    while at < stop:
        bits = wide[at >> 6] >> np.uint64(at & 63)
        if bits != 0:
            return min(at + lowest(bits), stop)
        at = (at & ~63) + 64
    return stop


@inlined
def _character(data: Bytes, at: Int, end: Int) -> Int:
    """Bytes of the character at ``data[at]`` when it is well-formed UTF-8 (RFC 3629 §4) and none of
    those that the long way treats in some way; otherwise 0."""
    lead = data[at]
    if 0xC3 <= lead <= 0xDF and lead != 0xD8:
        if at + 1 < end and data[at + 1] & 0xC0 == 0x80:
            return 2
    elif 0xE3 <= lead <= 0xEE:
        if at + 2 < end and data[at + 1] & 0xC0 == 0x80 and data[at + 2] & 0xC0 == 0x80:
            if lead == 0xE3 and data[at + 1] == 0x80 and data[at + 2] == 0x80:
                return 0
            if lead != 0xED or data[at + 1] < 0xA0:
                return 3
    elif 0xF0 <= lead <= 0xF4 and at + 3 < end:
        second = data[at + 1]
        if (lead == 0xF0 and second < 0x90) or (lead == 0xF4 and second > 0x8F):
            return 0
        if second & 0xC0 == 0x80 and data[at + 2] & 0xC0 == 0x80 and data[at + 3] & 0xC0 == 0x80:
            return 4
    return 0


@inlined
def readable(data: Bytes, wide: Bits, start: Int, stop: Int) -> Any:
    """Whether everything beyond ASCII is plain text."""
    at = next_wide(wide, start, stop)
    while at < stop:
        length = _character(data, at, stop)
        if length == 0:
            return False
        at = next_wide(wide, at + length, stop)
    return True


@inlined
def cut_plain_row(
    data: Bytes,
    start: Int,
    end: Int,
    marks: NDArray[np.int32],
    at: Int,
    delimiter: Int,
    cells: Integers,
    width: Int,
) -> tuple[Int, Int, Int]:
    """Cut a row that has ``width`` cells and no other marks: its end, the next row, its first mark.

    The next row is -1 for all others: the answer of most rows, with no decision for each mark.
    """
    last = at + width - 1
    if width < 1 or last + 1 >= marks.size or marks[last] >= end:
        return 0, -1, 0
    stop = np.int64(marks[last])
    following = last + 1
    if data[stop] == _RETURN and marks[following] == stop + 1:
        following += 1
    if data[marks[following - 1]] != _LINE:
        return 0, -1, 0
    different = 0
    first = start
    for k in range(width - 1):
        place = np.int64(marks[at + k])
        different |= data[place] ^ delimiter
        cells[2 * k], cells[2 * k + 1] = first, place
        first = place + 1
    cells[2 * width - 2], cells[2 * width - 1] = first, stop
    if different != 0:
        return 0, -1, 0
    return stop, np.int64(marks[following - 1]) + 1, following


@compiled
def cut_row(
    data: Bytes,
    start: Int,
    end: Int,
    marks: NDArray[np.int32],
    at: Int,
    delimiter: Int,
    cells: Integers,
) -> tuple[Int, Int, Int, Int, bool]:
    """Cut the row at ``start``, whose first mark is ``marks[at]``.

    Returns its end, the start of the next row (-1 when the data ends before the row does), the mark
    to go on with, the number of cells, and whether no mark in it is unusual. ``cells[2·i]`` and
    ``cells[2·i + 1]`` become the bounds of cell i.
    """
    limit = cells.size // 2
    count, plain = 0, True
    first: Int = start
    stop: Int = end
    after: Int = -1
    while True:
        place = np.int64(marks[at])
        letter = data[place] if place < end else _LINE
        if place >= end or letter in (delimiter, _LINE):
            stop = place
            if place < end and letter == _LINE and place > first and data[place - 1] == _RETURN:
                stop -= 1
            if count < limit:
                cells[2 * count], cells[2 * count + 1] = first, stop
            count += 1
            if place >= end:
                break
            at += 1
            if letter == _LINE:
                after = place + 1
                break
            first = place + 1
        elif letter == _QUOTE and place == first:
            plain = False
            at = _after_quoted(data, marks, at + 1, end)
        else:
            if letter != _RETURN or place + 1 >= end or data[place + 1] != _LINE:
                plain = False
            at += 1
    return stop, after, at, count, plain


@compiled
def _after_quoted(data: Bytes, marks: NDArray[np.int32], at: Int, end: Int) -> Int:
    """The mark after the one that closes the quoted text in which ``marks[at]`` is the first."""
    while marks[at] < end:
        if data[marks[at]] == _QUOTE:
            if marks[at] + 1 >= end or data[marks[at] + 1] != _QUOTE:
                return at + 1
            at += 1
        at += 1
    return at


@compiled
def pack(
    data: Bytes,
    side: Bytes,
    slow: NDArray[np.bool_],
    id_sizes: NDArray[np.uint16],
    field_sizes: NDArray[np.uint16],
    classes: NDArray[np.int32],
    rows: NDArray[np.uint32],
    out: Bytes,
) -> tuple[Int, Int]:
    """Bring the entries of both ways into one order, in place of the arrays given; how many entries
    and bytes of ``out`` there are. Rows with a negative class are left out."""
    kept = 0
    used: Int = 0
    at: Int = 0
    beside: Int = 0
    for i in range(classes.size):
        size = np.int64(id_sizes[i]) + np.int64(field_sizes[i])
        if classes[i] >= 0:
            if slow[i]:
                out[used : used + size] = side[beside : beside + size]
            else:
                out[used : used + size] = data[at : at + size]
            id_sizes[kept], field_sizes[kept] = id_sizes[i], field_sizes[i]
            classes[kept], rows[kept] = classes[i], rows[i]
            kept += 1
            used += size
        if slow[i]:
            beside += size
        else:
            at += size
    return kept, used
