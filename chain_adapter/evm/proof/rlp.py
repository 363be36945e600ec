"""RLP, Ethereum's encoding of nested byte strings (Yellow Paper, appendix B), read strictly.

Every value has one encoding. Longer spellings of a length, single bytes with a prefix and trailing
bytes are refused, so that what was read is what :func:`encode` writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from chain_adapter.errors import InvalidProof

#: A byte string, or a list of items.
Item: TypeAlias = "bytes | list[Item]"

#: Headers hold lists three deep (validators' seals in extra data are decoded apart), trie nodes
#: inline children one in another.
_MAX_DEPTH: Final = 16
_MAX_SIZE: Final = 64 * 1024
_SHORT: Final = 55


def decode(data: bytes) -> Item:
    """The one item that ``data`` (at most 64 KiB) is.

    Raises:
        InvalidProof: too large, nested too deeply, not canonical, or something follows.
    """
    if len(data) > _MAX_SIZE:
        raise InvalidProof(f"RLP of {len(data)} bytes is too long")
    item, end = _read(data, 0, len(data), 0)
    if end != len(data):
        raise InvalidProof(f"{len(data) - end} bytes follow the RLP item")
    return item


def decode_list(data: bytes) -> list[Item]:
    """:func:`decode` of a list."""
    item = decode(data)
    if not isinstance(item, list):
        raise InvalidProof("RLP holds a string where a list must stand")
    return item


def encode(item: bytes | Sequence[Item]) -> bytes:
    """The one encoding of ``item``."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return _prefix(len(item), 0x80) + item
    body = b"".join(map(encode, item))
    return _prefix(len(body), 0xC0) + body


def number(item: Item) -> int:
    """A scalar: big-endian without leading zeroes, at most 32 bytes.

    Raises:
        InvalidProof: it is none.
    """
    if not isinstance(item, bytes) or len(item) > 32 or item[:1] == b"\x00":
        raise InvalidProof("RLP holds no whole number without leading zeroes where one must stand")
    return int.from_bytes(item, "big")


def text(item: Item, length: int | None = None) -> bytes:
    """A byte string, of ``length`` bytes when that is given.

    Raises:
        InvalidProof: it is none.
    """
    if not isinstance(item, bytes):
        raise InvalidProof("RLP holds a list where a string must stand")
    if length is not None and len(item) != length:
        raise InvalidProof(f"RLP holds {len(item)} bytes where {length} must stand")
    return item


def _prefix(length: int, offset: int) -> bytes:
    if length <= _SHORT:
        return bytes([offset + length])
    digits = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([offset + _SHORT + len(digits)]) + digits


def _read(data: bytes, start: int, end: int, depth: int) -> tuple[Item, int]:
    """The item at ``start``, which may not reach beyond ``end``; and where it ends."""
    if start >= end:
        raise InvalidProof("RLP ends where an item must stand")
    first = data[start]
    if first < 0x80:
        return data[start : start + 1], start + 1
    offset = 0xC0 if first >= 0xC0 else 0x80
    body, after = _body(data, start, end, first - offset)
    if offset == 0xC0:
        return _read_list(data, body, after, depth + 1), after
    if after - body == 1 and data[body] < 0x80:
        raise InvalidProof("RLP spells a single byte with a prefix")
    return data[body:after], after


def _body(data: bytes, start: int, end: int, size: int) -> tuple[int, int]:
    """Where the content begins and ends; ``size`` is the first byte less its offset."""
    body, length = start + 1, size
    if size > _SHORT:
        body += size - _SHORT
        digits = data[start + 1 : min(body, end)]
        length = int.from_bytes(digits, "big")
        if digits[:1] in (b"", b"\x00") or length <= _SHORT:
            raise InvalidProof("RLP spells a length longer than needed")
    if body + length > end:
        raise InvalidProof("RLP is shorter than it says")
    return body, body + length


def _read_list(data: bytes, start: int, end: int, depth: int) -> list[Item]:
    if depth > _MAX_DEPTH:
        raise InvalidProof("RLP is nested too deeply")
    items: list[Item] = []
    while start < end:
        item, start = _read(data, start, end, depth)
        items.append(item)
    return items
