"""SHA-256 (FIPS 180-4) for compiled functions: many short messages, one block after the other.

Where the processor has instructions for it (SHA-NI) they are used, at about 40 ns a block;
everywhere else the same is computed word by word. A message is laid out by its caller: bytes,
0x80, zeros, and its length in bits at the end of the last block. Blocks of different messages do
not wait for each other, so the processor works on several at once.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from lottery.entries.jit import Int, compiled, inlined

Bytes = NDArray[np.uint8]
Words = NDArray[np.uint32]

# fmt: off
_K: Final = (
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
)
# fmt: on
_CONSTANTS: Final = np.array(_K, np.uint32)
#: The state before the first block.
START: Final = np.array(
    [
        0x6A09E667,
        0xBB67AE85,
        0x3C6EF372,
        0xA54FF53A,
        0x510E527F,
        0x9B05688C,
        0x1F83D9AB,
        0x5BE0CD19,
    ],
    np.uint32,
)
#: Whether this processor hashes by itself.
HARDWARE: Final = bool(binding.get_host_cpu_features().get("sha"))

_intrinsic: Final[Any] = intrinsic
_declared: Final[Any] = cgutils.get_or_insert_function
_BYTE = ir.IntType(8)
_LONG = ir.IntType(64)
_FOUR = ir.VectorType(ir.IntType(32), 4)


@_intrinsic  # type: ignore[untyped-decorator]
def _block_by_hardware(
    typing: Any, states: Any, at: Any, data: Any, offset: Any
) -> tuple[Any, Any]:
    """``states[at]`` after the block at ``data[offset:offset + 64]``, by SHA-NI."""
    signature = types.void(states, types.int64, data, types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        where = [_pointer(context, builder, signature.args[i], arguments[i]) for i in (0, 2)]
        state = builder.gep(where[0], [builder.mul(arguments[1], ir.Constant(_LONG, 32))])
        _emit(builder, state, builder.gep(where[1], [arguments[3]]))
        return context.get_dummy_value()

    return signature, generate


def _pointer(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(data, _BYTE.as_pointer())


def _emit(builder: Any, state: Any, block: Any) -> None:
    """The 64 rounds, two to an instruction; the state travels as (A,B,E,F) and (C,D,G,H)."""
    rounds = _instruction(builder, "llvm.x86.sha256rnds2", 3)
    first = _instruction(builder, "llvm.x86.sha256msg1", 2)
    second = _instruction(builder, "llvm.x86.sha256msg2", 2)
    swap = _instruction(builder, "llvm.bswap.v4i32", 1)
    low, high = _load(builder, state, 0), _load(builder, state, 16)
    abef = before_abef = _picked(builder, low, high, 5, 4, 1, 0)
    cdgh = before_cdgh = _picked(builder, low, high, 7, 6, 3, 2)
    words: list[Any] = []
    for group in range(16):
        if group < 4:
            word = builder.call(swap, [_load(builder, block, 16 * group)])
        else:
            early = builder.call(first, words[-4:-2])
            between = _picked(builder, words[-2], words[-1], 1, 2, 3, 4)
            word = builder.call(second, [builder.add(early, between), words[-1]])
        words.append(word)
        added = builder.add(word, ir.Constant(_FOUR, list(_K[4 * group : 4 * group + 4])))
        abef, cdgh = builder.call(rounds, [cdgh, abef, added]), abef
        added = _picked(builder, added, added, 2, 3, 0, 0)
        abef, cdgh = builder.call(rounds, [cdgh, abef, added]), abef
    abef, cdgh = builder.add(abef, before_abef), builder.add(cdgh, before_cdgh)
    _store(builder, state, 0, _picked(builder, abef, cdgh, 3, 2, 7, 6))
    _store(builder, state, 16, _picked(builder, abef, cdgh, 1, 0, 5, 4))


def _instruction(builder: Any, name: str, operands: int) -> Any:
    kind = ir.FunctionType(_FOUR, [_FOUR] * operands)
    return _declared(builder.module, kind, name)


def _picked(builder: Any, one: Any, other: Any, *lanes: int) -> Any:
    mask = ir.Constant(ir.VectorType(ir.IntType(32), 4), list(lanes))
    return builder.shuffle_vector(one, other, mask)


def _load(builder: Any, pointer: Any, offset: int) -> Any:
    place = builder.gep(pointer, [ir.Constant(_LONG, offset)])
    return builder.load(builder.bitcast(place, _FOUR.as_pointer()), align=1)


def _store(builder: Any, pointer: Any, offset: int, value: Any) -> None:
    place = builder.gep(pointer, [ir.Constant(_LONG, offset)])
    builder.store(value, builder.bitcast(place, _FOUR.as_pointer()), align=1)


@inlined
def _turned(word: Int, by: Int) -> Any:
    return np.uint32((word >> np.uint32(by)) | (word << np.uint32(32 - by)))


@compiled
def block_by_words(states: Words, at: Int, data: Bytes, offset: Int) -> None:
    """FIPS 180-4 §6.2.2: ``states[at]`` after the block at ``data[offset:offset + 64]``."""
    w = np.empty(64, np.uint32)
    for t in range(16):
        value = np.uint32(0)
        for k in range(4):
            value = np.uint32((value << np.uint32(8)) | np.uint32(data[offset + 4 * t + k]))
        w[t] = value
    for t in range(16, 64):
        x, y = w[t - 15], w[t - 2]
        s0 = _turned(x, 7) ^ _turned(x, 18) ^ (x >> np.uint32(3))
        s1 = _turned(y, 17) ^ _turned(y, 19) ^ (y >> np.uint32(10))
        w[t] = np.uint32(w[t - 16] + s0 + w[t - 7] + s1)
    a, b, c, d = states[at, 0], states[at, 1], states[at, 2], states[at, 3]
    e, f, g, h = states[at, 4], states[at, 5], states[at, 6], states[at, 7]
    for t in range(64):
        s1 = _turned(e, 6) ^ _turned(e, 11) ^ _turned(e, 25)
        t1 = np.uint32(h + s1 + ((e & f) ^ (~e & g)) + _CONSTANTS[t] + w[t])
        s0 = _turned(a, 2) ^ _turned(a, 13) ^ _turned(a, 22)
        t2 = np.uint32(s0 + ((a & b) ^ (a & c) ^ (b & c)))
        h, g, f, e = g, f, e, np.uint32(d + t1)
        d, c, b, a = c, b, a, np.uint32(t1 + t2)
    after = (a, b, c, d, e, f, g, h)
    for i in range(8):
        states[at, i] = np.uint32(states[at, i] + after[i])


@inlined
def block_by_hardware(states: Words, at: Int, data: Bytes, offset: Int) -> None:
    """The same by the processor's own instructions; only where ``HARDWARE`` is true."""
    _block_by_hardware(states, at, data, offset)


#: ``block(states, at, data, offset)``: one step of SHA-256.
block = block_by_hardware if HARDWARE else block_by_words


@compiled
def blocks_of(states: Words, data: Bytes, offset: Int, stride: Int, count: Int) -> None:
    """One step for each of ``count`` messages, whose blocks stand ``stride`` bytes apart."""
    for m in range(count):
        block(states, m, data, offset + m * stride)


@_intrinsic  # type: ignore[untyped-decorator]
def put_number(typing: Any, data: Any, offset: Any, number: Any) -> tuple[Any, Any]:
    """Write ``number`` big-endian to ``data[offset:offset + 8]``."""
    signature = types.void(data, types.int64, types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        address = _pointer(context, builder, signature.args[0], arguments[0])
        place = builder.bitcast(builder.gep(address, [arguments[1]]), _LONG.as_pointer())
        swap = _declared(builder.module, ir.FunctionType(_LONG, [_LONG]), "llvm.bswap.i64")
        builder.store(builder.call(swap, [arguments[2]]), place, align=1)
        return context.get_dummy_value()

    return signature, generate


@_intrinsic  # type: ignore[untyped-decorator]
def put_digest(typing: Any, data: Any, offset: Any, states: Any, at: Any) -> tuple[Any, Any]:
    """Write the digest that ``states[at]`` stands for to ``data[offset:offset + 32]``."""
    signature = types.void(data, types.int64, states, types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        where = [_pointer(context, builder, signature.args[i], arguments[i]) for i in (0, 2)]
        state = builder.gep(where[1], [builder.mul(arguments[3], ir.Constant(_LONG, 32))])
        place = builder.gep(where[0], [arguments[1]])
        swap = _instruction(builder, "llvm.bswap.v4i32", 1)
        for half in (0, 16):
            _store(builder, place, half, builder.call(swap, [_load(builder, state, half)]))
        return context.get_dummy_value()

    return signature, generate


@inlined
def close_message(data: Bytes, offset: Int, length: Int, before: Int) -> Int:
    """Pad a message of ``length`` bytes at ``data[offset:]``, after ``before`` bytes that have been
    hashed already (whole blocks); how many blocks it takes."""
    blocks = (length + 9 + 63) // 64
    for i in range(length, blocks * 64 - 8):
        data[offset + i] = 0
    data[offset + length] = 0x80
    put_number(data, offset + blocks * 64 - 8, (before + length) * 8)
    return blocks
