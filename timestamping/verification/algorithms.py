"""Object identifiers of digests and signatures, which of them still convince, and verifying."""

from __future__ import annotations

from typing import Final

from asn1crypto import algos
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes

from timestamping.verification import der
from timestamping.verification.der import Node
from timestamping.verification.report import Refusal

#: RFC 5754 §2 and GB/T 33560: digest algorithms by OID.
DIGESTS: Final = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.8": "sha3_256",
    "2.16.840.1.101.3.4.2.9": "sha3_384",
    "2.16.840.1.101.3.4.2.10": "sha3_512",
    "1.2.156.10197.1.401": "sm3",
}

#: What a signature may rest on, and what an imprint may be.
STRONG: Final = frozenset({"sha256", "sha384", "sha512"})

_RSA_ENCRYPTION: Final = "1.2.840.113549.1.1.1"
_RSASSA_PSS: Final = "1.2.840.113549.1.1.10"
#: Signature algorithms that name their digest (RFC 5754 §3.2, §3.3).
_RSA: Final = {
    "1.2.840.113549.1.1.4": "md5",
    "1.2.840.113549.1.1.5": "sha1",
    "1.2.840.113549.1.1.11": "sha256",
    "1.2.840.113549.1.1.12": "sha384",
    "1.2.840.113549.1.1.13": "sha512",
}
_ECDSA: Final = {
    "1.2.840.10045.4.1": "sha1",
    "1.2.840.10045.4.3.2": "sha256",
    "1.2.840.10045.4.3.3": "sha384",
    "1.2.840.10045.4.3.4": "sha512",
}
_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_LEAST_RSA_BITS: Final = 2048
_CURVES: Final = frozenset({"secp256r1", "secp384r1", "secp521r1"})


def verify_signature(
    key: PublicKeyTypes, algorithm: Node, digest_oid: str, signature: bytes, message: bytes
) -> str:
    """Verify RSA (PKCS #1 v1.5 or PSS) or ECDSA over ``message``; the digest named by the
    signature algorithm must be the signer's digest algorithm.

    Raises:
        Refusal: ``signature``.
    """
    digest = DIGESTS.get(digest_oid, digest_oid)
    oid, parameters = _identifier(algorithm)
    named = _named_digest(oid)
    if digest not in STRONG or (named is not None and named not in STRONG):
        weak = digest if digest not in STRONG else named
        raise Refusal("signature", f"the signature rests on {weak}, which no longer convinces")
    if named is not None and named != digest:
        raise Refusal("signature", f"the signature says {named} while the signer says {digest}")
    try:
        if isinstance(key, rsa.RSAPublicKey):
            _verify_rsa(key, oid, parameters, digest, signature, message)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            _verify_ecdsa(key, oid, parameters, digest, signature, message)
        else:
            raise Refusal("signature", "the signer's key is neither RSA nor elliptic curve")
    except InvalidSignature:
        raise Refusal(
            "signature", "the signature does not match the signed attributes and the signer's key"
        ) from None
    except (UnsupportedAlgorithm, ValueError) as error:
        if isinstance(error, Refusal):
            raise
        raise Refusal("signature", f"the signature cannot be verified: {error}") from error
    return f"the signature matches ({_key_name(key)}, {digest})"


def _identifier(node: Node) -> tuple[str, Node | None]:
    parts = node.parts
    if not 1 <= len(parts) <= 2 or parts[0].tag != der.OID:
        raise Refusal("signature", "the signature algorithm is no algorithm identifier")
    return der.oid(parts[0]), parts[1] if len(parts) == 2 else None


def _named_digest(oid: str) -> str | None:
    return _RSA.get(oid) or _ECDSA.get(oid)


def _verify_rsa(
    key: rsa.RSAPublicKey,
    oid: str,
    parameters: Node | None,
    digest: str,
    signature: bytes,
    message: bytes,
) -> None:
    if key.key_size < _LEAST_RSA_BITS:
        raise Refusal("signature", f"an RSA key of {key.key_size} bits no longer convinces")
    scheme: padding.AsymmetricPadding
    if oid == _RSASSA_PSS:
        scheme = _pss(parameters, digest)
    elif oid == _RSA_ENCRYPTION or oid in _RSA:
        if parameters is not None and parameters.tag != der.NULL:
            raise Refusal("signature", "the RSA signature algorithm has parameters other than NULL")
        scheme = padding.PKCS1v15()
    else:
        raise Refusal("signature", f"{oid} is no signature algorithm of an RSA key")
    key.verify(signature, message, scheme, _HASHES[digest])


def _verify_ecdsa(
    key: ec.EllipticCurvePublicKey,
    oid: str,
    parameters: Node | None,
    digest: str,
    signature: bytes,
    message: bytes,
) -> None:
    if key.curve.name not in _CURVES:
        raise Refusal("signature", f"the curve {key.curve.name} is not accepted")
    if oid not in _ECDSA:
        raise Refusal("signature", f"{oid} is no signature algorithm of an elliptic curve key")
    if parameters is not None:  # RFC 5754 §3.3: parameters must be absent
        raise Refusal("signature", "the ECDSA signature algorithm has parameters")
    key.verify(signature, message, ec.ECDSA(_HASHES[digest]))


def _pss(parameters: Node | None, digest: str) -> padding.PSS:
    """RFC 4056 §2.2: both digests the same, mask generation MGF1, trailer field 1."""
    if parameters is None:
        raise Refusal("signature", "the PSS signature has no parameters, which means SHA-1")
    try:
        pss = algos.RSASSAPSSParams.load(parameters.raw, strict=True)
        mask = pss["mask_gen_algorithm"]
        named = (
            pss["hash_algorithm"]["algorithm"].native,
            mask["algorithm"].native,
            mask["parameters"]["algorithm"].native,
            pss["trailer_field"].native,
        )
        salt = pss["salt_length"].native
    except (ValueError, TypeError, KeyError) as error:
        raise Refusal("signature", f"the PSS parameters cannot be read: {error}") from error
    if named != (digest, "mgf1", digest, "trailer_field_bc"):
        raise Refusal("signature", f"the PSS parameters do not say {digest} throughout")
    return padding.PSS(padding.MGF1(_HASHES[digest]), salt)


def _key_name(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey) -> str:
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    return f"ECDSA {key.curve.name}"
