"""What a browser may say to a desktop, in whatever pieces it says it."""

from __future__ import annotations

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.gateway.rfb import MAX_CUT, VERSION, BadMessage, ClientFilter

HELLO = VERSION + b"\x01" + b"\x01"
KEY = struct.pack(">BBxxI", 4, 1, 0x61)
POINTER = struct.pack(">BBHH", 5, 1, 10, 20)
QEMU_KEY = struct.pack(">BBHII", 255, 0, 1, 0x61, 30)
PIXELS = struct.pack(">B3x16x", 0)
UPDATE = struct.pack(">BBHHHH", 3, 1, 0, 0, 1280, 800)
CONTINUOUS = struct.pack(">BBHHHH", 150, 1, 0, 0, 1280, 800)
RESIZE = struct.pack(">BxHHBx", 251, 640, 480, 1) + bytes(16)
POWER_OFF = bytes([250, 0, 1, 2])


def cut(text: bytes, sign: int = 1) -> bytes:
    return struct.pack(">B3xi", 6, sign * len(text)) + text


def encodings(*numbers: int) -> bytes:
    return struct.pack(f">BxH{len(numbers)}i", 2, len(numbers), *numbers)


def fence(payload: bytes) -> bytes:
    return struct.pack(">B3xIB", 248, 0, len(payload)) + payload


INPUT = (KEY, POINTER, QEMU_KEY, cut("收".encode()), cut(b"\x00\x01", -1), cut(b""))
HARMLESS = (
    PIXELS,
    UPDATE,
    CONTINUOUS,
    encodings(7, -308, 0),
    encodings(),
    fence(b"abc"),
    fence(b""),
)
NEVER = (RESIZE, POWER_OFF)


def said(*messages: bytes, may_type: bool) -> bytes:
    client = ClientFilter(lambda: may_type)
    return client.feed(HELLO + b"".join(messages))


@pytest.mark.parametrize("message", INPUT)
def test_input_passes_only_while_it_may(message: bytes) -> None:
    assert said(message, may_type=True) == HELLO + message
    assert said(message, may_type=False) == HELLO


@pytest.mark.parametrize("message", HARMLESS)
def test_looking_is_always_allowed(message: bytes) -> None:
    assert said(message, may_type=False) == HELLO + message


@pytest.mark.parametrize("message", NEVER)
def test_size_and_power_are_nobodys_to_change(message: bytes) -> None:
    assert said(message, KEY, may_type=True) == HELLO + KEY


def test_the_gate_is_asked_for_every_message() -> None:
    answers = iter([True, False, True])
    client = ClientFilter(lambda: next(answers))
    client.feed(HELLO)
    assert [client.feed(POINTER) for _ in range(3)] == [POINTER, b"", POINTER]
    assert (client.passed.input, client.passed.held) == (2, 1)


def test_nobody_takes_the_desktop_from_the_others() -> None:
    client = ClientFilter(lambda: True)
    assert client.feed(VERSION + b"\x01" + b"\x00") == HELLO


@pytest.mark.parametrize(
    "bad",
    [
        b"RFB 003.003\n",
        b"GET / HTTP/1.1\r\n",
        VERSION + b"\x02",
        HELLO + b"\x01",
        HELLO + b"\x07" + bytes(20),
        HELLO + b"\xff\x01",
        HELLO + struct.pack(">BxH", 2, 5000),
        HELLO + struct.pack(">B3xi", 6, MAX_CUT + 1),
        HELLO + struct.pack(">B3xi", 6, -(2**31)),
        HELLO + struct.pack(">B3xIB", 248, 0, 65),
    ],
)
def test_what_no_client_of_ours_sends_ends_the_connection(bad: bytes) -> None:
    with pytest.raises(BadMessage):
        ClientFilter(lambda: True).feed(bad)


@given(
    st.lists(st.sampled_from(INPUT + HARMLESS + NEVER), max_size=12),
    st.lists(st.integers(min_value=0, max_value=400), max_size=20),
    st.booleans(),
)
def test_pieces_make_no_difference(messages: list[bytes], cuts: list[int], may_type: bool) -> None:
    whole = HELLO + b"".join(messages)
    places = sorted({0, len(whole), *(place % (len(whole) + 1) for place in cuts)})
    client = ClientFilter(lambda: may_type)
    pieces = [client.feed(whole[a:b]) for a, b in pairwise(places)]
    allowed = [each for each in messages if each not in NEVER and (may_type or each not in INPUT)]
    assert b"".join(pieces) == HELLO + b"".join(allowed)


@given(st.binary(max_size=200))
def test_no_bytes_break_it(data: bytes) -> None:
    client = ClientFilter(lambda: False)
    try:
        out = client.feed(HELLO + data)
    except BadMessage:
        return
    assert out.startswith(HELLO)
    assert client.passed.input == 0
