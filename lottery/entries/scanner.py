"""The compiled scanner with the arrays it fills, and the long way beside it."""

from __future__ import annotations

import csv
from typing import Final

import numpy as np

from lottery.entries.chunks import Chunk, class_of
from lottery.entries.model import Problem
from lottery.entries.problems import Problems
from lottery.entries.rows import BadRow, Entry, Reading
from lottery.entries.scan import EMPTY, SLOW, scan
from lottery.entries.simd import PAD
from lottery.entries.split import mark, pack

#: Rows and bytes of entries in one go.
_ROWS: Final = 65_536
_OUT: Final = 6 << 20


class Scanner:
    """Cuts text into rows, and plain rows into entries; without a ``reading`` into rows only.

    ``raw`` has the bounds of the rows last read. All arrays are used again by the next run.
    """

    def __init__(self, delimiter: str, reading: Reading | None) -> None:
        self._delimiter = delimiter
        self._data = np.zeros(PAD, np.uint8)
        self._end = 0
        self._marks = self._found = np.empty(0, np.int32)
        self._wide = np.empty(0, np.uint64)
        self._mark = 0
        self._reading = reading
        self._raw = np.empty((_ROWS, 2), np.int64)
        self._id_sizes = np.empty(_ROWS, np.uint16)
        self._field_sizes = np.empty(_ROWS, np.uint16)
        self._classes = np.empty(_ROWS, np.int32)
        self._out = np.empty(_OUT, np.uint8)
        self._used = 0
        self.raw = self._raw[:0]
        layout = reading.layout if reading else None
        rules = reading.rules if reading else None
        pools = [pool.encode() for pool in rules.pools] if rules else []
        self._settings = (
            len(reading.columns) if reading else -1,
            np.array([reading.id, reading.pool, reading.weight] if reading else [-1] * 3, np.int64),
            np.array(reading.public if reading else (), np.int64),
            np.frombuffer(b"".join(pools), np.uint8),
            np.cumsum([len(pool) for pool in pools], dtype=np.int64),
            rules.max_weight if rules else 1,
            bool(layout and layout.id_kind == "prc-id"),
        )

    def load(self, text: bytes) -> None:
        """Take up the next piece of text; rows are read from its beginning."""
        self._data = np.frombuffer(text + bytes(PAD), np.uint8)
        self._end, self._mark = len(text), 0
        if len(self._marks) <= len(text) + PAD:
            self._marks = np.empty(len(text) + PAD + 1, np.int32)
            self._wide = np.empty(len(text) // 64 + 2, np.uint64)
        count = mark(self._data, self._end, ord(self._delimiter), self._marks, self._wide)
        self._found = self._marks[: count + 1]

    def run(self, at: int, *, final: bool, limit: int = _ROWS) -> int:
        """Read at most ``limit`` rows from ``at``, where the last run stopped; where it stopped."""
        stop, self._mark, rows, self._used = scan(
            self._data,
            at,
            self._end,
            final,
            self._found,
            self._mark,
            self._wide,
            ord(self._delimiter),
            *self._settings,
            self._out,
            self._id_sizes,
            self._field_sizes,
            self._classes[:limit],
            self._raw,
        )
        self.raw = self._raw[:rows]
        return int(stop)

    def cut(self, row: int) -> list[str]:
        """The cells of one of the rows last read; bytes that are not text become surrogates.

        Raises:
            csv.Error: line ends outside quotation marks.
        """
        first, stop = self.raw[row]
        text = self._data[first:stop].tobytes().decode("utf-8", "surrogateescape")
        return next(csv.reader([text], delimiter=self._delimiter), [])

    def chunk(self, row: int, problems: Problems) -> Chunk:
        """The entries of the rows last read, the first of which is ``row`` of the file."""
        count = len(self.raw)
        classes = self._classes[:count]
        rows = np.arange(row, row + count, dtype=np.uint32)
        ids, fields = self._id_sizes[:count], self._field_sizes[:count]
        if classes.min() >= 0:
            return Chunk(self._out[: self._used + PAD], ids, fields, classes, rows)
        slow = classes == SLOW
        side = bytearray()
        for index in np.flatnonzero(slow):
            entry = self._long_way(int(index), row + int(index), problems)
            if entry is None:
                classes[index] = EMPTY
                continue
            parts = entry.id.encode(), entry.fields.encode()
            side += parts[0] + parts[1]
            ids[index], fields[index] = len(parts[0]), len(parts[1])
            classes[index] = class_of(entry, self._settings[5])
        out = np.empty(self._used + len(side) + PAD, np.uint8)
        beside = np.frombuffer(bytes(side), np.uint8)
        kept, used = pack(self._out[: self._used], beside, slow, ids, fields, classes, rows, out)
        return Chunk(out[: used + PAD], ids[:kept], fields[:kept], classes[:kept], rows[:kept])

    def _long_way(self, index: int, row: int, problems: Problems) -> Entry | None:
        assert self._reading is not None  # noqa: S101 - rows are only cut without one
        try:
            return self._reading.entry(row, self.cut(index))
        except BadRow as error:
            problems.add(error.problem)
        except csv.Error:
            problems.add(Problem("form", row, "", "a line ends within the row"))
        return None
