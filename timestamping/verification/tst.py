"""TSTInfo, what the TSA says (RFC 3161 §2.4.2), read from strict DER."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from timestamping.verification import der
from timestamping.verification.der import DerError, Node

_TSA, _EXTENSIONS, _MILLIS, _MICROS = 0xA0, 0xA1, 0x80, 0x81


class TstError(ValueError):
    """The content is DER, but not a TSTInfo of RFC 3161."""


@dataclass(frozen=True, slots=True)
class TstInfo:
    """Parsed, not verified. ``imprint_oid`` is dotted; ``tsa`` is the DER of a GeneralName."""

    version: int
    policy: str
    imprint_oid: str
    imprint: bytes
    serial: int
    gen_time: datetime
    accuracy: timedelta | None
    ordering: bool
    nonce: int | None
    tsa: bytes | None
    critical_extensions: tuple[str, ...]


class _Fields:
    """Walks the fields of a SEQUENCE in order; optional ones are taken when their tag is next."""

    def __init__(self, parts: list[Node], what: str) -> None:
        self._parts, self._next, self._what = parts, 0, what

    def optional(self, tag: int) -> Node | None:
        if self._next < len(self._parts) and self._parts[self._next].tag == tag:
            self._next += 1
            return self._parts[self._next - 1]
        return None

    def required(self, tag: int, name: str) -> Node:
        node = self.optional(tag)
        if node is None:
            raise TstError(f"{self._what} has no {name} where one must stand")
        return node

    def end(self) -> None:
        if self._next != len(self._parts):
            raise TstError(f"{self._what} has a field that RFC 3161 does not know")


def read_tst_info(content: bytes) -> TstInfo:
    """Read the bytes inside eContent.

    Raises:
        DerError: not DER (a default value that is written out included).
        TstError: not the fields of RFC 3161 in their order.
    """
    node = der.read(content)
    if node.tag != der.SEQUENCE:
        raise TstError("the signed content is no TSTInfo")
    fields = _Fields(node.parts, "TSTInfo")
    version = der.integer(fields.required(der.INTEGER, "version"))
    policy = der.oid(fields.required(der.OID, "policy"))
    imprint_oid, imprint = _imprint(fields.required(der.SEQUENCE, "messageImprint"))
    serial = der.integer(fields.required(der.INTEGER, "serialNumber"))
    gen_time = der.generalized_time(fields.required(der.GENERALIZED_TIME, "genTime"))
    accuracy = _accuracy(fields.optional(der.SEQUENCE))
    ordering = _ordering(fields.optional(der.BOOLEAN))
    nonce = fields.optional(der.INTEGER)
    tsa = _tsa(fields.optional(_TSA))
    critical = _critical(fields.optional(_EXTENSIONS))
    fields.end()
    return TstInfo(
        version=version,
        policy=policy,
        imprint_oid=imprint_oid,
        imprint=imprint,
        serial=serial,
        gen_time=gen_time,
        accuracy=accuracy,
        ordering=ordering,
        nonce=None if nonce is None else der.integer(nonce),
        tsa=tsa,
        critical_extensions=critical,
    )


def algorithm(node: Node, what: str) -> str:
    """The OID of an AlgorithmIdentifier whose parameters are absent or NULL (RFC 5754 §2)."""
    if node.tag != der.SEQUENCE or not node.parts or node.parts[0].tag != der.OID:
        raise TstError(f"{what} is no algorithm identifier")
    if len(node.parts) > 2 or (len(node.parts) == 2 and node.parts[1].tag != der.NULL):
        raise TstError(f"{what} has parameters other than NULL")
    return der.oid(node.parts[0])


def _imprint(node: Node) -> tuple[str, bytes]:
    fields = _Fields(node.parts, "messageImprint")
    oid = algorithm(fields.required(der.SEQUENCE, "hashAlgorithm"), "hashAlgorithm")
    hashed = fields.required(der.OCTET_STRING, "hashedMessage").content
    fields.end()
    return oid, hashed


def _accuracy(node: Node | None) -> timedelta | None:
    if node is None:
        return None
    fields = _Fields(node.parts, "accuracy")
    seconds = fields.optional(der.INTEGER)
    millis, micros = fields.optional(_MILLIS), fields.optional(_MICROS)
    fields.end()
    whole = 0 if seconds is None else der.integer(seconds)
    if not 0 <= whole <= _LONGEST_ACCURACY:
        raise TstError("accuracy in seconds is out of range")
    return timedelta(
        seconds=whole,
        milliseconds=_thousandths(millis, "millis"),
        microseconds=_thousandths(micros, "micros"),
    )


#: A day; a time-stamp that is less exact than that states no time.
_LONGEST_ACCURACY: Final = 86_400


def _thousandths(node: Node | None, name: str) -> int:
    if node is None:
        return 0
    # Implicitly tagged, so the reader did not see an INTEGER: its form is checked here.
    content = node.content
    if not content or (len(content) > 1 and content[0] == 0 and content[1] < 0x80):
        raise DerError(f"accuracy in {name} is not encoded as DER requires")
    value = der.integer(node)
    if not 1 <= value <= 999:
        raise TstError(f"accuracy in {name} is outside 1..999")
    return value


def _ordering(node: Node | None) -> bool:
    if node is None:
        return False
    if node.content != b"\xff":
        raise DerError("ordering FALSE is the default, which DER leaves out")
    return True


def _tsa(node: Node | None) -> bytes | None:
    if node is None:
        return None
    if len(node.parts) != 1 or node.parts[0].tag & 0xC0 != 0x80:
        raise TstError("tsa is no GeneralName")
    return node.parts[0].raw


def _critical(node: Node | None) -> tuple[str, ...]:
    """OIDs of the critical extensions; none is known here, so any of them refuses the token."""
    critical = []
    for extension in [] if node is None else node.parts:
        fields = _Fields(extension.parts, "an extension")
        oid = der.oid(fields.required(der.OID, "extnID"))
        flag = fields.optional(der.BOOLEAN)
        fields.required(der.OCTET_STRING, "extnValue")
        fields.end()
        if flag is not None:
            if flag.content != b"\xff":
                raise DerError("critical FALSE is the default, which DER leaves out")
            critical.append(oid)
    return tuple(critical)
