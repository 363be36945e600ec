"""Text tables: comma, semicolon, tab or bar between the cells, quotation marks as in RFC 4180."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from lottery.entries.chunks import Chunk
from lottery.entries.encoding import Encoding, stream
from lottery.entries.errors import Unreadable
from lottery.entries.layout import FIRST_ROW
from lottery.entries.model import Progress
from lottery.entries.problems import Problems
from lottery.entries.rows import Reading
from lottery.entries.scanner import Scanner
from lottery.entries.table import SAMPLE, Table, named_columns, shown

#: Bytes of UTF-8 in one row.
MAX_LINE: Final = 65_536
_DELIMITERS: Final = ",;\t|"
_LAST_ROW: Final = 2**32 - 1


class Delimited(Table):
    """A CSV file, read as a stream."""

    def __init__(self, path: Path, encoding: Encoding) -> None:
        super().__init__(path)
        self._encoding = encoding
        self.encoding = encoding.name.removesuffix("-le").removesuffix("-be")
        head, done = next(stream(path, encoding, hashlib.sha256()), (b"", 0))
        if not head.strip():
            raise Unreadable("empty", "the file is empty")
        self._delimiter = _delimiter_of(head)
        scanner = Scanner(self._delimiter, None)
        scanner.load(head)
        scanner.run(0, final=done >= self.file_bytes, limit=SAMPLE + 1)
        if not len(scanner.raw):
            raise _too_long(1)
        _check_lengths(scanner, 1)
        rows = [_sampled(scanner, row) for row in range(len(scanner.raw))]
        self.columns = named_columns(rows[0])
        self.sample = tuple(shown(row) for row in rows[1:])

    def chunks(self, reading: Reading, problems: Problems, progress: Progress) -> Iterator[Chunk]:
        scanner = Scanner(self._delimiter, reading)
        for row, done in self._runs(scanner):
            chunk = scanner.chunk(row, problems)
            if len(chunk):
                yield chunk
            progress(done, self.file_bytes, "read")

    def cells(self, rows: Collection[int]) -> dict[int, tuple[str, ...]]:
        wanted = np.array(sorted(set(rows)), np.int64)
        found: dict[int, tuple[str, ...]] = {}
        scanner = Scanner(self._delimiter, None)
        for row, _ in self._runs(scanner):
            first, stop = np.searchsorted(wanted, [row, row + len(scanner.raw)])
            for one in wanted[first:stop].tolist():
                found[one] = tuple(scanner.cut(one - row))
        return found

    def _runs(self, scanner: Scanner) -> Iterator[tuple[int, int]]:
        """Let the scanner run over the whole file: the number of the first row it has read, and
        the bytes of the file so far. The first row of all is passed over."""
        rest, row, done, last = b"", 1, 0, False
        blocks = stream(self.path, self._encoding, self.file_digest)
        while not last:
            block, done = next(blocks, (b"", done))
            last = not block
            text = rest + block if rest else block
            scanner.load(text)
            at = 0
            while at < len(text):
                header = row < FIRST_ROW
                at = scanner.run(at, final=last, **({"limit": 1} if header else {}))
                if not len(scanner.raw):
                    break
                _check_lengths(scanner, row)
                if not header:
                    yield row, done
                row += len(scanner.raw)
                if row > _LAST_ROW:
                    raise Unreadable("too-many-rows", "the file has too many rows")
            rest = text[at:]
            if len(rest) > MAX_LINE + 2:
                raise _too_long(row)


def _sampled(scanner: Scanner, row: int) -> list[str]:
    try:
        return scanner.cut(row)
    except csv.Error:  # named as a problem once the list is read
        return []


def _check_lengths(scanner: Scanner, row: int) -> None:
    lengths = scanner.raw[:, 1] - scanner.raw[:, 0]
    if lengths.max() > MAX_LINE:
        raise _too_long(row + int(np.argmax(lengths > MAX_LINE)))


def _too_long(row: int) -> Unreadable:
    return Unreadable(
        "long-line",
        f"Row {row} is longer than {MAX_LINE} bytes: "
        "either a quotation mark is not closed, or this is no table",
    )


def _delimiter_of(head: bytes) -> str:
    """What separates most of the names in the first line, outside quotation marks."""
    line = head[: MAX_LINE * 2].split(b"\n", 1)[0].decode("utf-8", "replace")
    outside = "".join(line.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)
