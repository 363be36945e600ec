"""Entries between two passes, in unnamed files: nothing is left of them when the process ends."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lottery.entries.chunks import Chunk
from lottery.entries.disk import fill, let_go, put, reserve
from lottery.entries.layout import FIRST_ROW
from lottery.entries.simd import PAD

Keys = NDArray[np.uint64]
#: Bytes of one file; each is given back as soon as it has been read for the last time.
_FILE: Final = 128 << 20


@dataclass(frozen=True)
class _Place:
    """A chunk's ``count`` entries and ``size`` bytes of data, at ``start`` of a file."""

    file: int
    start: int
    first: int
    count: int
    size: int

    @property
    def length(self) -> int:
        return 8 * self.count + self.size + PAD


class Spool:
    """Chunks, written once and read in the same order; their lookup keys stay in memory."""

    def __init__(self, folder: Path, expected: int) -> None:
        """``expected`` bytes are read from the source: the more, the larger each file."""
        self._folder = folder
        self._expected = expected
        self._size = max(_FILE, expected // 64)
        self._files: list[Any] = []
        self._end = 0
        self._places: list[_Place] = []
        self._keys: list[Keys] = []
        #: Where the row is not the one after the row before: (ordinal, row).
        self._jumps: list[NDArray[np.int64]] = []
        self._next_row = FIRST_ROW
        self.count = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *error: object) -> None:
        for file in self._files:
            file.close()

    def add(self, chunk: Chunk, keys: Keys) -> None:
        """Write a chunk behind the others."""
        place = self._place_for(chunk)
        self._places.append(place)
        self._keys.append(keys)
        file, at = self._files[place.file].fileno(), place.start
        for array in (chunk.classes, chunk.id_sizes, chunk.field_sizes, chunk.data):
            put(file, array, at)
            at += array.nbytes
        self._end = at
        self._note_rows(chunk.rows.astype(np.int64))
        self.count += len(chunk)

    def _place_for(self, chunk: Chunk) -> _Place:
        size = len(chunk.data) - PAD
        length = 8 * len(chunk) + size + PAD
        if not self._files or self._end + length > self._size:
            for file in self._files[-2:]:
                let_go(file.fileno())
            self._files.append(tempfile.TemporaryFile(dir=self._folder, buffering=0))  # noqa: SIM115
            reserve(self._files[-1].fileno(), 0, max(length, min(self._size, self._expected)))
            self._end = 0
        return _Place(len(self._files) - 1, self._end, self.count, len(chunk), size)

    def _note_rows(self, rows: NDArray[np.int64]) -> None:
        expected = np.concatenate(([self._next_row], rows[:-1] + 1))
        jumps = np.flatnonzero(rows != expected)
        if len(jumps):
            self._jumps.append(np.stack((jumps + self.count, rows[jumps]), axis=1))
        self._next_row = int(rows[-1]) + 1

    @property
    def numbered(self) -> bool:
        """Whether entry k stands in row k + 2, for all of them."""
        return not self._jumps

    def rows(self, ordinals: NDArray[np.int64]) -> NDArray[np.uint32]:
        """The rows of the file in which these entries stand."""
        jumps = np.concatenate([np.array([[0, FIRST_ROW]], np.int64), *self._jumps])
        before = np.searchsorted(jumps[:, 0], ordinals, "right") - 1
        return np.asarray(jumps[before, 1] + ordinals - jumps[before, 0], np.uint32)

    def take_keys(self) -> Iterator[Keys]:
        """The lookup keys, once: what has been taken is not held any more."""
        self._keys.reverse()
        while self._keys:
            yield self._keys.pop()

    def some(self, ordinals: NDArray[np.int64]) -> Iterator[tuple[int, Chunk]]:
        """The chunks that hold ``ordinals`` (ascending), each with the ordinal of its first entry
        and without ``rows``."""
        for place in self._places:
            low, high = np.searchsorted(ordinals, (place.first, place.first + place.count))
            if low < high:
                yield place.first, self._chunk(place)

    def last_pass(self) -> Iterator[tuple[int, Chunk]]:
        """All of them, once; nothing can be read afterwards."""
        for place in self._places:
            yield place.first, self._chunk(place)
            for done in self._files[: place.file]:
                done.close()

    def _chunk(self, place: _Place) -> Chunk:
        count = place.count
        return Chunk(
            classes=self._read(place, 0, count, np.int32),
            id_sizes=self._read(place, 4 * count, count, np.uint16),
            field_sizes=self._read(place, 6 * count, count, np.uint16),
            data=self._read(place, 8 * count, place.size + PAD, np.uint8),
            rows=np.empty(0, np.uint32),
        )

    def _read(self, place: _Place, offset: int, count: int, kind: Any) -> NDArray[Any]:
        array = np.empty(count, kind)
        fill(self._files[place.file].fileno(), array, place.start + offset)
        return array
