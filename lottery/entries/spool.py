"""Entries between two passes, in an unnamed file: nothing is left of it when the process ends."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lottery.entries.chunks import Chunk
from lottery.entries.disk import put, reserve
from lottery.entries.layout import FIRST_ROW
from lottery.entries.simd import PAD

Keys = NDArray[np.uint64]
#: Room is taken in pieces of this many bytes.
_ROOM: Final = 64 << 20


class Spool:
    """Chunks with their lookup keys, written once, read as often as needed in the same order."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        self._sizes: list[tuple[int, int]] = []
        self._end = self._room = 0
        #: Where the row is not the one after the row before: (ordinal, row).
        self._jumps: list[NDArray[np.int64]] = []
        self._next_row = FIRST_ROW
        self.count = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def add(self, chunk: Chunk, keys: Keys) -> None:
        """Write a chunk behind the others."""
        self._sizes.append((len(chunk), len(chunk.data) - PAD))
        length = _length(*self._sizes[-1])
        if self._end + length > self._room:
            reserve(self._file.fileno(), self._room, max(length, _ROOM))
            self._room += max(length, _ROOM)
        for array in (keys, chunk.classes, chunk.id_sizes, chunk.field_sizes, chunk.data):
            put(self._file.fileno(), array, self._end)
            self._end += array.nbytes
        rows = chunk.rows.astype(np.int64)
        expected = np.concatenate(([self._next_row], rows[:-1] + 1))
        jumps = np.flatnonzero(rows != expected)
        self._jumps.append(np.stack((jumps + self.count, rows[jumps]), axis=1))
        self._next_row = int(rows[-1]) + 1
        self.count += len(chunk)

    @property
    def numbered(self) -> bool:
        """Whether entry k stands in row k + 2, for all of them."""
        return not any(len(one) for one in self._jumps)

    def rows(self, ordinals: NDArray[np.int64]) -> NDArray[np.uint32]:
        """The rows of the file in which these entries stand."""
        jumps = np.concatenate([np.array([[0, FIRST_ROW]], np.int64), *self._jumps])
        before = np.searchsorted(jumps[:, 0], ordinals, "right") - 1
        rows = jumps[before, 1] + ordinals - jumps[before, 0]
        return np.asarray(rows, np.uint32)

    def lookup_keys(self) -> Iterator[Keys]:
        """The lookup keys alone."""
        at = 0
        for count, size in self._sizes:
            self._file.seek(at)
            yield _read(self._file, count, np.uint64)
            at += _length(count, size)

    def classes(self) -> Iterator[tuple[NDArray[np.int32], NDArray[np.uint16]]]:
        """Classes and sizes of fields alone."""
        at = 0
        for count, size in self._sizes:
            self._file.seek(at + 8 * count)
            classes = _read(self._file, count, np.int32)
            self._file.seek(2 * count, 1)
            yield classes, _read(self._file, count, np.uint16)
            at += _length(count, size)

    def chunks(self, ordinals: NDArray[np.int64] | None = None) -> Iterator[tuple[int, Chunk]]:
        """Chunks with the ordinal of their first entry; without ``rows``. Of the chunks only those
        that have one of ``ordinals`` (ascending), when these are given."""
        at = first = 0
        for count, size in self._sizes:
            if ordinals is None or _between(ordinals, first, first + count):
                self._file.seek(at + 8 * count)
                classes = _read(self._file, count, np.int32)
                id_sizes = _read(self._file, count, np.uint16)
                field_sizes = _read(self._file, count, np.uint16)
                data = np.empty(size + PAD, np.uint8)
                _fill(self._file, data[:size])
                yield first, Chunk(data, id_sizes, field_sizes, classes, np.empty(0, np.uint32))
            at += _length(count, size)
            first += count


def _length(count: int, size: int) -> int:
    return 16 * count + size + PAD


def _between(ordinals: NDArray[np.int64], first: int, end: int) -> bool:
    low, high = np.searchsorted(ordinals, (first, end))
    return bool(low < high)


def _fill(file: Any, array: NDArray[Any]) -> None:
    view = array.data.cast("B")
    while view:
        read = file.readinto(view)
        if not read:
            raise OSError("the temporary file is shorter than it was")
        view = view[read:]


def _read(file: Any, count: int, kind: Any) -> NDArray[Any]:
    array = np.empty(count, kind)
    _fill(file, array)
    return array
