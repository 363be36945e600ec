"""Tables for spreadsheet programs: CSV (RFC 4180) in UTF-8 that Excel opens as what it is, and XLSX
(ECMA-376) with as little in it as a workbook needs.

A cell that a spreadsheet would run as a formula is preceded by an apostrophe, which such programs
take for "this is text" and do not show: what strangers called their file must not act on the desk
of whoever opens the list.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

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


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook: its name (at most 31 characters), a heading and rows."""

    name: str
    heading: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def xlsx_bytes(sheets: Sequence[Sheet]) -> bytes:
    """A workbook. Numbers are numbers; text is text in the file itself, which no program takes for
    a formula, so it needs no apostrophe. The same tables give the same bytes.

    Raises:
        ValueError: no sheet, or two of the same name.
    """
    names = [_sheet_name(each.name) for each in sheets]
    if not names or len({name.lower() for name in names}) < len(names):
        raise ValueError("a workbook has sheets, each with a name of its own")
    numbers = range(1, len(sheets) + 1)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        _part(book, "[Content_Types].xml", _content_types(numbers))
        _part(book, "_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        listed = "".join(
            f'<sheet name="{escape(name, _QUOTES)}" sheetId="{number}" r:id="rId{number}"/>'
            for number, name in zip(numbers, names, strict=True)
        )
        _part(
            book, "xl/workbook.xml", f"<workbook {_MAIN} {_R}><sheets>{listed}</sheets></workbook>"
        )
        parts = [("worksheet", f"worksheets/sheet{number}.xml") for number in numbers]
        _part(book, "xl/_rels/workbook.xml.rels", _relations([*parts, ("styles", "styles.xml")]))
        _part(book, "xl/styles.xml", _STYLES)
        for number, sheet in zip(numbers, sheets, strict=True):
            _part(book, f"xl/worksheets/sheet{number}.xml", _worksheet(sheet))
    return out.getvalue()


_MAIN: Final = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_R: Final = f'xmlns:r="{_OFFICE}"'
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml."
_QUOTES: Final = {'"': "&quot;"}
#: What XML 1.0 cannot hold, and what a sheet's name may not.
_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_NAME: Final = re.compile(r"[\\/?*\[\]:]")
_LONGEST_NAME: Final = 31
_LONGEST_CELL: Final = 32_767
#: Style 1 is bold, for headings.
_STYLES: Final = (
    f"<styleSheet {_MAIN}>"
    '<fonts count="2"><font/><font><b/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf xfId="0"/><xf xfId="0" fontId="1" applyFont="1"/></cellXfs>'
    "</styleSheet>"
)


def _part(book: zipfile.ZipFile, name: str, text: str) -> None:
    # A fixed time: the same tables give the same bytes.
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.compress_type = zipfile.ZIP_DEFLATED
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    book.writestr(info, head + text)


def _content_types(numbers: Iterable[int]) -> str:
    sheets = "".join(
        f'<Override PartName="/xl/worksheets/sheet{number}.xml" '
        f'ContentType="{_TYPE}worksheet+xml"/>'
        for number in numbers
    )
    return (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}styles+xml"/>{sheets}</Types>'
    )


def _relations(targets: Iterable[tuple[str, str]]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


def _worksheet(sheet: Sheet) -> str:
    rows = [_row(sheet.heading, ' s="1"'), *(_row(cells) for cells in sheet.rows)]
    # The heading stays in sight.
    view = (
        '<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
        'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    )
    data = "".join(rows)
    return f"<worksheet {_MAIN}>{view}<sheetData>{data}</sheetData></worksheet>"


def _row(cells: Sequence[Cell], style: str = "") -> str:
    return f"<row>{''.join(_cell(cell, style) for cell in cells)}</row>"


def _cell(value: Cell, style: str) -> str:
    if value is None:
        return f"<c{style}/>"
    if isinstance(value, int):
        return f"<c{style}><v>{int(value)}</v></c>"
    text = escape(_NO_XML.sub("\ufffd", value[:_LONGEST_CELL]))
    return f'<c{style} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


def _sheet_name(name: str) -> str:
    return _NO_NAME.sub(" ", _NO_XML.sub("", name)).strip("' ")[:_LONGEST_NAME] or "1"
