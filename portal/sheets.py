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
#: What makes a spreadsheet compute instead of show, also in the full-width forms that some take
#: for the same, and the controls that would let such a character begin a cell of its own.
_BEGINS_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
#: What gathers before a piece goes out, in characters.
_PIECE: Final = 16_384

Cell = str | int | None


def safe_cell(value: Cell) -> str:
    """``value`` as text that no spreadsheet runs. Numbers of ours stay what they are.

    >>> safe_cell("=HYPERLINK(1)")
    "'=HYPERLINK(1)"
    """
    if value is None or isinstance(value, int):
        return "" if value is None else str(value)
    text = value.replace("\x00", "\ufffd")
    return f"'{text}" if text.lstrip(" \u00a0\u3000").startswith(_BEGINS_FORMULA) else text


def csv_pieces(heading: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """The file as it grows: the heading at once, then some 16 KiB of rows at a time."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    out.write(_BYTE_ORDER_MARK)
    writer.writerow(map(safe_cell, heading))
    yield _taken(out)
    for row in rows:
        writer.writerow(map(safe_cell, row))
        if out.tell() > _PIECE:
            yield _taken(out)
    if out.tell():
        yield _taken(out)


def csv_bytes(heading: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """The whole file."""
    return b"".join(csv_pieces(heading, rows))


def _taken(out: io.StringIO) -> bytes:
    """What has gathered, which begins anew."""
    data = out.getvalue().encode("utf-8", "replace")
    out.seek(0)
    out.truncate()
    return data
