"""Tags, salts, leaves, lookups and trees of a list, compiled; a batch of entries at a time.

In each step all messages of a batch are laid out before their blocks are hashed, so that the
processor can work on several. What is the same in every message is laid out once.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from lottery.entries.canonical import MAX_ID
from lottery.entries.jit import Int, compiled, inlined
from lottery.entries.sha256 import (
    START,
    Bytes,
    Words,
    block,
    blocks_of,
    close_message,
    put_digest,
    put_number,
)
from lottery.entries.simd import PAD, copy_32

Sizes = NDArray[np.uint16]
Integers = NDArray[np.int64]
_BATCH: Final = 64
_UNTAGGED: Final = 57  # bytes of a leaf's message before its fields: 0x00, u64, salt, tag
_MAX_ID = MAX_ID


def bytes_of(text: bytes) -> Bytes:
    """``text`` as an array that vectors may read beyond the end of."""
    return np.frombuffer(text + bytes(PAD), np.uint8)


@compiled
def key_states(key: Bytes) -> Words:
    """States of HMAC-SHA-256 (RFC 2104) after the inner and the outer block of a 32-byte key."""
    states, padded = np.empty((2, 8), np.uint32), np.empty(64, np.uint8)
    for which in range(2):
        for i in range(64):
            letter = key[i] if i < 32 else np.uint8(0)
            padded[i] = letter ^ np.uint8(0x36 if which == 0 else 0x5C)
        for i in range(8):
            states[which, i] = START[i]
        block(states, which, padded, 0)
    return states


@inlined
def _start(states: Words, at: Int, first: Words, which: Int) -> None:
    for i in range(8):
        states[at, i] = first[which, i]


@inlined
def _copy(data: Bytes, at: Int, out: Bytes, to: Int, size: Int) -> None:
    for i in range(0, size, 32):
        copy_32(data, at + i, out, to + i)


@compiled
def _finish(states: Words, messages: Bytes, stride: Int, blocks: Integers, count: Int) -> None:
    """Hash all blocks of ``count`` messages, the first blocks first."""
    least = most = blocks[0]
    for m in range(1, count):
        most, least = max(most, blocks[m]), min(least, blocks[m])
    for k in range(least):
        blocks_of(states, messages, 64 * k, stride, count)
    for k in range(least, most):
        for m in range(count):
            if k < blocks[m]:
                blocks_of(states[m : m + 1], messages, m * stride + 64 * k, 0, 1)


@compiled
def _outer(states: Words, key: Words, messages: Bytes, count: Int) -> None:
    """From the inner digest in ``states`` to the HMAC. ``messages``: one block each, in which the
    padding of 32 bytes after one block stands already."""
    for m in range(count):
        put_digest(messages, 64 * m, states, m)
        _start(states, m, key, 1)
    blocks_of(states, messages, 0, 64, count)


@compiled
def _prepared(count: Int, length: Int, before: Int) -> Bytes:
    """``count`` blocks with the padding of a message of ``length`` bytes."""
    messages = np.zeros(64 * count, np.uint8)
    for m in range(count):
        close_message(messages, 64 * m, length, before)
    return messages


@compiled
def lookup_entries(
    data: Bytes,
    id_sizes: Sizes,
    field_sizes: Sizes,
    prefix: Bytes,
    prefixed: Int,
    key: Bytes,
    out: NDArray[np.uint64],
) -> None:
    """For each entry the first 8 bytes of SHA-256(key ‖ SHA-256(prefix ‖ id)).

    ``data`` holds ids and fields one after the other; ``prefix`` has ``prefixed`` bytes.
    """
    stride = (prefixed + _MAX_ID + 9 + 63) // 64 * 64 + 64
    messages, states = np.zeros(_BATCH * stride, np.uint8), np.empty((_BATCH, 8), np.uint32)
    second, padding = np.zeros(64 * _BATCH, np.uint8), _prepared(1, 0, 64)
    blocks, first = np.empty(_BATCH, np.int64), np.empty((1, 8), np.uint32)
    first[0] = START
    for m in range(_BATCH):
        messages[m * stride : m * stride + prefixed] = prefix[:prefixed]
        second[64 * m : 64 * m + 32] = key[:32]
    at: Int = 0
    for base in range(0, id_sizes.size, _BATCH):
        count = min(_BATCH, id_sizes.size - base)
        for m in range(count):
            size = np.int64(id_sizes[base + m])
            _copy(data, at, messages, m * stride + prefixed, size)
            at += size + np.int64(field_sizes[base + m])
            blocks[m] = close_message(messages, m * stride, prefixed + size, 0)
            _start(states, m, first, 0)
        _finish(states, messages, stride, blocks, count)
        for m in range(count):
            put_digest(second, 64 * m + 32, states, m)
            _start(states, m, first, 0)
        blocks_of(states, second, 0, 64, count)
        blocks_of(states, padding, 0, 0, count)
        for m in range(count):
            out[base + m] = (np.uint64(states[m, 0]) << np.uint64(32)) | np.uint64(states[m, 1])


@compiled
def leaves_of(
    data: Bytes,
    starts: Integers,
    id_sizes: Sizes,
    field_sizes: Sizes,
    order: NDArray[np.int64],
    positions: Integers,
    draw: Bytes,
    named: Int,
    salting: Words,
    organiser: Words,
    notary: Words,
    tags: Bytes,
    leaves: Bytes,
) -> None:
    """Tags and leaf hashes of the entries ``order``, which get ``positions``, 32 bytes each.

    The keys are those of :func:`key_states`; ``draw`` is the draw's id of ``named`` bytes.
    """
    wide = (named + _MAX_ID + 9 + 63) // 64 * 64 + 64
    long = (_UNTAGGED + np.int64(field_sizes.max()) + 9 + 63) // 64 * 64 + 64
    ids, bodies = np.zeros(_BATCH * wide, np.uint8), np.zeros(_BATCH * long, np.uint8)
    numbers, digests = _prepared(_BATCH, 8, 64), _prepared(_BATCH, 32, 64)
    states, blocks = np.empty((_BATCH, 8), np.uint32), np.empty(_BATCH, np.int64)
    first = np.empty((1, 8), np.uint32)
    first[0] = START
    for m in range(_BATCH):
        ids[m * wide : m * wide + named] = draw[:named]
    for base in range(0, order.size, _BATCH):
        count = min(_BATCH, order.size - base)
        # salt = HMAC(K_salt, u64 position)[:16]
        for m in range(count):
            put_number(numbers, 64 * m, positions[base + m])
            _start(states, m, salting, 0)
        blocks_of(states, numbers, 0, 64, count)
        _outer(states, salting, digests, count)
        for m in range(count):
            put_number(bodies, m * long + 1, positions[base + m])
            put_digest(bodies, m * long + 9, states, m)
        # tag = HMAC(K_notary, HMAC(K_organiser, draw ‖ id))
        for m in range(count):
            entry = order[base + m]
            size = np.int64(id_sizes[entry])
            _copy(data, starts[entry], ids, m * wide + named, size)
            blocks[m] = close_message(ids, m * wide, named + size, 64)
            _start(states, m, organiser, 0)
        _finish(states, ids, wide, blocks, count)
        _outer(states, organiser, digests, count)
        for m in range(count):
            put_digest(digests, 64 * m, states, m)
            _start(states, m, notary, 0)
        blocks_of(states, digests, 0, 64, count)
        _outer(states, notary, digests, count)
        # leaf = SHA-256(0x00 ‖ u64 position ‖ salt ‖ tag ‖ fields)
        for m in range(count):
            put_digest(tags, 32 * (base + m), states, m)
            put_digest(bodies, m * long + 25, states, m)
            entry = order[base + m]
            size = np.int64(field_sizes[entry])
            at = starts[entry] + np.int64(id_sizes[entry])
            _copy(data, at, bodies, m * long + _UNTAGGED, size)
            blocks[m] = close_message(bodies, m * long, _UNTAGGED + size, 0)
            _start(states, m, first, 0)
        _finish(states, bodies, long, blocks, count)
        for m in range(count):
            put_digest(leaves, 32 * (base + m), states, m)


@compiled
def id_digests(
    data: Bytes, starts: Integers, id_sizes: Sizes, chosen: Integers, out: NDArray[np.uint64]
) -> None:
    """SHA-256 of the ids of the entries ``chosen``, four numbers each."""
    message, states = np.zeros(_MAX_ID + 128, np.uint8), np.empty((1, 8), np.uint32)
    for k in range(chosen.size):
        size = np.int64(id_sizes[chosen[k]])
        _copy(data, starts[chosen[k]], message, 0, size)
        blocks = close_message(message, 0, size, 0)
        states[0] = START
        for i in range(blocks):
            block(states, 0, message, 64 * i)
        for i in range(4):
            high, low = np.uint64(states[0, 2 * i]), np.uint64(states[0, 2 * i + 1])
            out[k, i] = (high << np.uint64(32)) | low


@compiled
def level_above(row: Bytes, count: Int, out: Bytes) -> Int:
    """The nodes above ``count`` digests (RFC 6962 §2.1); an odd last one moves up. How many there
    are. ``out`` may be ``row``."""
    messages, padding = np.zeros(128 * _BATCH, np.uint8), np.empty(_BATCH, np.int64)
    states = np.empty((_BATCH, 8), np.uint32)
    for m in range(_BATCH):
        messages[128 * m] = 1
        padding[m] = close_message(messages, 128 * m, 65, 0)
    pairs = count // 2
    for base in range(0, pairs, _BATCH):
        some = min(_BATCH, pairs - base)
        for m in range(some):
            _copy(row, 64 * (base + m), messages, 128 * m + 1, 64)
            for i in range(8):
                states[m, i] = START[i]
        blocks_of(states, messages, 0, 128, some)
        blocks_of(states, messages, 64, 128, some)
        for m in range(some):
            put_digest(out, 32 * (base + m), states, m)
    if count & 1:
        for i in range(32):
            out[32 * pairs + i] = row[32 * (count - 1) + i]
    return pairs + (count & 1)
