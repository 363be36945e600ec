"""Verifying signatures by raw Ed25519 keys and by certificates (RFC 5280). Nothing is trusted here:
a certificate is only the envelope of its key."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from chain_adapter.signature import ECDSA, ED25519, RSA

#: No certificate of a person is longer, bytes.
MAX_CERTIFICATE: Final = 8192
_RSA_BITS: Final = range(2048, 4097)
#: Points of small order, sign bit cleared (RFC 8032 §5.1.7 leaves them to the caller): under such a
#: "key" one signature fits whatever one likes.
_SMALL_ORDER: Final = frozenset(
    bytes.fromhex(each)
    for each in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)

_Public = Ed25519PublicKey | ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class UnusableKey(ValueError):
    """Nothing can be verified with it; the message says why."""


def key_id_of(key: bytes) -> str:
    """The key id: ``ed25519:`` and 32 digits for a raw public key (32 bytes), ``x509:`` and 64 for
    a certificate's DER. It names its key and no other."""
    digest = hashlib.sha256(key).hexdigest()
    return f"ed25519:{digest[:32]}" if len(key) == 32 else f"x509:{digest}"


def algorithm_of(key: bytes) -> str:
    """The one algorithm that ``key`` (as in :func:`key_id_of`) signs with.

    Raises:
        UnusableKey: no certificate, or a key that is not taken here.
    """
    return _opened(key)[0]


def fits(key: bytes, algorithm: str, value: bytes, data: bytes) -> bool:
    """Whether ``value`` is a signature of ``data`` by ``key`` and ``algorithm``."""
    try:
        known, public = _opened(key)
        if known != algorithm:
            return False
        _verify(public, value, data)
    except (UnusableKey, InvalidSignature, ValueError):
        return False
    return True


def _verify(public: _Public, value: bytes, data: bytes) -> None:
    """Raises InvalidSignature; for RSA as RFC 8017 §8.2.2 has it: encode anew and compare."""
    if isinstance(public, Ed25519PublicKey):
        public.verify(value, data)
    elif isinstance(public, rsa.RSAPublicKey):
        public.verify(value, data, padding.PKCS1v15(), SHA256())
    else:
        r, s = int.from_bytes(value[:32], "big"), int.from_bytes(value[32:], "big")
        public.verify(encode_dss_signature(r, s), data, ec.ECDSA(SHA256()))


@lru_cache(maxsize=256)
def _opened(key: bytes) -> tuple[str, _Public]:
    if len(key) == 32:
        return ED25519, _ed25519(key)
    if len(key) > MAX_CERTIFICATE:
        raise UnusableKey(f"a certificate has at most {MAX_CERTIFICATE} bytes")
    try:
        public = x509.load_der_x509_certificate(key).public_key()
    except Exception as error:  # whatever a stranger's DER made the parser say
        raise UnusableKey("the certificate cannot be read") from error
    if isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
        return ECDSA, public
    if isinstance(public, rsa.RSAPublicKey) and public.key_size in _RSA_BITS:
        return RSA, public
    if isinstance(public, Ed25519PublicKey):
        return ED25519, _ed25519(public.public_bytes_raw())
    raise UnusableKey("keys of certificates are ECDSA P-256, RSA of 2048 to 4096 bits, or Ed25519")


def _ed25519(raw: bytes) -> Ed25519PublicKey:
    if raw[:31] + bytes([raw[31] & 0x7F]) in _SMALL_ORDER:
        raise UnusableKey("the key is a point of small order")
    return Ed25519PublicKey.from_public_bytes(raw)
