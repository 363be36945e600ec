"""TimeStampReq, read strictly (RFC 3161 §2.4.1).

Parsed is not accepted: :func:`parse_request` says that the bytes are one well-formed request of
version 1. Whether its algorithm, digest length, policy and extensions are served is the engine's
decision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from timestamping.authority import der
from timestamping.authority.errors import Failure, Rejection

#: A request has some 50 bytes; the limit only bounds what a nonce or an extension may bring.
MAX_REQUEST: Final = 64 * 1024

_VERSION_1: Final = der.integer(1)


@dataclass(frozen=True, slots=True)
class Request:
    """One TimeStampReq.

    Attributes:
        imprint: the MessageImprint element exactly as received; it is echoed byte for byte.
        algorithm: the hash algorithm's OBJECT IDENTIFIER element.
        parameters: the algorithm's parameters element; ``b""`` when absent.
        digest: the hashedMessage octets.
        policy: the reqPolicy OBJECT IDENTIFIER element, or None.
        nonce: the nonce INTEGER element exactly as received, or None.
        cert_req: whether certificates are asked for.
        extensions: number of extensions.
    """

    imprint: bytes
    algorithm: bytes
    parameters: bytes
    digest: bytes
    policy: bytes | None
    nonce: bytes | None
    cert_req: bool
    extensions: int


def parse_request(data: bytes) -> Request:
    """Read the DER bytes of one TimeStampReq.

    Raises:
        Rejection: ``BAD_DATA_FORMAT`` for anything but DER of a TimeStampReq, trailing bytes
            included; ``BAD_REQUEST`` for a version other than 1.
    """
    if len(data) > MAX_REQUEST:
        raise Rejection(Failure.BAD_DATA_FORMAT, f"the request is longer than {MAX_REQUEST} bytes")
    try:
        return _parse(data)
    except der.NotDer as fault:
        raise Rejection(Failure.BAD_DATA_FORMAT, f"not a DER TimeStampReq: {fault}") from None


def _parse(data: bytes) -> Request:
    outer = der.Reader(data)
    body = outer.inside(der.SEQUENCE, "TimeStampReq")
    outer.finish("the request")
    # The version comes first: a later one may have any shape behind it.
    if body.integer("version") != _VERSION_1:
        raise Rejection(Failure.BAD_REQUEST, "only version 1 of TimeStampReq is supported")
    imprint = body.whole(der.SEQUENCE, "messageImprint")
    algorithm, parameters, digest = _parse_imprint(imprint)
    policy = body.object_identifier("reqPolicy") if body.next_is(der.OID) else None
    nonce = body.integer("nonce") if body.next_is(der.INTEGER) else None
    cert_req = body.true_if_present("certReq")
    extensions = _count_extensions(body)
    body.finish("TimeStampReq")
    return Request(imprint, algorithm, parameters, digest, policy, nonce, cert_req, extensions)


def _parse_imprint(imprint: bytes) -> tuple[bytes, bytes, bytes]:
    body = der.Reader(imprint).inside(der.SEQUENCE, "messageImprint")
    identifier = body.inside(der.SEQUENCE, "hashAlgorithm")
    algorithm = identifier.object_identifier("hashAlgorithm")
    parameters = identifier.rest()
    digest = body.content(der.OCTET_STRING, "hashedMessage")
    body.finish("messageImprint")
    return algorithm, parameters, digest


def _count_extensions(body: der.Reader) -> int:
    """Extensions ``[0] IMPLICIT SEQUENCE SIZE (1..MAX)`` (RFC 5280 §4.1)."""
    if not body.next_is(0xA0):
        return 0
    extensions, count = body.inside(0xA0, "extensions"), 0
    while not extensions.at_end:
        extension = extensions.inside(der.SEQUENCE, "an extension")
        extension.object_identifier("extnID")
        extension.true_if_present("critical")
        extension.content(der.OCTET_STRING, "extnValue")
        extension.finish("an extension")
        count += 1
    if not count:
        raise der.NotDer("extensions is present but empty")
    return count
