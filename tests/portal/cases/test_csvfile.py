"""Exports that spreadsheets open without computing anything."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.cases.csvfile import csv_bytes, defused

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@pytest.mark.parametrize("start", _STARTS)
def test_a_cell_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    assert defused(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"
    assert defused(f"  {start}1+1") == f"'  {start}1+1"


def test_other_cells_stay_as_they_are() -> None:
    assert [defused(cell) for cell in ("a=b", "第 1 行", "", None, 7, "'x")] == [
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
