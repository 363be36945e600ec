"""Many bytes at once for compiled functions, in vectors that every processor's compiler knows.

All of these read whole vectors, so arrays have ``PAD`` bytes to spare behind what is meant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

PAD: Final = 64
_intrinsic: Final[Any] = intrinsic
_declared: Final[Any] = cgutils.get_or_insert_function

_BYTE, _LONG = ir.IntType(8), ir.IntType(64)


def _all(value: int, lanes: int) -> Any:
    return ir.Constant(ir.VectorType(_BYTE, lanes), [value] * lanes)


def _address(context: Any, builder: Any, kind: Any, array: Any, offset: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.gep(builder.bitcast(data, _BYTE.as_pointer()), [offset])


def _load(builder: Any, address: Any, lanes: int) -> Any:
    pointer = builder.bitcast(address, ir.VectorType(_BYTE, lanes).as_pointer())
    return builder.load(pointer, align=1)


def _store(builder: Any, value: Any, address: Any) -> None:
    builder.store(value, builder.bitcast(address, value.type.as_pointer()), align=1)


def _bits(builder: Any, flags: Any, lanes: int) -> Any:
    return builder.zext(builder.bitcast(flags, ir.IntType(lanes)), _LONG)


def _equal(builder: Any, vector: Any, value: int, lanes: int) -> Any:
    return builder.icmp_unsigned("==", vector, _all(value, lanes))


@_intrinsic  # type: ignore[untyped-decorator]
def marks_at(typing: Any, data: Any, at: Any, delimiter: Any) -> tuple[Any, Callable[..., Any]]:
    """Bits of the 64 bytes at ``data[at:]`` that are ``delimiter``, a quotation mark or a control
    character other than a tab."""
    signature = types.uint64(data, types.int64, types.uint8)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = _load(builder, _address(context, builder, signature.args[0], *arguments[:2]), 64)
        empty = ir.Constant(vector.type, ir.Undefined)
        one = builder.insert_element(empty, arguments[2], ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), 64), [0] * 64)
        wanted = builder.icmp_unsigned("==", vector, builder.shuffle_vector(one, one, zeros))
        control = builder.icmp_unsigned("<", vector, _all(0x20, 64))
        control = builder.and_(control, builder.icmp_unsigned("!=", vector, _all(0x09, 64)))
        control = builder.or_(control, _equal(builder, vector, 0x7F, 64))
        quote = _equal(builder, vector, 0x22, 64)
        return _bits(builder, builder.or_(builder.or_(wanted, control), quote), 64)

    return signature, generate


@_intrinsic  # type: ignore[untyped-decorator]
def wide_at(typing: Any, data: Any, at: Any) -> tuple[Any, Callable[..., Any]]:
    """Bits of the 64 bytes at ``data[at:]`` that are beyond ASCII."""
    signature = types.uint64(data, types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = _load(builder, _address(context, builder, signature.args[0], *arguments), 64)
        return _bits(builder, builder.icmp_signed("<", vector, _all(0, 64)), 64)

    return signature, generate


@_intrinsic  # type: ignore[untyped-decorator]
def lowest(typing: Any, bits: Any) -> tuple[Any, Callable[..., Any]]:
    """The number of the lowest bit that is set; there has to be one."""
    signature = types.int64(types.uint64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(_LONG, [_LONG, ir.IntType(1)])
        count = _declared(builder.module, kind, "llvm.cttz.i64")
        return builder.call(count, [arguments[0], ir.Constant(ir.IntType(1), 1)])

    return signature, generate


@_intrinsic  # type: ignore[untyped-decorator]
def copy_32(typing: Any, data: Any, at: Any, out: Any, to: Any) -> tuple[Any, Callable[..., Any]]:
    """Copy 32 bytes; bits of those that are spaces or tabs."""
    signature = types.uint64(data, types.int64, out, types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = _load(builder, _address(context, builder, signature.args[0], *arguments[:2]), 32)
        target = _address(context, builder, signature.args[2], *arguments[2:])
        _store(builder, vector, target)
        return _blanks(builder, vector)

    return signature, generate


@_intrinsic  # type: ignore[untyped-decorator]
def upper_32(typing: Any, data: Any, at: Any, out: Any, to: Any) -> tuple[Any, Callable[..., Any]]:
    """The same with a to z as capital letters."""
    signature = types.uint64(data, types.int64, out, types.int64)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = _load(builder, _address(context, builder, signature.args[0], *arguments[:2]), 32)
        shifted = builder.sub(vector, _all(ord("a"), 32))
        small = builder.icmp_unsigned("<", shifted, _all(26, 32))
        capital = builder.select(small, builder.sub(vector, _all(32, 32)), vector)
        target = _address(context, builder, signature.args[2], *arguments[2:])
        _store(builder, capital, target)
        return _blanks(builder, vector)

    return signature, generate


def _blanks(builder: Any, vector: Any) -> Any:
    space, tab = _equal(builder, vector, 0x20, 32), _equal(builder, vector, 0x09, 32)
    return _bits(builder, builder.or_(space, tab), 32)
