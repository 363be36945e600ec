"""The signed attributes of a token (RFC 5652 §11, RFC 5035, RFC 5816, RFC 6211)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

from timestamping.verification import der
from timestamping.verification.algorithms import DIGESTS, STRONG
from timestamping.verification.cms import ID_CT_TST_INFO, SignedData
from timestamping.verification.der import Node
from timestamping.verification.report import Refusal
from timestamping.verification.tst import TstError, algorithm

CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
ALGORITHM_PROTECTION: Final = "1.2.840.113549.1.9.52"
SIGNING_CERTIFICATE: Final = "1.2.840.113549.1.9.16.2.12"
SIGNING_CERTIFICATE_V2: Final = "1.2.840.113549.1.9.16.2.47"
_DIRECTORY_NAME: Final = 0xA4
_NAMES: Final = {
    CONTENT_TYPE: "contentType",
    MESSAGE_DIGEST: "messageDigest",
    ALGORITHM_PROTECTION: "CMSAlgorithmProtection",
    SIGNING_CERTIFICATE: "signingCertificate",
    SIGNING_CERTIFICATE_V2: "signingCertificateV2",
}


def check_attributes(signed: SignedData) -> str:
    """contentType and messageDigest stand once each and fit the content (RFC 5652 §5.3, §11).

    Raises:
        Refusal: ``signed-attributes``.
    """
    types = [kind for kind, _ in signed.signer.attributes]
    for kind in types:
        if types.count(kind) > 1:
            raise _refused(f"the signed attribute {_NAMES.get(kind, kind)} stands twice")
    content_type = _required(signed, CONTENT_TYPE, der.OID)
    if der.oid(content_type) != ID_CT_TST_INFO:
        raise _refused("the signed contentType is not that of a time-stamp")
    stated = _required(signed, MESSAGE_DIGEST, der.OCTET_STRING).content
    digest = DIGESTS.get(signed.signer.digest_oid, signed.signer.digest_oid)
    if digest not in hashlib.algorithms_available:
        raise _refused(f"the signer's digest algorithm {digest} is not known")
    if not hmac.compare_digest(hashlib.new(digest, signed.content).digest(), stated):
        raise _refused("the signed messageDigest is not the digest of the content")
    _check_protection(signed)
    return "contentType and messageDigest fit the content"


def check_ess_cert_id(signed: SignedData, certificate: bytes, issuer: bytes, serial: int) -> str:
    """ESSCertID or ESSCertIDv2 stands and names ``certificate`` (RFC 5816 §2.2.1).

    When both stand, both must match. The first identifier of each is the signer's
    (RFC 5035 §3); ``issuer`` is the DER of a Name.

    Raises:
        Refusal: ``ess-cert-id``.
    """
    found = []
    for kind in (SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2):
        value = _value(signed, kind, "ess-cert-id")
        if value is not None:
            _check_identifier(kind, value, certificate, issuer, serial)
            found.append(_NAMES[kind])
    if not found:
        raise Refusal("ess-cert-id", "the signature does not name the signer's certificate")
    return f"{' and '.join(found)} fits the signer's certificate"


def _refused(sentence: str) -> Refusal:
    return Refusal("signed-attributes", sentence)


def _value(signed: SignedData, kind: str, code: str) -> Node | None:
    """The one value of the attribute, or None when the attribute is absent."""
    for found, values in signed.signer.attributes:
        if found == kind:
            if len(values.parts) != 1:
                raise Refusal(code, f"the signed attribute {_NAMES[kind]} has not one value")
            return values.parts[0]
    return None


def _required(signed: SignedData, kind: str, tag: int) -> Node:
    value = _value(signed, kind, "signed-attributes")
    if value is None:
        raise _refused(f"the signed attribute {_NAMES[kind]} is missing")
    if value.tag != tag:
        raise _refused(f"the signed attribute {_NAMES[kind]} is of a wrong type")
    return value


def _check_protection(signed: SignedData) -> None:
    """CMSAlgorithmProtection, when present, repeats the algorithms used (RFC 6211 §2)."""
    value = _value(signed, ALGORITHM_PROTECTION, "signed-attributes")
    if value is None:
        return
    parts = value.parts
    signer = signed.signer
    if (
        [part.tag for part in parts] != [der.SEQUENCE, 0xA1]
        or not parts[0].parts
        or parts[0].parts[0].tag != der.OID
        or der.oid(parts[0].parts[0]) != signer.digest_oid
        or parts[1].content != signer.algorithm.content
    ):
        raise _refused("the signed CMSAlgorithmProtection names other algorithms than were used")


def _check_identifier(
    kind: str, value: Node, certificate: bytes, issuer: bytes, serial: int
) -> None:
    try:
        first = value.parts[0].parts[0].parts
    except IndexError:
        raise Refusal("ess-cert-id", f"{_NAMES[kind]} names no certificate") from None
    digest = "sha1"  # RFC 2634 §5.4.1 knows no other
    if kind == SIGNING_CERTIFICATE_V2:
        digest = "sha256"  # RFC 5035 §4: the default
        if first and first[0].tag == der.SEQUENCE:
            digest = _strong(first[0])
            first = first[1:]
    tags = [part.tag for part in first]
    if tags not in ([der.OCTET_STRING], [der.OCTET_STRING, der.SEQUENCE]):
        raise Refusal("ess-cert-id", f"{_NAMES[kind]} is malformed")
    actual = hashlib.new(digest, certificate, usedforsecurity=digest != "sha1").digest()
    if not hmac.compare_digest(first[0].content, actual):
        raise Refusal(
            "ess-cert-id",
            f"{_NAMES[kind]} holds the digest of another certificate than the signer's",
        )
    if len(first) == 2:
        _check_issuer_serial(kind, first[1], issuer, serial)


def _strong(node: Node) -> str:
    try:
        oid = algorithm(node, "hashAlgorithm")
    except TstError as error:
        raise Refusal("ess-cert-id", f"signingCertificateV2 is malformed: {error}") from error
    digest = DIGESTS.get(oid, oid)
    if digest not in STRONG:
        raise Refusal("ess-cert-id", f"signingCertificateV2 rests on {digest}")
    return digest


def _check_issuer_serial(kind: str, node: Node, issuer: bytes, serial: int) -> None:
    parts = node.parts
    if [part.tag for part in parts] != [der.SEQUENCE, der.INTEGER]:
        raise Refusal("ess-cert-id", f"{_NAMES[kind]} is malformed")
    names = [name.content for name in parts[0].parts if name.tag == _DIRECTORY_NAME]
    if names != [issuer] or der.integer(parts[1]) != serial:
        raise Refusal("ess-cert-id", f"{_NAMES[kind]} names another issuer or serial number")
