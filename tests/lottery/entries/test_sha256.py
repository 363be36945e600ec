"""Three ways to the same digests: hashlib, the processor's instructions, word by word."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lottery.entries import sha256
from lottery.entries.hashing import bytes_of, key_states, level_above
from lottery.entries.simd import PAD
from tests.effort import examples

WAYS = [sha256.block_by_words] + ([sha256.block_by_hardware] if sha256.HARDWARE else [])


def digest(block: Callable[..., None], message: bytes, state: np.ndarray, before: int = 0) -> bytes:
    data = np.zeros(len(message) + 200, np.uint8)
    data[: len(message)] = np.frombuffer(message, np.uint8)
    padding = b"\x80" + bytes(-(len(message) + 9) % 64)
    padding += (8 * (before + len(message))).to_bytes(8, "big")
    whole = np.frombuffer(message + padding, np.uint8).copy()
    states = state.reshape(1, 8).copy()
    for at in range(0, len(whole), 64):
        block(states, 0, whole, at)
    return states.astype(">u4").tobytes()


@pytest.mark.parametrize("block", WAYS)
@settings(deadline=None, max_examples=examples(60))
@given(message=st.binary(max_size=300))
def test_digests(block: Callable[..., None], message: bytes) -> None:
    assert digest(block, message, sha256.START) == hashlib.sha256(message).digest()


@settings(deadline=None, max_examples=examples(30))
@given(key=st.binary(min_size=32, max_size=32), message=st.binary(max_size=100))
def test_hmac_from_its_states(key: bytes, message: bytes) -> None:
    states = key_states(bytes_of(key))
    inner = digest(sha256.block, message, states[0], 64)
    assert digest(sha256.block, inner, states[1], 64) == hmac.digest(key, message, "sha256")


@pytest.mark.parametrize("count", [1, 2, 3, 64, 127, 128, 129, 1001])
def test_nodes(count: int) -> None:
    row = [hashlib.sha256(b"%d" % number).digest() for number in range(count)]
    pairs = [hashlib.sha256(b"\1" + row[i] + row[i + 1]).digest() for i in range(0, count - 1, 2)]
    data = np.frombuffer(b"".join(row) + bytes(PAD), np.uint8).copy()
    above = level_above(data, count, data)
    assert data[: 32 * above].tobytes() == b"".join(pairs + row[count & ~1 :])
