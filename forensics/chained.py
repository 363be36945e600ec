"""Logs whose every line names the one before it: nothing in them can be changed unnoticed.

Each line is one RFC 8785 object with ``prev``, the SHA-256 (hexadecimal) of the previous line's
bytes without its newline; the first has 64 zeros. The SHA-256 of the last line is the *head*: who
knows it, knows whether a line was flipped, deleted, moved, put in or cut off.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

import rfc8785

from chain_adapter.canonical import read_canonical
from forensics.errors import InvalidEvidence

GENESIS: Final = "0" * 64
#: Longest line, bytes; most lines of a log that is read.
MAX_LINE: Final = 256 * 1024
MAX_LINES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """``number`` counts from 1; ``sha256`` is of the line's bytes, ``prev`` what it says of the
    line before."""

    number: int
    value: Mapping[str, Any]
    prev: str
    sha256: str


def read_lines(stream: BinaryIO, name: str) -> Iterator[Line]:
    """The lines of ``stream``, each linked to the one before; ``name`` stands in the sentences.

    Raises:
        InvalidEvidence: naming the first line that is malformed or does not follow.
    """
    head, number = GENESIS, 0
    while raw := stream.readline(MAX_LINE + 2):
        number += 1
        line = _line(raw, number, name)
        if line.prev != head:
            before = "the start" if number == 1 else f"line {number - 1}"
            raise InvalidEvidence(f"{name}: line {number} does not follow {before}")
        head = line.sha256
        yield line


def _line(raw: bytes, number: int, name: str) -> Line:
    where = f"{name}: line {number}"
    if number > MAX_LINES:
        raise InvalidEvidence(f"{name} has more than {MAX_LINES} lines")
    if not raw.endswith(b"\n"):
        raise InvalidEvidence(f"{where} is cut off or too long")
    body = raw[:-1]
    try:
        value = read_canonical(body)
    except ValueError as error:
        raise InvalidEvidence(f"{where} is not JSON") from error
    if value is None:
        raise InvalidEvidence(f"{where} is not a canonical object (RFC 8785)")
    prev = value.get("prev")
    if not isinstance(prev, str):
        raise InvalidEvidence(f"{where} does not name the line before it")
    return Line(number, value, prev, hashlib.sha256(body).hexdigest())


class ChainedLog:
    """A log that is written. One writer at a time: the caller sees to that.

    Lines are durable on return of :meth:`append`. Reopened after a crash, a last line that was
    never finished is cut off, because nothing was built on it.

    Raises:
        InvalidEvidence: the file that is there does not hold.
    """

    def __init__(self, path: Path, *, mode: int = 0o640) -> None:
        self.path = path
        self.head = GENESIS
        self.count = 0
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
        try:
            self._size = self._resume()
        except BaseException:
            os.close(self._file)
            raise

    def append(self, fields: Mapping[str, Any]) -> str:
        """Write one line; returns its SHA-256, the new head.

        Raises:
            OSError: it could not be written; the log is as it was.
            ValueError: the fields have no canonical form, or are too long.
        """
        body = rfc8785.dumps({**fields, "prev": self.head})
        # A number that is whole and not exact is written, but not read back.
        if read_canonical(body) is None:
            raise ValueError(f"a line of {self.path.name} would not be read back as it is")
        if len(body) > MAX_LINE:
            raise ValueError(f"a line of {self.path.name} has at most {MAX_LINE} bytes")
        try:
            _write_all(self._file, body + b"\n", self._size)
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(body) + 1
        self.head = hashlib.sha256(body).hexdigest()
        self.count += 1
        return self.head

    def close(self) -> None:
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _resume(self) -> int:
        """Where to go on writing, after all whole lines that are there."""
        with os.fdopen(os.dup(self._file), "rb") as stream:
            whole = _whole(stream)
            os.ftruncate(self._file, whole)
            stream.seek(0)
            for line in read_lines(stream, self.path.name):
                self.head, self.count = line.sha256, line.number
        return whole


def _whole(stream: BinaryIO) -> int:
    """Bytes up to the last newline."""
    size = stream.seek(0, os.SEEK_END)
    start = max(0, size - MAX_LINE - 2)
    stream.seek(start)
    found = stream.read().rfind(b"\n")
    return start + found + 1 if found >= 0 else start


def _write_all(file: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(file, view, offset)
        view, offset = view[written:], offset + written
