"""DER in both directions, only as much as time stamping needs (X.690).

Writing: a token's fixed parts are encoded once and its few variable parts with these functions,
which is what makes the authority fast. Reading: a decoder that accepts DER and nothing wider, so
that two different byte strings never mean the same request.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise
from typing import Final

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OID: Final = 0x06
UTF8_STRING: Final = 0x0C
GENERALIZED_TIME: Final = 0x18
SEQUENCE: Final = 0x30
SET: Final = 0x31


class NotDer(ValueError):
    """The bytes are not the DER encoding of what was expected; the text says where they differ."""


# -- writing ----------------------------------------------------------------------------------


def tlv(tag: int, *parts: bytes) -> bytes:
    """One element: ``tag``, definite minimal length, ``parts`` joined (X.690 §10.1)."""
    body = b"".join(parts)
    length = len(body)
    if length < 0x80:
        return bytes((tag, length)) + body
    size = (length.bit_length() + 7) // 8
    return bytes((tag, 0x80 | size)) + length.to_bytes(size, "big") + body


def context(number: int, *parts: bytes) -> bytes:
    """A constructed context-specific element ``[number]``."""
    return tlv(0xA0 | number, *parts)


def integer(value: int, tag: int = INTEGER) -> bytes:
    """An INTEGER in the fewest octets (X.690 §8.3.2); ``tag`` for an implicit one."""
    bits = value.bit_length() if value >= 0 else (value + 1).bit_length()
    return tlv(tag, value.to_bytes(bits // 8 + 1, "big", signed=True))


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER from its dotted form.

    Raises:
        ValueError: ``dotted`` is not an object identifier.
    """
    texts = dotted.split(".")
    if len(texts) < 2 or not all(text.isascii() and text.isdigit() for text in texts):
        raise ValueError(f"{dotted!r} is not an object identifier")
    arcs = [int(text) for text in texts]
    if arcs[0] > 2 or (arcs[0] < 2 and arcs[1] > 39):
        raise ValueError(f"{dotted!r} is not an object identifier")
    return tlv(OID, *(_base128(arc) for arc in (40 * arcs[0] + arcs[1], *arcs[2:])))


def _base128(value: int) -> bytes:
    septets = [value & 0x7F]
    while value := value >> 7:
        septets.append(0x80 | value & 0x7F)
    return bytes(reversed(septets))


def set_of(elements: Iterable[bytes], tag: int = SET) -> bytes:
    """A SET OF in DER order: ascending by encoding (X.690 §11.6)."""
    return tlv(tag, *sorted(elements))


def generalized_time(moment: datetime) -> bytes:
    """GeneralizedTime of ``moment`` (aware, UTC), cut to milliseconds.

    No trailing zeros, no fraction when it is zero, always Z (X.690 §11.7, RFC 3161 §2.4.2).
    """
    # Not strftime(), which asks the C library for the local time zone: a fifth of a token's cost.
    text = (
        f"{moment.year:04d}{moment.month:02d}{moment.day:02d}"
        f"{moment.hour:02d}{moment.minute:02d}{moment.second:02d}"
    )
    if milliseconds := moment.microsecond // 1000:
        text += f".{milliseconds:03d}".rstrip("0")
    return tlv(GENERALIZED_TIME, text.encode("ascii"), b"Z")


def named_bit(number: int) -> bytes:
    """A BIT STRING with the one named bit ``number``, trailing zero bits removed (X.690 §11.2)."""
    body = bytearray(number // 8 + 1)
    body[-1] = 0x80 >> number % 8
    return tlv(BIT_STRING, bytes((7 - number % 8,)), bytes(body))


# -- reading ----------------------------------------------------------------------------------


class Reader:
    """Walks the elements of ``data[start:end]``; every read raises :class:`NotDer` on a fault."""

    __slots__ = ("_data", "_end", "_position")

    def __init__(self, data: bytes, start: int = 0, end: int | None = None) -> None:
        self._data = data
        self._position = start
        self._end = len(data) if end is None else end

    def next_is(self, tag: int) -> bool:
        """Whether another element follows and carries ``tag``."""
        return self._position < self._end and self._data[self._position] == tag

    @property
    def at_end(self) -> bool:
        return self._position >= self._end

    def finish(self, what: str) -> None:
        """Refuse bytes that nothing has read."""
        if not self.at_end:
            raise NotDer(f"{self._end - self._position} bytes too many at the end of {what}")

    def content(self, tag: int, what: str) -> bytes:
        """The content octets of the next element, which must carry ``tag``."""
        start, end = self._take(tag, what)
        return self._data[start:end]

    def whole(self, tag: int, what: str) -> bytes:
        """The next element, which must carry ``tag``, with its header."""
        begin = self._position
        _, end = self._take(tag, what)
        return self._data[begin:end]

    def inside(self, tag: int, what: str) -> Reader:
        """A reader over the content of the next element, which must carry ``tag``."""
        start, end = self._take(tag, what)
        return Reader(self._data, start, end)

    def rest(self) -> bytes:
        """Everything unread, which must be well-formed elements."""
        begin = self._position
        while not self.at_end:
            self._take(self._data[self._position], "an element")
        return self._data[begin : self._end]

    def integer(self, what: str) -> bytes:
        """The next INTEGER with its header, minimal as DER demands (X.690 §8.3.2)."""
        begin = self._position
        start, end = self._take(INTEGER, what)
        if end == start:
            raise NotDer(f"{what} is an empty INTEGER")
        first = self._data[start]
        if end - start > 1 and first in (0x00, 0xFF) and not (first ^ self._data[start + 1]) & 0x80:
            raise NotDer(f"{what} is not minimally encoded")
        return self._data[begin:end]

    def object_identifier(self, what: str) -> bytes:
        """The next OBJECT IDENTIFIER with its header (X.690 §8.19.2)."""
        begin = self._position
        start, end = self._take(OID, what)
        arcs = self._data[start:end]
        if not arcs or arcs[-1] & 0x80:
            raise NotDer(f"{what} is a broken OBJECT IDENTIFIER")
        if arcs[0] == 0x80 or any(
            octet == 0x80 and not before & 0x80 for before, octet in pairwise(arcs)
        ):
            raise NotDer(f"{what} is an OBJECT IDENTIFIER with padded arcs")
        return self._data[begin:end]

    def true_if_present(self, what: str) -> bool:
        """A BOOLEAN DEFAULT FALSE: absent or TRUE, never an explicit FALSE (X.690 §11.1, §11.5)."""
        if not self.next_is(BOOLEAN):
            return False
        if self.content(BOOLEAN, what) != b"\xff":
            raise NotDer(f"{what} is present but not TRUE as DER writes it")
        return True

    def _take(self, tag: int, what: str) -> tuple[int, int]:
        """Step over the next element; returns where its content starts and ends."""
        data, at = self._data, self._position
        if at + 2 > self._end:
            raise NotDer(f"{what} is missing or cut short")
        if data[at] != tag or tag & 0x1F == 0x1F:
            raise NotDer(f"{what} has tag 0x{data[at]:02x} instead of 0x{tag:02x}")
        length, start = data[at + 1], at + 2
        if length >= 0x80:
            length, start = self._long_length(start, length & 0x7F, what)
        end = start + length
        if end > self._end:
            raise NotDer(f"{what} is cut short")
        self._position = end
        return start, end

    def _long_length(self, at: int, size: int, what: str) -> tuple[int, int]:
        """A length in the long form: definite and minimal (X.690 §10.1)."""
        if not 1 <= size <= 4 or at + size > self._end:
            raise NotDer(f"{what} has a length that DER does not allow")
        length = int.from_bytes(self._data[at : at + size], "big")
        if length < 0x80 or self._data[at] == 0:
            raise NotDer(f"the length of {what} is not minimally encoded")
        return length, at + size
