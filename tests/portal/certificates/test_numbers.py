"""Numbers: read however they are typed, given by compare-and-swap alone."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.certificates import numbers
from portal.certificates.numbers import Number
from portal.database import Database

OFFICES = st.text("ABCDEFGHJKMNPQRSTUVWXYZ0123456789", min_size=1, max_size=12)


@given(st.integers(1000, 9999), OFFICES, st.integers(1, 999_999))
def test_every_way_of_writing_a_number_reads_as_the_same(
    year: int, office: str, serial: int
) -> None:
    number = Number(year, office, serial)
    for text in (str(number), number.zh, number.en, number.zh.lower(), f"  {number.en.lower()}  "):
        assert Number.read(text) == number


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026-DEMO", "2026-DEMO-", "26-DEMO-1", "NE20261121-7K3M9QXT"],
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert Number.read(text) is None


@pytest.mark.parametrize(
    "text", ["2026-DEMO-1;--", "2026-DEMO-1\x00", "2026-DE MO!-1", "２０２６", "x" * 5000]
)
def test_bad_input_is_none(text: str) -> None:
    assert Number.read(text) is None


def test_full_width_digits_and_dashes_are_read() -> None:
    assert Number.read("２０２６－ＤＥＭＯ—０００００７") == Number(2026, "DEMO", 7)


def test_the_year_is_the_offices() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    assert numbers.year_of(datetime(2026, 12, 31, 15, 59, tzinfo=UTC), zone) == 2026
    assert numbers.year_of(datetime(2026, 12, 31, 16, 0, tzinfo=UTC), zone) == 2027


def test_a_number_is_taken_once_and_in_order(database: Database) -> None:
    first = numbers.upcoming(database, 2026, "DEMO")
    assert first == Number(2026, "DEMO", 1)
    assert numbers.upcoming(database, 2026, "DEMO") == first
    with database.transaction() as session:
        assert not numbers.take(session, Number(2026, "DEMO", 2))
        assert not numbers.take(session, Number(2025, "DEMO", 1))
        assert numbers.take(session, first)
        assert not numbers.take(session, first)
    assert numbers.upcoming(database, 2026, "DEMO") == Number(2026, "DEMO", 2)
    assert numbers.upcoming(database, 2027, "DEMO") == Number(2027, "DEMO", 1)
    with database.reading() as session:
        assert numbers.given(session) == {(2026, "DEMO"): 1}


def test_what_is_rolled_back_leaves_no_gap(database: Database) -> None:
    first = numbers.upcoming(database, 2026, "DEMO")

    def die() -> None:
        with database.transaction() as session:
            assert numbers.take(session, first)
            raise RuntimeError("died before the commit")

    with pytest.raises(RuntimeError):
        die()
    assert numbers.upcoming(database, 2026, "DEMO") == first


def test_of_many_at_once_each_number_goes_to_one(database: Database) -> None:
    taken: list[Number] = []
    lock = threading.Lock()

    def race() -> None:
        for _ in range(5):
            while True:
                number = numbers.upcoming(database, 2026, "DEMO")
                with database.transaction() as session:
                    won = numbers.take(session, number)
                if won:
                    break
            with lock:
                taken.append(number)

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(number.serial for number in taken) == list(range(1, 21))
