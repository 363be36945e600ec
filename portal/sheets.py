"""Tables for spreadsheet programs: CSV (RFC 4180) in UTF-8 that Excel opens as what it is.

A cell that a spreadsheet would run as a formula is preceded by an apostrophe, which such programs
take for "this is text" and do not show: what strangers called their file must not act on the desk
of whoever opens the list.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

#: Excel takes a file without it for the local 8-bit character set.
_BYTE_ORDER_MARK: Final = "\ufeff"
#: The full-width forms are formulas too where Chinese or Japanese is typed.
_BEGINS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Cell = str | int | None


def safe_cell(value: Cell) -> str:
    """``value`` as text that no spreadsheet runs. Numbers of ours stay what they are."""
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    return f"'{value}" if value.lstrip(" \u00a0\u3000").startswith(_BEGINS_FORMULA) else value


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """The file in pieces, one a row."""
    yield (_BYTE_ORDER_MARK + _line(header)).encode()
    for row in rows:
        yield _line([safe_cell(value) for value in row]).encode()


def _line(cells: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue()
