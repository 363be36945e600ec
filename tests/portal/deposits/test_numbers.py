from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.deposits.numbers import new_number, read_number

SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_the_date_is_the_offices() -> None:
    number, code = new_number(datetime(2026, 11, 20, 16, 1, tzinfo=UTC), SHANGHAI)
    assert number == f"NE20261121-{code}"


def test_numbers_are_random() -> None:
    moment = datetime.now(UTC)
    assert len({new_number(moment, SHANGHAI) for _ in range(500)}) == 500


@given(st.integers(0, 7_000_000_000))
def test_what_was_made_is_read(seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    number, code = new_number(moment, SHANGHAI)
    assert read_number(number) == (number, code)
    assert read_number(code) == (None, code)


@pytest.mark.parametrize(
    "typed",
    [
        "ne20261121-7k3m9qxt",
        " NE20261121 7K3M 9QXT ",
        "NE20261121–7K3M9QXT",
        "NE202611217K3M9QXT",
    ],
)
def test_people_type_as_they_like(typed: str) -> None:
    assert read_number(typed) == ("NE20261121-7K3M9QXT", "7K3M9QXT")


def test_letters_that_look_like_digits() -> None:
    assert read_number("oilO0I1L") == (None, "01100111")


@pytest.mark.parametrize("typed", ["", "NE", "7K3M9QX", "NE2026112-7K3M9QXT", "7K3M9QXU", "𠮷" * 8])
def test_anything_else_is_no_number(typed: str) -> None:
    assert read_number(typed) is None
