"""SignedData around a TSTInfo (RFC 5652 §5, RFC 3161 §2.4.2), read from strict DER.

Reading goes in steps, because each step is a check of its own:
:func:`read_signed_data` (DER, one SignerInfo) → :func:`read_content` (eContentType, TSTInfo).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from timestamping.verification import der
from timestamping.verification.der import Node
from timestamping.verification.tst import TstError, algorithm

ID_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
ID_CT_TST_INFO: Final = "1.2.840.113549.1.9.16.1.4"
_A0, _A1 = 0xA0, 0xA1


class CmsError(ValueError):
    """The bytes are DER, but not a SignedData with exactly one SignerInfo."""


@dataclass(frozen=True, slots=True)
class SignerInfo:
    """Parsed, not verified. ``issuer`` is the DER of a Name; ``attributes_der`` is what the
    signature is over: the signed attributes with the SET tag (RFC 5652 §5.4)."""

    version: int
    issuer: bytes
    serial: int
    digest_oid: str
    attributes_der: bytes
    attributes: tuple[tuple[str, Node], ...]
    algorithm: Node
    signature: bytes


@dataclass(frozen=True, slots=True)
class SignedData:
    """Parsed, not verified. ``carried`` is the raw certificates and crls fields together."""

    content_type: str
    content: bytes
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    carried: bytes
    signer: SignerInfo


def read_signed_data(data: bytes) -> SignedData:
    """Read a ContentInfo.

    Raises:
        DerError: not strict DER. The order inside the unsigned ``certificates`` and ``crls`` sets
            is exempt: DigiCert, GlobalSign and FreeTSA write it otherwise, and nothing hangs on it.
        CmsError: not a SignedData of version 3 with one SignerInfo.
    """
    parts = _signed_data_parts(data)
    carried = [part for part in parts if part.tag in (_A0, _A1)]
    plain = [part for part in parts if part.tag not in (_A0, _A1)]
    for part in plain:
        der.fill(part)
    if [part.tag for part in plain] != [der.INTEGER, der.SET, der.SEQUENCE, der.SET]:
        raise CmsError("the fields of the SignedData are not those of RFC 5652")
    # certificates [0], then crls [1], each at most once, between content and signers.
    if parts != [*plain[:3], *carried, plain[3]] or [p.tag for p in carried] not in (
        [],
        [_A0],
        [_A1],
        [_A0, _A1],
    ):
        raise CmsError("certificates and crls do not stand where RFC 5652 puts them")
    version, algorithms, content, signers = plain
    if der.integer(version) != 3:
        raise CmsError(f"the SignedData has version {der.integer(version)}, a token has 3")
    if len(signers.parts) != 1:
        raise CmsError(f"a token has exactly one SignerInfo, this has {len(signers.parts)}")
    signer = _signer_info(signers.parts[0])
    _check_algorithms(algorithms, signer.digest_oid)
    content_type, inner = _encapsulated(content)
    fields = {part.tag: tuple(child.raw for child in der.split(part)) for part in carried}
    return SignedData(
        content_type=content_type,
        content=inner,
        certificates=fields.get(_A0, ()),
        crls=fields.get(_A1, ()),
        carried=b"".join(part.raw for part in carried),
        signer=signer,
    )


def _signed_data_parts(data: bytes) -> list[Node]:
    root = der.outer(data)
    parts = der.split(root) if root.tag == der.SEQUENCE else []
    if [part.tag for part in parts] != [der.OID, _A0]:
        raise CmsError("this is no ContentInfo")
    der.fill(parts[0])
    if der.oid(parts[0]) != ID_SIGNED_DATA:
        raise CmsError(f"the content is {der.oid(parts[0])}, not a SignedData")
    inner = der.split(parts[1])
    if [part.tag for part in inner] != [der.SEQUENCE]:
        raise CmsError("the content is no SignedData")
    return der.split(inner[0])


def _encapsulated(node: Node) -> tuple[str, bytes]:
    parts = node.parts
    if [part.tag for part in parts] != [der.OID, _A0]:
        raise CmsError("the SignedData encloses no content")
    if [part.tag for part in parts[1].parts] != [der.OCTET_STRING]:
        raise CmsError("the enclosed content is no octet string")
    return der.oid(parts[0]), parts[1].parts[0].content


def _check_algorithms(node: Node, digest_oid: str) -> None:
    """digestAlgorithms is not signed, so it may say only what the SignerInfo says anyway."""
    named = [_algorithm(part, "digestAlgorithms") for part in node.parts]
    if named != [digest_oid]:
        raise CmsError("digestAlgorithms does not name exactly the signer's digest algorithm")


def _algorithm(node: Node, what: str) -> str:
    try:
        return algorithm(node, what)
    except TstError as error:
        raise CmsError(str(error)) from error


def _signer_info(node: Node) -> SignerInfo:
    parts = node.parts
    tags = [part.tag for part in parts]
    if tags[-1:] == [_A1]:
        # Nobody vouches for them, and what nobody vouches for can be changed.
        raise CmsError("the token carries unsigned attributes")
    if tags[:2] == [der.INTEGER, 0x80]:
        raise CmsError("the signer is named by key identifier, not by issuer and serial number")
    wanted = [der.INTEGER, der.SEQUENCE, der.SEQUENCE, _A0, der.SEQUENCE, der.OCTET_STRING]
    if node.tag != der.SEQUENCE or tags != wanted:
        raise CmsError("the SignerInfo has no signed attributes or lacks another field")
    version, sid, digest, attributes, signature_algorithm, signature = parts
    if der.integer(version) != 1:
        raise CmsError(f"the SignerInfo has version {der.integer(version)}, not 1")
    if [part.tag for part in sid.parts] != [der.SEQUENCE, der.INTEGER]:
        raise CmsError("the signer is not named by issuer and serial number")
    der.check_set_order(attributes.parts)
    return SignerInfo(
        version=1,
        issuer=sid.parts[0].raw,
        serial=der.integer(sid.parts[1]),
        digest_oid=_algorithm(digest, "digestAlgorithm"),
        attributes_der=b"\x31" + attributes.raw[1:],
        attributes=tuple(_attribute(part) for part in attributes.parts),
        algorithm=signature_algorithm,
        signature=signature.content,
    )


def _attribute(node: Node) -> tuple[str, Node]:
    """Type and SET of values of one signed attribute (RFC 5652 §5.3)."""
    if node.tag != der.SEQUENCE or [part.tag for part in node.parts] != [der.OID, der.SET]:
        raise CmsError("a signed attribute is no pair of type and values")
    return der.oid(node.parts[0]), node.parts[1]
