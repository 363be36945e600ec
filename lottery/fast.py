"""The selection of LOT-1, compiled: the positions of the pure reference, for millions of places.

``permutation`` is the shuffle by itself, ``select`` a whole stage: tickets to entries, and those
skipped that have won already. Both are tested against the reference and the known answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lottery.entries.jit import Int, compiled
from lottery.entries.sha256 import START, Bytes, Words, block, close_message

Positions = NDArray[np.uint32]
#: Tickets are numbered in 32 bits.
MAX_TICKETS: Final = 2**32 - 1
#: Up to here all tickets are laid out at once (1 GiB), when many of them are drawn.
_DENSE: Final = 2**28
#: Displaced tickets that are kept when few of very many are drawn.
_SPARSE: Final = 2**25
#: Blocks of the stream that are hashed together, eight words each.
_AHEAD: Final = 64


class TooMany(MemoryError):
    """More tickets than this can shuffle in memory."""


def permutation(key: bytes, tickets: int, take: int) -> Positions:
    """The first ``take`` of the permutation of ``tickets`` that ``key`` (32 bytes) decides.

    Raises:
        ValueError: 2³² tickets or more, or fewer than are to be taken.
        TooMany: see there.
    """
    if take > tickets:
        raise ValueError(f"{take} cannot be taken of {tickets}")
    return select(key, [(0, tickets, 1)], take)


def select(
    key: bytes, runs: Sequence[tuple[int, int, int]], want: int, taken: Positions | None = None
) -> Positions:
    """The first ``want`` entries that come out of a stage's shuffle, or all when there are fewer.

    ``runs`` are (first position, entries, weight) in the order of their tickets, ``taken`` the
    positions that cannot be drawn any more. Winners and alternates follow each other.

    Raises:
        ValueError: 2³² tickets or more.
        TooMany: see there.
    """
    used = np.array([run for run in runs if run[1] > 0], np.int64).reshape(-1, 3)
    starts = np.zeros(len(used) + 1, np.int64)
    np.cumsum(used[:, 1] * used[:, 2], out=starts[1:])
    tickets = int(starts[-1])
    if tickets > MAX_TICKETS:
        raise ValueError(f"{tickets} tickets are more than {MAX_TICKETS}")
    end = int((used[:, 0] + used[:, 1]).max(initial=0))
    gone = np.zeros((end + 63) // 64, np.uint64)
    if taken is not None:
        _mark(gone, np.asarray(taken, np.uint32))
    out = np.empty(min(want, int(used[:, 1].sum())), np.uint32)
    head = np.frombuffer(key, np.uint8)
    if tickets <= _DENSE and 8 * want >= tickets:
        found = _shuffle_all(head, tickets, used, starts, gone, out)
    else:
        found = _shuffle_few(head, tickets, used, starts, gone, out, _SPARSE)
    if found < 0:
        raise TooMany(f"{want} of {tickets} tickets cannot be shuffled in memory")
    return out[:found].copy() if found < len(out) else out


@compiled
def _mark(gone: NDArray[np.uint64], positions: Positions) -> None:
    for position in positions:
        if position >> 6 < gone.size:
            gone[position >> 6] |= np.uint64(1) << np.uint64(position & 63)


@compiled
def _stream(key: Bytes, first: Int, words: Words, scratch: Bytes, states: Words) -> None:
    """Words of the blocks ``first`` … ``first + _AHEAD - 1``: SHA-256(key ‖ u64 number)."""
    for k in range(_AHEAD):
        number = first + k
        for i in range(8):
            scratch[32 + i] = np.uint8((number >> (56 - 8 * i)) & 255)
        for i in range(8):
            states[k, i] = START[i]
        block(states, k, scratch, 0)
        for i in range(8):
            words[8 * k + i] = states[k, i]


@compiled
def _scratch(key: Bytes) -> Bytes:
    scratch = np.zeros(64, np.uint8)
    scratch[:32] = key
    close_message(scratch, 0, 40, 0)
    return scratch


@compiled
def _entry(ticket: Int, runs: NDArray[np.int64], starts: NDArray[np.int64]) -> Int:
    """The position that a ticket belongs to."""
    low, high = 0, starts.size - 1
    while high - low > 1:
        middle = (low + high) // 2
        if starts[middle] <= ticket:
            low = middle
        else:
            high = middle
    return runs[low, 0] + (ticket - starts[low]) // runs[low, 2]


@compiled
def _take(position: Int, gone: NDArray[np.uint64]) -> Any:
    """Whether the position had not been drawn; from now on it has."""
    bit = np.uint64(1) << np.uint64(position & 63)
    if gone[position >> 6] & bit:
        return False
    gone[position >> 6] |= bit
    return True


@compiled
def _accepted(word: Int, left: Int) -> Any:
    """Whether the word is below the greatest multiple of ``left`` in 32 bits."""
    if word < 4294967296 - left:
        return True
    return word < 4294967296 - 4294967296 % left


@compiled
def _shuffle_all(
    key: Bytes,
    tickets: Int,
    runs: NDArray[np.int64],
    starts: NDArray[np.int64],
    gone: NDArray[np.uint64],
    out: Positions,
) -> Int:
    """Fisher–Yates over an array of all tickets; how many positions were found."""
    words, scratch = np.empty(8 * _AHEAD, np.uint32), _scratch(key)
    states = np.empty((_AHEAD, 8), np.uint32)
    order = np.empty(tickets, np.uint32)
    for i in range(tickets):
        order[i] = i
    found, number, at = 0, 0, words.size
    for i in range(tickets):
        if found == out.size:
            break
        left = tickets - i
        while True:
            if at == words.size:
                _stream(key, number, words, scratch, states)
                number, at = number + _AHEAD, 0
            word = np.int64(words[at])
            at += 1
            if _accepted(word, left):
                break
        r = i + np.int64(np.uint32(word) % np.uint32(left))
        ticket = order[r]
        order[r] = order[i]
        position = _entry(np.int64(ticket), runs, starts)
        if _take(position, gone):
            out[found] = position
            found += 1
    return found


@compiled
def _place(keys: NDArray[np.int64], ticket: Int) -> Int:
    """Where ``ticket`` stands in the open table, or the empty place where it would."""
    mask = keys.size - 1
    at = ((ticket * 0x9E3779B1) >> 7) & mask
    while keys[at] not in (-1, ticket):
        at = (at + 1) & mask
    return at


@compiled
def _shuffle_few(
    key: Bytes,
    tickets: Int,
    runs: NDArray[np.int64],
    starts: NDArray[np.int64],
    gone: NDArray[np.uint64],
    out: Positions,
    most: Int,
) -> Int:
    """The same when only tickets that were displaced are kept; -1 when they become too many."""
    words, scratch = np.empty(8 * _AHEAD, np.uint32), _scratch(key)
    states = np.empty((_AHEAD, 8), np.uint32)
    keys, values = np.full(1024, -1, np.int64), np.empty(1024, np.uint32)
    held, found, number, at = 0, 0, 0, words.size
    for i in range(tickets):
        if found == out.size:
            break
        left = tickets - i
        while True:
            if at == words.size:
                _stream(key, number, words, scratch, states)
                number, at = number + _AHEAD, 0
            word = np.int64(words[at])
            at += 1
            if _accepted(word, left):
                break
        r = i + word % left
        first, other = _place(keys, i), _place(keys, r)
        moved = np.int64(values[first]) if keys[first] == i else i
        ticket = np.int64(values[other]) if keys[other] == r else r
        if r != i:
            held += keys[other] == -1
            keys[other], values[other] = r, moved
        position = _entry(ticket, runs, starts)
        if _take(position, gone):
            out[found] = position
            found += 1
        if 2 * held > keys.size:
            if held > most:
                return -1
            old, before = keys, values
            keys, values = np.full(4 * old.size, -1, np.int64), np.empty(4 * old.size, np.uint32)
            held = 0
            for k in range(old.size):
                if old[k] > i:  # lower ones are never asked for again
                    place = _place(keys, old[k])
                    keys[place], values[place] = old[k], before[k]
                    held += 1
    return found
