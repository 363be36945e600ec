"""Lists of holidays as offices get them, and as nobody should send them."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.desk.day_lists import MAX_BYTES, MAX_LINES, DayListError, ListedDay, read_day_list
from portal.problems import BadInput, PortalError

_OCTOBER = ListedDay(date(2026, 10, 1), False, "国庆节")
_SATURDAY = ListedDay(date(2026, 10, 10), True, "")


@pytest.mark.parametrize(
    "text",
    [
        "2026-10-01,off,国庆节\n2026-10-10,working\n",
        "日期,类型,说明\r\n2026/10/1,休,国庆节\r\n\r\n2026-10-10,班,\r\n",
        "\ufeffdate,kind,note\n2026-10-01, OFF , 国庆节 \n2026-10-10,上班",
        json.dumps(
            {
                "days": [
                    {"date": "2026-10-01", "isOffDay": True, "name": "国庆节"},
                    {"date": "2026-10-10", "isOffDay": False, "name": ""},
                ]
            }
        ),
        json.dumps(
            [
                {"date": "2026-10-01", "working": False, "note": "国庆节"},
                {"date": "2026-10-10", "working": "yes"},
            ]
        ),
        json.dumps([["2026-10-01", "off", "国庆节"], ["2026-10-10", True]]),
    ],
)
def test_lists_as_they_come(text: str) -> None:
    assert read_day_list(text.encode()) == [_OCTOBER, _SATURDAY]


def test_a_list_from_an_old_spreadsheet() -> None:
    assert read_day_list("2026-10-01,休,国庆节".encode("gb18030")) == [_OCTOBER]


def test_every_line_that_is_wrong_is_named() -> None:
    text = (
        "date,kind\n2026-10-01,off\n2026-02-30,off\n2026-10-03,maybe\n2026-10-04\n1066-10-14,off\n"
    )

    with pytest.raises(DayListError) as refused:
        read_day_list(text.encode())

    faults = {each.line: each.error.code for each in refused.value.faults}
    assert faults == {3: "day", 4: "day_kind", 5: "day_line", 6: "day_range"}
    assert str(refused.value) == "The list cannot be read in 4 places; nothing was changed."


def test_a_day_twice_with_different_words_is_named() -> None:
    same = b"2026-10-01,off\n2026-10-01,off\n"
    assert len(read_day_list(same)) == 1
    with pytest.raises(DayListError) as refused:
        read_day_list(same + b"2026-10-01,working\n")
    assert [(each.line, each.error.code) for each in refused.value.faults] == [(3, "day_twice")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "day_list_empty"),
        (b" \n\n", "day_list_empty"),
        (b"date,kind\n", "day_list_empty"),
        (b"[]", "day_list_empty"),
        (b"{}", "day_list_json"),
        (b"[1", "day_list_json"),
        (b"[" * 100_000, "day_list_json"),
        (b"\xff\xff\xff\xff", "day_list_text"),
        (b"x" * (MAX_BYTES + 1), "day_list_large"),
        (b"2026-10-01,off\n" * (MAX_LINES + 1), "day_list_long"),
        (b"[1]", "day_list"),
        (b'[{"date": {}, "working": []}]', "day_list"),
        (f"2026-10-01,off,{'x' * 101}".encode(), "day_list"),
        (b"2026-10-01,off,a\x00b", "day_list"),
        (b'2026-10-01,off,"' + b"x" * 140_000, "day_list_csv"),
    ],
)
def test_what_is_no_list_is_refused_with_a_sentence(data: bytes, code: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_day_list(data)
    assert refused.value.code == code


@given(
    st.binary(max_size=300)
    | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace"))
)
def test_anything_is_read_or_refused(data: bytes) -> None:
    days: list[ListedDay] = []
    with suppress(PortalError):
        days = read_day_list(data)
    assert len({each.day for each in days}) == len(days)
