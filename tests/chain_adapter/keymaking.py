"""Depositors with keys of each kind, to test with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from chain_adapter import Signature, Transaction, key_id_of
from chain_adapter.signature import ECDSA, ED25519, RSA, low_s

Private = Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True)
class Signer:
    """``key``: raw Ed25519 public key, or a certificate's DER; ``make`` signs bytes."""

    key: bytes
    algorithm: str
    make: Callable[[bytes], bytes]

    @property
    def key_id(self) -> str:
        return key_id_of(self.key)

    def sign_bytes(self, transaction: Transaction) -> bytes:
        return self.make(transaction.bytes())

    def sign(self, transaction: Transaction) -> Signature:
        return Signature("depositor", self.key_id, self.algorithm, self.sign_bytes(transaction))


def certificate(
    private: Private,
    name: str,
    *,
    issuer: str = "Example CA",
    start: datetime | None = None,
    days: int = 365,
) -> bytes:
    """The DER of a certificate of ``private``'s public key, signed by itself."""
    since = start or datetime.now(UTC) - timedelta(days=1)
    built = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=days))
    )
    algorithm = None if isinstance(private, Ed25519PrivateKey) else SHA256()
    return built.sign(private, algorithm).public_bytes(Encoding.DER)


def ed25519_signer() -> Signer:
    private = Ed25519PrivateKey.generate()
    return Signer(private.public_key().public_bytes_raw(), ED25519, private.sign)


def ec_signer(
    private: ec.EllipticCurvePrivateKey | None = None, der: bytes | None = None
) -> Signer:
    """Signs with the smaller s."""
    key = private or ec.generate_private_key(ec.SECP256R1())

    def make(data: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(SHA256())))
        return low_s(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    return Signer(der or certificate(key, "Ada"), ECDSA, make)


def rsa_signer(private: rsa.RSAPrivateKey | None = None, der: bytes | None = None) -> Signer:
    key = private or _rsa_key()
    return Signer(
        der or certificate(key, "Bob"),
        RSA,
        lambda data: key.sign(data, padding.PKCS1v15(), SHA256()),
    )


@cache
def _rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
