"""Private keys of the authority: kinds, files, signing.

Ed25519 is missing on purpose: ``openssl ts -verify`` cannot check it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from timestamping.authority import der
from timestamping.authority.errors import BadSigner, PkiError, WrongPassphrase

log = logging.getLogger(__name__)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class KeyType(StrEnum):
    P256 = "p256"
    P384 = "p384"
    RSA3072 = "rsa3072"


_CURVES: Final[dict[KeyType, type[ec.EllipticCurve]]] = {
    KeyType.P256: ec.SECP256R1,
    KeyType.P384: ec.SECP384R1,
}

_SHA256 = der.oid("2.16.840.1.101.3.4.2.1")
_SHA384 = der.oid("2.16.840.1.101.3.4.2.2")
_ECDSA_SHA256 = der.oid("1.2.840.10045.4.3.2")
_ECDSA_SHA384 = der.oid("1.2.840.10045.4.3.3")
_RSA_SHA256 = der.oid("1.2.840.113549.1.1.11")


@dataclass(frozen=True, slots=True)
class Scheme:
    """How one key signs.

    Attributes:
        digest: hashlib name of the digest under the signature.
        digest_algorithm: its AlgorithmIdentifier, parameters absent (RFC 5754 §2).
        signature_algorithm: the signature's AlgorithmIdentifier (RFC 5754 §3).
        sign: message to signature octets.
    """

    digest: str
    digest_algorithm: bytes
    signature_algorithm: bytes
    sign: Callable[[bytes], bytes]


def generate_key(key_type: KeyType) -> PrivateKey:
    """A fresh key from the kernel's random source."""
    if key_type is KeyType.RSA3072:
        return rsa.generate_private_key(public_exponent=65537, key_size=3072)
    return ec.generate_private_key(_CURVES[key_type]())


def key_type_of(key: PrivateKey | PublicKey) -> KeyType | None:
    """Which of the kinds ``key`` is; RSA keys above 3072 bits count as that kind."""
    if isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey):
        return KeyType.RSA3072 if key.key_size >= 3072 else None
    return next((kind for kind, curve in _CURVES.items() if isinstance(key.curve, curve)), None)


def signature_hash(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384:
    """SHA-384 with P-384, SHA-256 with the others."""
    return hashes.SHA384() if key_type_of(key) is KeyType.P384 else hashes.SHA256()


def scheme_of(key: PrivateKey) -> Scheme:
    """Prepare ``key`` for signing.

    Raises:
        BadSigner: a key of no supported kind.
    """
    kind, chosen = key_type_of(key), signature_hash(key)
    oid = _SHA384 if chosen.name == "sha384" else _SHA256
    digest_algorithm = der.tlv(der.SEQUENCE, oid)
    if isinstance(key, rsa.RSAPrivateKey) and kind is not None:
        rsa_key, filling = key, padding.PKCS1v15()
        identifier = der.tlv(der.SEQUENCE, _RSA_SHA256, der.tlv(der.NULL))
        return Scheme(
            chosen.name, digest_algorithm, identifier, lambda m: rsa_key.sign(m, filling, chosen)
        )
    if isinstance(key, ec.EllipticCurvePrivateKey) and kind is not None:
        ec_key, ecdsa = key, ec.ECDSA(chosen)
        identifier = der.tlv(der.SEQUENCE, _ECDSA_SHA384 if kind is KeyType.P384 else _ECDSA_SHA256)
        return Scheme(chosen.name, digest_algorithm, identifier, lambda m: ec_key.sign(m, ecdsa))
    raise BadSigner("the key is neither P-256, P-384 nor RSA of at least 3072 bits")


def encode_key(key: PrivateKey, passphrase: str | None) -> bytes:
    """PKCS#8 PEM, encrypted (PBES2, AES-256) when there is a passphrase.

    The key derivation inside PBES2 is a quick one, so the passphrase should be a long random one.
    """
    protection: KeySerializationEncryption = NoEncryption()
    if passphrase:
        protection = BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)


def decode_key(pem: bytes, passphrase: str | None, name: str) -> PrivateKey:
    """Read what :func:`encode_key` wrote; ``name`` is told in errors.

    Raises:
        WrongPassphrase: the passphrase is wrong or missing.
        PkiError: not a private key of a supported kind.
    """
    encrypted = b"BEGIN ENCRYPTED PRIVATE KEY" in pem
    if encrypted and not passphrase:
        raise WrongPassphrase(f"{name} is encrypted and no passphrase is set")
    if passphrase and not encrypted:
        # Not an error: a passphrase may be set after the key was made. But nobody should believe
        # that it protects this key.
        log.warning("%s is not encrypted although a passphrase is set", name)
    secret = passphrase.encode() if encrypted and passphrase else None
    try:
        key = load_pem_private_key(pem, secret)
    except ValueError as fault:
        if encrypted:
            raise WrongPassphrase(f"{name} does not open with the passphrase that is set") from None
        raise PkiError(f"{name} is not a private key: {fault}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise PkiError(f"{name} is neither an RSA nor an elliptic-curve key")
    return key


def public_bytes(key: PublicKey) -> bytes:
    """SubjectPublicKeyInfo DER, to compare keys by."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
