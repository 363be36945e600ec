"""Reading what is embedded in a sealed PDF. Nothing here judges."""

from __future__ import annotations

from typing import Any

from asn1crypto import cms
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from timestamping.pdf.errors import BadPdf
from timestamping.trust import TrustStore


def carried(reader: PdfFileReader) -> TrustStore:
    """Certificates and lists from the DSS: help for building chains, believed for nothing."""
    dss = member(reader.root, "/DSS", {})
    return TrustStore(
        roots=(),
        intermediates=streams(dss, "/Certs"),
        crls=streams(dss, "/CRLs"),
    )


def member(dictionary: Any, name: str, default: Any) -> Any:
    """Like ``get``, but following references as ``[]`` does."""
    return dictionary[name] if name in dictionary else default  # noqa: SIM401


def streams(dictionary: Any, name: str) -> tuple[bytes, ...]:
    array = member(dictionary, name, ())
    return tuple(bytes(array[at].data) for at in range(len(array)))


def attached_token(seal: EmbeddedPdfSignature) -> bytes:
    """The one signature time-stamp among the seal's unsigned attributes (RFC 3161 appendix A)."""
    tokens = [
        bytes(value.dump())
        for attribute in seal.signer_info["unsigned_attrs"]
        if attribute["type"].native == "signature_time_stamp_token"
        for value in attribute["values"]
    ]
    if len(tokens) != 1:
        raise BadPdf(f"the seal carries {len(tokens)} time-stamps, one is needed")
    return tokens[0]


def contents(stamp: EmbeddedPdfSignature) -> bytes:
    """The token itself, without the zeros that fill its place (ISO 32000-1 §12.8.3.3.1)."""
    return bytes(cms.ContentInfo.load(bytes(stamp.pkcs7_content)).dump())


def exactly_written(pdf: bytes, stamp: EmbeddedPdfSignature) -> bool:
    """Whether the gap in the byte range, which no digest covers, holds the token in upper-case
    hexadecimal, then zeros, and nothing else."""
    first, length, second, _ = (int(stamp.byte_range[at]) for at in range(4))
    content, token = bytes(stamp.pkcs7_content), contents(stamp)
    padded = token + bytes(len(content) - len(token))
    return pdf[first + length : second] == b"<" + padded.hex().upper().encode() + b">"


def range_digest(stamp: EmbeddedPdfSignature) -> bytes:
    stamp.compute_integrity_info()  # type: ignore[no-untyped-call]
    return bytes(stamp.compute_digest())
