"""Exports that spreadsheets open without computing anything."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from portal.sheets import Sheet, csv_bytes, csv_pieces, safe_cell, xlsx_bytes

FORMULAS = ['=HYPERLINK("http://evil")', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"]
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@pytest.mark.parametrize("start", _STARTS)
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    assert safe_cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"
    assert safe_cell(f"  {start}1+1") == f"'  {start}1+1"


def test_other_cells_stay_as_they_are() -> None:
    assert [safe_cell(cell) for cell in ("a=b", "第 1 行", "", None, 7, "'x")] == [
        "a=b",
        "第 1 行",
        "",
        "",
        "7",
        "'x",
    ]


def test_the_file_has_the_mark_excel_needs_and_quotes_what_must_be() -> None:
    data = csv_bytes(["标题"], [['say "hi", you'], ["two\nlines"]])
    assert data == '\ufeff标题\r\n"say ""hi"", you"\r\n"two\nlines"\r\n'.encode()


@given(st.lists(st.lists(st.text(max_size=20), min_size=1, max_size=4), max_size=5))
def test_no_cell_of_any_export_begins_a_formula(rows: list[list[str]]) -> None:
    text = csv_bytes(["h"], rows).decode().removeprefix("\ufeff")
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert len(read) == len(rows) + 1
    for cells in read:
        assert not any(cell.startswith(_STARTS) for cell in cells)
        assert not any("\x00" in cell for cell in cells)


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"
    read = list(csv.reader(io.StringIO(b"".join(csv_pieces(["a"], [[text]])).decode("utf-8-sig"))))
    assert read == [["a"], [f"'{text}"]]


def test_plain_cells_stay_what_they_are() -> None:
    assert [safe_cell(each) for each in ("合同 = 1", -5, None, "a-b")] == [
        "合同 = 1",
        "-5",
        "",
        "a-b",
    ]


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1)))
def test_a_table_reads_back_cell_by_cell(table: list[list[str]]) -> None:
    text = b"".join(csv_pieces(["x"], table)).decode("utf-8-sig")
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read[1:] == [[safe_cell(cell) for cell in row] for row in table]


def test_rows_go_out_as_they_gather() -> None:
    taken = []
    rows = (taken.append(number) or ["x" * 1000] for number in range(100))
    pieces = csv_pieces(["h"], rows)
    assert next(pieces) == "\ufeffh\r\n".encode()
    assert not taken
    assert len(next(pieces)) > 16_000
    assert len(taken) < 20
    rest = list(pieces)
    assert rest
    assert all(rest)


def test_half_a_character_does_not_break_the_file() -> None:
    assert csv_bytes(["h"], [["a\ud800b"]]).decode("utf-8-sig") == "h\r\na?b\r\n"


def test_a_workbook_is_read_back_as_it_was_written() -> None:
    book = xlsx_bytes(
        [
            Sheet("公证 [1]", ("编号", "天"), [("=1+1", 15), ("a & <b>\x07", None)]),
            Sheet("Figures", ("n",), []),
        ]
    )

    read = CalamineWorkbook.from_filelike(io.BytesIO(book))
    assert read.sheet_names == ["公证  1", "Figures"]
    assert read.get_sheet_by_index(0).to_python() == [
        ["编号", "天"],
        ["=1+1", 15.0],
        ["a & <b>\ufffd", ""],
    ]
    assert b"<f>" not in zipfile.ZipFile(io.BytesIO(book)).read("xl/worksheets/sheet1.xml")


def test_the_same_tables_are_the_same_workbook() -> None:
    table = [Sheet("A", ("x",), [("y",)])]

    assert xlsx_bytes(table) == xlsx_bytes(table)


def test_a_workbook_has_sheets_of_different_names() -> None:
    with pytest.raises(ValueError, match="name of its own"):
        xlsx_bytes([Sheet("a", (), []), Sheet("A", (), [])])
    with pytest.raises(ValueError, match="has sheets"):
        xlsx_bytes([])
