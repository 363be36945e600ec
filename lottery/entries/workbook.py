"""Excel workbooks (.xlsx): the first sheet, once it is known to be harmless.

A workbook is a zip of XML. What it would unpack to is measured before anything reads it, and so are
the cells, since a single one at the far corner of a sheet makes readers lay out all the others.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any, Final

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum

from lottery.entries.canonical import trimmed
from lottery.entries.chunks import Chunk
from lottery.entries.errors import Unreadable
from lottery.entries.layout import FIRST_ROW
from lottery.entries.model import Problem, Progress
from lottery.entries.problems import Problems
from lottery.entries.rows import BadRow, Entry, Reading
from lottery.entries.table import MAX_COLUMNS, SAMPLE, Table, named_columns, shown

MAX_BYTES: Final = 256 << 20
MAX_UNPACKED: Final = 1536 << 20
#: A list packs to a tenth; what packs a thousandfold was made to.
MAX_RATIO: Final = 250
_SMALL: Final = 32 << 20
_MEMBERS: Final = 10_000
_BLOCK: Final = 1 << 20
_TAIL: Final = 4096
_CELL: Final = re.compile(
    rb'<(?:\w+:)?c\s[^<>]*?\br="([A-Z]{1,3})([0-9]{1,7})"[^<>]*>(?:\s*<(?:\w+:)?(f)[\s/>])?'
)
_BATCH: Final = 16_384
#: Whole numbers up to here have not lost a digit in Excel.
_DIGITS: Final = 15


class Workbook(Table):
    """The first sheet of a workbook; held in memory, which its size bounds."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.encoding = "xlsx"
        if self.file_bytes > MAX_BYTES:
            raise Unreadable(
                "workbook-large", "the workbook is larger than 256 MiB; save it as CSV"
            )
        content = path.read_bytes()
        self.file_bytes = len(content)
        self.file_digest.update(content)
        examine(io.BytesIO(content))
        self._rows = _sheet(content)
        if not self._rows:
            raise Unreadable("empty", "the first sheet of the workbook is empty")
        self.columns = named_columns([text_of(cell) for cell in self._rows[0]])
        sample = self._rows[1 : SAMPLE + 1]
        self.sample = tuple(shown([text_of(cell) for cell in row]) for row in sample)

    def chunks(self, reading: Reading, problems: Problems, progress: Progress) -> Iterator[Chunk]:
        greatest = reading.rules.max_weight
        for start in range(1, len(self._rows), _BATCH):
            entries: list[Entry] = []
            rows: list[int] = []
            for row in range(start, min(start + _BATCH, len(self._rows))):
                number = row + FIRST_ROW - 1
                try:
                    entry = reading.entry(number, self._texts(row, number, reading))
                except BadRow as error:
                    problems.add(error.problem)
                    continue
                if entry is not None:
                    entries.append(entry)
                    rows.append(number)
            if entries:
                yield Chunk.of(entries, rows, greatest)
            done = self.file_bytes * min(start + _BATCH, len(self._rows)) // len(self._rows)
            progress(done, self.file_bytes, "read")

    def cells(self, rows: Collection[int]) -> dict[int, tuple[str, ...]]:
        return {
            row: tuple(text_of(cell) for cell in self._rows[row - FIRST_ROW + 1])
            for row in set(rows)
            if FIRST_ROW <= row < len(self._rows) + 1
        }

    def _texts(self, row: int, number: int, reading: Reading) -> list[str]:
        cells = self._rows[row]
        at = reading.id
        if at < len(cells) and isinstance(cells[at], float) and abs(cells[at]) >= 10**_DIGITS:
            text = f"Excel keeps {_DIGITS} digits of a number; write the ids as text"
            raise BadRow(Problem("id-number", number, reading.columns[at], text))
        return [text_of(cell) for cell in cells]


def text_of(cell: Any) -> str:
    """A cell as a person sees it, as far as a workbook tells."""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 10**_DIGITS:
        return str(int(cell))
    if isinstance(cell, datetime):
        midnight = cell.time() == time()
        return cell.date().isoformat() if midnight else cell.isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell)
    return str(cell)


def _sheet(content: bytes) -> list[list[Any]]:
    """Rows of the first sheet, the first row of the sheet first, as wide as the widest."""
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as book:
            sheets = [
                one.name for one in book.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet
            ]
            if not sheets:
                raise Unreadable("workbook", "the workbook has no sheet of cells")
            rows = book.get_sheet_by_name(sheets[0]).to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError) as error:
        raise Unreadable("workbook", f"the workbook cannot be read: {error}") from None
    while rows and not any(trimmed(text_of(cell)) for cell in rows[-1]):
        rows.pop()
    return rows


def examine(file: IO[bytes]) -> None:
    """Refuse a workbook that would unpack to too much, or that has formulas.

    Raises:
        Unreadable: names the cell where there is one.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) > _MEMBERS or "[Content_Types].xml" not in archive.namelist():
                raise Unreadable("workbook", "this zip file is no Excel workbook")
            left = [MAX_UNPACKED]
            for member in members:
                _examine_member(file, member, left)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Unreadable("workbook", f"the workbook is damaged: {error}") from None


def _examine_member(file: IO[bytes], member: zipfile.ZipInfo, left: list[int]) -> None:
    sheet = re.search(r"(^|/)worksheets/[^/]+\.xml$", member.filename) is not None
    unpacked, tail = 0, b""
    for block in _unpacked(file, member):
        unpacked += len(block)
        left[0] -= len(block)
        if left[0] < 0 or unpacked > max(_SMALL, MAX_RATIO * member.compress_size):
            raise Unreadable("zip-bomb", "the workbook unpacks to far more than a list would")
        if sheet:
            tail = _examine_cells(tail + block)


def _unpacked(file: IO[bytes], member: zipfile.ZipInfo) -> Iterator[bytes]:
    """What a member really unpacks to, whatever the directory says about its size."""
    if member.flag_bits & 1 or member.compress_type not in {
        zipfile.ZIP_STORED,
        zipfile.ZIP_DEFLATED,
    }:
        raise Unreadable("workbook", "the workbook is encrypted or packed in an unusual way")
    file.seek(member.header_offset)
    head = file.read(30)
    if len(head) < 30 or head[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile("a member is missing")
    file.seek(int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little"), 1)
    left = member.compress_size
    inflate = zlib.decompressobj(-15) if member.compress_type == zipfile.ZIP_DEFLATED else None
    while left > 0 and (packed := file.read(min(left, _BLOCK // 8))):
        left -= len(packed)
        if inflate is None:
            yield packed
            continue
        while packed:
            yield inflate.decompress(packed, _BLOCK)
            packed = inflate.unconsumed_tail


def _examine_cells(text: bytes) -> bytes:
    """Look at the cells of a piece of a sheet; what has to be looked at again with the next."""
    for match in _CELL.finditer(text):
        column, row, formula = match.groups()
        if formula:
            where = f"cell {column.decode()}{row.decode()}"
            raise Unreadable(
                "formula", f"Row {int(row)}, {where} has a formula; save the list with plain values"
            )
        if len(column) > 1 and _number(column) > MAX_COLUMNS:
            raise Unreadable("workbook", f"the table has more than {MAX_COLUMNS} columns")
    return text[-_TAIL:]


def _number(column: bytes) -> int:
    value = 0
    for letter in column:
        value = value * 26 + letter - 64
    return value


__all__ = ["Workbook", "examine", "text_of"]
