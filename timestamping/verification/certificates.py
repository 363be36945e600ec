"""Single certificates: reading them, finding the signer's, and what it may be used for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from timestamping.verification.report import Refusal

#: What the library raises on broken certificates and lists, beside ValueError.
BROKEN: Final = (
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    UnsupportedAlgorithm,
    TypeError,
)
#: A token with more is made to waste time; DigiCert carries three.
MOST_CARRIED: Final = 32


@lru_cache(maxsize=1024)
def load(der: bytes) -> x509.Certificate:
    """Raises ValueError on what is no X.509 certificate, or one with broken extensions."""
    try:
        certificate = x509.load_der_x509_certificate(der)
        # Parsed on demand: what is broken inside speaks up here and not in the middle of a check.
        _ = certificate.issuer, certificate.subject, certificate.serial_number
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        _ = certificate.extensions, certificate.public_key()
        _require_whole_bytes(der, certificate.signature)
    except BROKEN as error:
        raise ValueError(str(error)) from error
    return certificate


@lru_cache(maxsize=64)
def load_crl(der: bytes) -> x509.CertificateRevocationList:
    """Raises ValueError on what is no revocation list, or one with broken parts."""
    try:
        crl = x509.load_der_x509_crl(der)
        _ = crl.issuer, crl.last_update_utc, crl.next_update_utc, list(crl.extensions)
        _require_whole_bytes(der, crl.signature)
    except BROKEN as error:
        raise ValueError(str(error)) from error
    return crl


def _require_whole_bytes(der: bytes, signature: bytes) -> None:
    """The outer signature is a BIT STRING at the very end; the library overlooks how many of its
    bits are said to be unused, which nobody signed."""
    if not der.endswith(b"\x00" + signature):
        raise ValueError("the signature is not a whole number of bytes")


def load_all(ders: Iterable[bytes]) -> list[x509.Certificate]:
    """Those that can be read: a trust store may hold a root that nobody here understands."""
    loaded = []
    for der in ders:
        with contextlib.suppress(ValueError):
            loaded.append(load(der))
    return loaded


def find_signer(certificates: Iterable[bytes], issuer: bytes, serial: int) -> bytes:
    """The certificate with this issuer (DER of a Name) and serial number, wherever it stands.

    Raises:
        Refusal: ``signer``.
    """
    found = set()
    for der in certificates:
        try:
            certificate = load(der)
        except ValueError:
            continue  # the check of what is carried speaks about it
        if certificate.serial_number == serial and certificate.issuer.public_bytes() == issuer:
            found.add(der)
    if not found:
        raise Refusal(
            "signer", "no certificate at hand has the issuer and serial number that the token names"
        )
    if len(found) > 1:
        raise Refusal("signer", "several certificates have the signer's issuer and serial number")
    return found.pop()


def check_eku(certificate: x509.Certificate) -> str:
    """extendedKeyUsage is critical and id-kp-timeStamping alone (RFC 3161 §2.3).

    Raises:
        Refusal: ``eku``.
    """
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        raise Refusal("eku", "the signer's certificate has no extended key usage") from None
    if list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise Refusal("eku", "the signer's certificate is for other uses than time-stamping alone")
    if not usage.critical:
        raise Refusal("eku", "the extended key usage of the signer's certificate is not critical")
    return "extended key usage is critical and timeStamping alone"


def check_end_entity(certificate: x509.Certificate) -> str:
    """Not a CA, and its key usage, when stated, is signing and nothing else.

    Raises:
        Refusal: ``end-entity``.
    """
    extensions = certificate.extensions
    try:
        if extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            raise Refusal("end-entity", "the signer's certificate is that of an authority (CA)")
    except x509.ExtensionNotFound:
        pass
    try:
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return "not a CA"
    if not (usage.digital_signature or usage.content_commitment):
        raise Refusal("end-entity", "the signer's key usage does not include signing")
    if usage.key_encipherment or usage.data_encipherment or usage.key_agreement:
        raise Refusal("end-entity", "the signer's key usage goes beyond signing")
    if usage.key_cert_sign or usage.crl_sign:
        raise Refusal("end-entity", "the signer's key may sign certificates or revocation lists")
    return "not a CA, and its key usage is signing"


def issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether ``issuer`` signed ``certificate``: names, inner and outer algorithm, signature."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True
