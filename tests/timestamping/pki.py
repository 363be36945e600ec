"""A small PKI that really signs, with certificates that can be made wrong in one way at a time."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from timestamping.trust import TrustStore

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
LAST = datetime(2030, 1, 1, tzinfo=UTC)
#: When the test authority stamps, unless told otherwise.
NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)

_SERIALS = itertools.count(1001)


@functools.cache
def new_key(kind: str = "p256", number: int = 0) -> Key:
    """The ``number``-th key of a kind; made once per process, since RSA keys are slow to make."""
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind[3:]))
    curves = {"p256": ec.SECP256R1, "p384": ec.SECP384R1, "k256": ec.SECP256K1}
    return ec.generate_private_key(curves[kind]())


def name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test Notary"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


@dataclass(frozen=True)
class Identity:
    """A certificate, its key and the identity that issued it."""

    certificate: x509.Certificate
    key: Key
    issuer: Identity | None = field(default=None, repr=False)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


SIGNING = x509.KeyUsage(
    digital_signature=True,
    content_commitment=True,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
AUTHORITY = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


def issue(
    common: str,
    key: Key,
    issuer: Identity | None,
    *,
    ca: bool = False,
    eku: Sequence[x509.ObjectIdentifier] | None = None,
    eku_critical: bool = True,
    usage: x509.KeyUsage | None = None,
    first: datetime = FIRST,
    last: datetime = LAST,
    path_length: int | None = None,
    serial: int | None = None,
    extra: Sequence[x509.ExtensionType] = (),
    digest: hashes.HashAlgorithm | None = None,
) -> Identity:
    subject = name(common)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(next(_SERIALS) if serial is None else serial)
        .not_valid_before(first)
        .not_valid_after(last)
        .add_extension(x509.BasicConstraints(ca, path_length if ca else None), critical=True)
        .add_extension(usage or (AUTHORITY if ca else SIGNING), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if eku is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(eku), critical=eku_critical)
    for extension in extra:
        builder = builder.add_extension(extension, critical=False)
    signing_key = key if issuer is None else issuer.key
    return Identity(builder.sign(signing_key, digest or hashes.SHA256()), key, issuer)


def stamping(common: str, key: Key, issuer: Identity, **wrong: object) -> Identity:
    """A proper time-stamping certificate but for what is ``wrong``."""
    settings: dict[str, object] = {"eku": [ExtendedKeyUsageOID.TIME_STAMPING]} | wrong
    return issue(common, key, issuer, **settings)  # type: ignore[arg-type]


@dataclass(frozen=True)
class TestPki:
    """Root, intermediate and time-stamping leaf."""

    __test__ = False

    root: Identity
    intermediate: Identity
    leaf: Identity

    @property
    def trust(self) -> TrustStore:
        return TrustStore(roots=(self.root.der,))

    @property
    def chain(self) -> tuple[bytes, ...]:
        return (self.leaf.der, self.intermediate.der, self.root.der)

    def leaf_with(self, **wrong: object) -> Identity:
        return stamping("Test TSA", self.leaf.key, self.intermediate, **wrong)


@functools.cache
def sample_pki(kind: str = "p256") -> TestPki:
    """One PKI per kind of key; certificates are values, so tests may share it."""
    root = issue("Test Root", new_key(kind, 1), None, ca=True)
    intermediate = issue("Test Time-stamping CA", new_key(kind, 2), root, ca=True, path_length=0)
    return TestPki(root, intermediate, stamping("Test TSA", new_key(kind, 3), intermediate))


Revoked = tuple[Identity, datetime, x509.ReasonFlags | None]


def crl(
    issuer: Identity,
    revoked: Sequence[Revoked] = (),
    *,
    made: datetime = NOW,
    until: datetime | None = None,
    amend: Callable[
        [x509.CertificateRevocationListBuilder], x509.CertificateRevocationListBuilder
    ] = lambda builder: builder,
    key: Key | None = None,
) -> bytes:
    """DER of a revocation list."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(made)
        .next_update(until or made + timedelta(days=7))
    )
    for identity, since, reason in revoked:
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(identity.certificate.serial_number)
            .revocation_date(since)
        )
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    signed = amend(builder).sign(key or issuer.key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)
