"""A file as a table: its columns, a sample, and its entries chunk by chunk."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Final

from lottery.entries.canonical import trimmed
from lottery.entries.chunks import Chunk
from lottery.entries.errors import Unreadable
from lottery.entries.model import Progress
from lottery.entries.problems import Problems
from lottery.entries.rows import Reading

MAX_COLUMNS: Final = 256
#: Rows of a sample, and letters of its cells.
SAMPLE: Final = 10
_SHOWN: Final = 80


class Table(ABC):
    """An opened file; ``file_digest`` is that of its bytes once all chunks have been taken."""

    encoding: str
    columns: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file_bytes = path.stat().st_size
        self.file_digest = hashlib.sha256()

    @abstractmethod
    def chunks(self, reading: Reading, problems: Problems, progress: Progress) -> Iterator[Chunk]:
        """All entries, in the order of the file; what cannot be one is added to ``problems``. A
        chunk is valid until the next one is taken.

        Raises:
            Unreadable: from some row on the file is no table any more.
        """

    @abstractmethod
    def cells(self, rows: Collection[int]) -> dict[int, tuple[str, ...]]:
        """The cells of these rows. ``file_digest`` is valid afterwards.

        Raises:
            Unreadable: see :meth:`chunks`.
        """


def named_columns(cells: Sequence[str]) -> tuple[str, ...]:
    """The first row as names of columns.

    Raises:
        Unreadable: it has none, too many, or is not text.
    """
    columns = tuple(trimmed(cell) for cell in cells)
    while columns and not columns[-1]:
        columns = columns[:-1]
    if not columns:
        raise Unreadable("no-columns", "the first row has to name the columns")
    if len(columns) > MAX_COLUMNS:
        raise Unreadable("no-columns", f"the table has more than {MAX_COLUMNS} columns")
    if not all(name.isprintable() for name in columns):
        raise Unreadable("no-columns", "the first row has names that are not readable text")
    return columns


def shown(cells: Sequence[str]) -> tuple[str, ...]:
    """Cells as a person may see them."""
    return tuple(
        "".join(letter if letter.isprintable() else "\ufffd" for letter in trimmed(cell)[:_SHOWN])
        for cell in cells
    )


def open_table(path: Path) -> Table:
    """Open a CSV file or workbook, whichever it is.

    Raises:
        Unreadable: neither.
    """
    from lottery.entries.delimited import Delimited
    from lottery.entries.encoding import WORKBOOK, detect
    from lottery.entries.workbook import Workbook

    encoding = detect(path)
    return Workbook(path) if encoding == WORKBOOK else Delimited(path, encoding)
