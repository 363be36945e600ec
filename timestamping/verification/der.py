"""A reader for strict DER (X.690 §8, §10, §11), nothing more.

General ASN.1 libraries read BER kindly: overlong lengths, unsorted sets, booleans of 0x01. A token
that can be written in two ways can be changed without anybody noticing, so here there is exactly
one way. Certificates and everything else in a token pass through this reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING = 0x01, 0x02, 0x03, 0x04
NULL, OID, ENUMERATED, UTF8_STRING = 0x05, 0x06, 0x0A, 0x0C
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31

_DEEPEST: Final = 32
_UTC_TIME = re.compile(rb"\d{12}Z", re.ASCII)
_GENERALIZED_TIME = re.compile(rb"(\d{14})(?:\.(\d*[1-9]))?Z", re.ASCII)


class DerError(ValueError):
    """The bytes are not DER; the sentence says where and why."""


class Node:
    """One TLV inside ``data``: header at ``start``, contents from ``body`` to ``end``."""

    __slots__ = ("body", "data", "end", "parts", "start", "tag")

    def __init__(self, data: bytes, tag: int, start: int, body: int, end: int) -> None:
        self.data, self.tag, self.start, self.body, self.end = data, tag, start, body, end
        self.parts: list[Node] = []

    @property
    def raw(self) -> bytes:
        """Header and contents."""
        return self.data[self.start : self.end]

    @property
    def content(self) -> bytes:
        return self.data[self.body : self.end]


def read(data: bytes) -> Node:
    """The one DER object that ``data`` is, read to its innermost parts.

    Raises:
        DerError: not DER, or bytes behind the object.
    """
    node = outer(data)
    fill(node)
    return node


def outer(data: bytes) -> Node:
    """The outermost header only; ``data`` must end where the object ends."""
    tag, body, end = _header(data, 0, len(data))
    if end != len(data):
        raise DerError(f"{len(data) - end} bytes follow the end of the object")
    return Node(data, tag, 0, body, end)


def split(node: Node) -> list[Node]:
    """The parts of a constructed ``node``, one level deep."""
    data, position, end = node.data, node.body, node.end
    parts = []
    while position < end:
        tag, body, stop = _header(data, position, end)
        parts.append(Node(data, tag, position, body, stop))
        position = stop
    return parts


def fill(node: Node, depth: int = 0) -> None:
    """Read ``node`` to its innermost parts, checking the contents of every universal type."""
    tag = node.tag
    if tag & 0x20:
        if tag & 0xC0 == 0 and tag not in (SEQUENCE, SET):
            raise DerError(f"constructed encoding of universal type {tag & 0x1F} at {node.start}")
        if depth >= _DEEPEST:
            raise DerError(f"nested deeper than {_DEEPEST} levels")
        node.parts = split(node)
        for part in node.parts:
            fill(part, depth + 1)
        if tag == SET:
            check_set_order(node.parts)
    elif tag & 0xC0 == 0:
        check = _PRIMITIVE.get(tag)
        if check is None:
            raise DerError(f"universal type {tag} at {node.start} has no place here")
        if not check(node.data[node.body : node.end]):
            raise DerError(f"type {tag} at {node.start} is not encoded as DER requires")


def check_set_order(parts: Sequence[Node]) -> None:
    """SET OF components ascend by encoding (X.690 §11.6)."""
    if len(parts) > 1:
        encodings = [part.raw for part in parts]
        if encodings != sorted(encodings):
            raise DerError(f"the components of the set at {parts[0].start} are not sorted")


def _header(data: bytes, position: int, limit: int) -> tuple[int, int, int]:
    if position + 2 > limit:
        raise DerError(f"the object at {position} is cut off")
    tag, length = data[position], data[position + 1]
    if tag & 0x1F == 0x1F:
        raise DerError(f"a tag number above 30 at {position} has no place here")
    body = position + 2
    if length >= 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4:
            raise DerError(f"indefinite or oversized length at {position}")
        body += size
        if body > limit:
            raise DerError(f"the object at {position} is cut off")
        length = int.from_bytes(data[body - size : body], "big")
        if length < 0x80 or length >> (8 * (size - 1)) == 0:
            raise DerError(f"the length at {position} is not in its shortest form")
    end = body + length
    if end > limit:
        raise DerError(f"the object at {position} is longer than what holds it")
    return tag, body, end


def _integer(content: bytes) -> bool:
    if len(content) > 1:
        return not (
            (content[0] == 0x00 and content[1] < 0x80)
            or (content[0] == 0xFF and content[1] >= 0x80)
        )
    return len(content) == 1


def _bit_string(content: bytes) -> bool:
    if not content or content[0] > 7:
        return False
    if len(content) == 1:
        return content[0] == 0
    return content[-1] & ((1 << content[0]) - 1) == 0


#: No object identifier in use is longer, octets; to read one takes time quadratic in its length.
_LONGEST_OID: Final = 64


def _oid(content: bytes) -> bool:
    if not 0 < len(content) <= _LONGEST_OID or content[-1] & 0x80:
        return False
    previous = 0
    for byte in content:
        if byte == 0x80 and not previous & 0x80:  # a subidentifier with a leading zero
            return False
        previous = byte
    return True


def _utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _any(_: bytes) -> bool:
    return True


_PRIMITIVE: Final[dict[int, Callable[[bytes], bool]]] = {
    BOOLEAN: lambda content: content in (b"\x00", b"\xff"),
    INTEGER: _integer,
    BIT_STRING: _bit_string,
    OCTET_STRING: _any,
    NULL: lambda content: not content,
    OID: _oid,
    ENUMERATED: _integer,
    UTF8_STRING: _utf8,
    0x12: bytes.isascii,  # NumericString
    0x13: bytes.isascii,  # PrintableString
    0x14: _any,  # TeletexString
    0x16: bytes.isascii,  # IA5String
    UTC_TIME: lambda content: _UTC_TIME.fullmatch(content) is not None,
    GENERALIZED_TIME: lambda content: _GENERALIZED_TIME.fullmatch(content) is not None,
    0x1A: bytes.isascii,  # VisibleString
    0x1C: lambda content: len(content) % 4 == 0,  # UniversalString
    0x1E: lambda content: len(content) % 2 == 0,  # BMPString
}


def integer(node: Node) -> int:
    return int.from_bytes(node.data[node.body : node.end], "big", signed=True)


def oid(node: Node) -> str:
    """Dotted decimal.

    Raises:
        DerError: it is no object identifier, or one of absurd length.
    """
    content = node.data[node.body : node.end]
    if not _oid(content):
        raise DerError(f"what stands at {node.start} is no object identifier")
    return _dotted(content)


@lru_cache(maxsize=1024)
def _dotted(content: bytes) -> str:
    numbers, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))


def generalized_time(node: Node) -> datetime:
    """UTC, to the microsecond; finer fractions are cut off.

    Raises:
        DerError: no such day or hour.
    """
    match = _GENERALIZED_TIME.fullmatch(node.content)
    if match is None:
        raise DerError("the time is not a GeneralizedTime of DER")
    digits, fraction = match.group(1).decode(), (match.group(2) or b"").decode()
    fields = [int(digits[:4]), *(int(digits[place : place + 2]) for place in range(4, 14, 2))]
    try:
        return datetime(*fields, microsecond=int((fraction + "000000")[:6]), tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError as error:
        raise DerError(f"{node.content.decode()} is no time: {error}") from error


def encode(tag: int, *contents: bytes) -> bytes:
    """One TLV around ``contents``."""
    body = b"".join(contents)
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + len(body).to_bytes(size, "big") + body
