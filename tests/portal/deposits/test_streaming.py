from __future__ import annotations

import threading
import time
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.deposits.streaming import streamed


@given(st.lists(st.binary(max_size=400_000), max_size=12))
def test_what_is_written_is_read(pieces: list[bytes]) -> None:
    def write(out: BinaryIO) -> None:
        for piece in pieces:
            assert out.write(piece) == len(piece)

    assert b"".join(streamed(write)) == b"".join(pieces)


def test_an_early_error_is_raised_before_anything_is_read() -> None:
    def write(_: BinaryIO) -> None:
        raise ValueError("no package can be made")

    with pytest.raises(ValueError, match="no package"):
        streamed(write)


def test_a_late_error_breaks_the_stream_off() -> None:
    def write(out: BinaryIO) -> None:
        out.write(bytes(3_000_000))
        raise ValueError("damaged")

    stream = streamed(write)
    assert next(stream)
    with pytest.raises(ValueError, match="damaged"):
        list(stream)


def test_a_slow_reader_holds_the_writer_back() -> None:
    written = 0

    def write(out: BinaryIO) -> None:
        nonlocal written
        for _ in range(400):
            written += out.write(bytes(100_000))

    stream = streamed(write)
    next(stream)
    time.sleep(0.3)
    assert written < 4_000_000
    assert sum(len(block) for block in stream) < written == 40_000_000


def test_the_end_stays_the_end() -> None:
    stream = streamed(lambda out: out.write(b"x"))
    assert list(stream) == [b"x"]
    assert list(stream) == []


def test_nothing_written_is_nothing_read() -> None:
    stream = streamed(lambda _: None)
    assert list(stream) == list(stream) == []


@pytest.mark.parametrize("begun", [True, False])
def test_a_reader_that_leaves_ends_the_writer(begun: bool) -> None:
    ended = threading.Event()

    def write(out: BinaryIO) -> None:
        try:
            while True:
                out.write(bytes(100_000))
        finally:
            ended.set()

    stream = streamed(write)
    if begun:
        next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert ended.wait(10)
