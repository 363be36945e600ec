"""Notaries' keys made by the office: a certificate of its own root, and a file to take home.

The office that issues the certificates also keeps the evidence; a key certified by an outside
authority is stronger. Where there is none, these are revocable and have a purpose of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from timestamping.authority.certificates import NotarySubject
from timestamping.authority.errors import PkiError
from timestamping.authority.keys import KeyType, PublicKey, generate_key
from timestamping.authority.pki import Pki

LIFETIME: Final = timedelta(days=3 * 365)
#: PBKDF2 with HMAC-SHA-256, as OWASP asks of passwords.
_ROUNDS: Final = 600_000
_SHORTEST: Final = 8


@dataclass(frozen=True, slots=True)
class NotaryKeyFile:
    """``pkcs12`` opens with the notary's password alone; nothing of the key is kept here.
    ``certificate`` is DER."""

    pkcs12: bytes
    certificate: bytes


def issue_notary_certificate(
    pki: Pki,
    name: str,
    public_key: PublicKey,
    *,
    licence: str = "",
    lifetime: timedelta = LIFETIME,
) -> bytes:
    """DER of the office's certificate for a notary's key, made elsewhere (on a token, say).

    Raises:
        PkiError: as :meth:`Pki.issue_notary`.
    """
    return pki.issue_notary(NotarySubject(name, licence), public_key, lifetime)


def make_notary_key(
    pki: Pki,
    name: str,
    password: str,
    *,
    licence: str = "",
    lifetime: timedelta = LIFETIME,
    rounds: int = _ROUNDS,
) -> NotaryKeyFile:
    """A fresh P-256 key, certified, in a PKCS#12 file under ``password`` (PBES2: PBKDF2 of
    ``rounds`` with SHA-256, AES-256-CBC; RFC 8018, RFC 9879).

    Raises:
        PkiError: a password of fewer than eight characters; else as :meth:`Pki.issue_notary`.
    """
    if len(password) < _SHORTEST:
        raise PkiError(f"the password of a key has at least {_SHORTEST} characters")
    key = generate_key(KeyType.P256)
    der = issue_notary_certificate(pki, name, key.public_key(), licence=licence, lifetime=lifetime)
    protection = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(rounds)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(password.encode())
    )
    data = pkcs12.serialize_key_and_certificates(
        name.encode(),
        key,
        x509.load_der_x509_certificate(der),
        [x509.load_der_x509_certificate(pki.root)],
        protection,
    )
    return NotaryKeyFile(data, der)
