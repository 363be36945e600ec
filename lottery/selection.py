"""The selection of LOT-1: a shuffled order of tickets that follows from a key, and from nothing
else. This is the reference; ``lottery.fast`` gives the same order faster."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from hashlib import sha256

#: Tickets are numbered by 32-bit words.
MOST = 2**32 - 1


def words(key: bytes) -> Iterator[int]:
    """The stream of ``key``: blocks SHA256(key ‖ u64 j), each eight 32-bit words, big-endian."""
    unpack, block = struct.Struct(">8I").unpack, 0
    while True:
        yield from unpack(sha256(key + block.to_bytes(8, "big")).digest())
        block += 1


def permutation(key: bytes, tickets: int) -> Iterator[int]:
    """All numbers below ``tickets``, shuffled (Fisher–Yates; only moved numbers are kept).

    A word is used only when it lies below the largest multiple of the numbers left, so that each
    of them is equally likely.

    Raises:
        ValueError: ``tickets`` is not from 1 to 2³²−1.
    """
    if not 1 <= tickets <= MOST:
        raise ValueError(f"the number of tickets has to lie between 1 and {MOST}")
    moved: dict[int, int] = {}
    take = words(key).__next__
    for i in range(tickets):
        left = tickets - i
        limit = 2**32 - 2**32 % left
        word = take()
        while word >= limit:
            word = take()
        r = i + word % left
        drawn = moved.get(r, r)
        moved[r] = moved.pop(i, i)
        yield drawn
