"""CSV that spreadsheets open as it was meant: UTF-8 with its mark, and no cell is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

BOM: Final = "\ufeff"
#: What makes a spreadsheet compute instead of show, also in the full-width forms that some take
#: for the same, and the controls that would let such a character begin a cell of its own.
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
Cell = str | int | None


def defused(cell: Cell) -> str:
    """The cell as text that no spreadsheet runs: an apostrophe stands before what it might.

    >>> defused("=HYPERLINK(1)")
    "'=HYPERLINK(1)"
    """
    if cell is None or isinstance(cell, int):
        return "" if cell is None else str(cell)
    text = cell.replace("\x00", "\ufffd")
    begins = text.startswith(_FORMULA) or text.lstrip(" \u3000\u00a0").startswith(_FORMULA)
    return f"'{text}" if begins else text


def csv_bytes(heading: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The whole file, lines ended as RFC 4180 §2 has it."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([defused(cell) for cell in heading])
    writer.writerows([defused(cell) for cell in row] for row in rows)
    return (BOM + out.getvalue()).encode("utf-8", "replace")
