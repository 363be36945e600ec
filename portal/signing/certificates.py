"""Certificates that depositors bring. Whose they are is what their issuer says: the portal takes a
certificate for the envelope of a key, shows subject and issuer, and vouches for neither."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID

from chain_adapter.algorithms import MAX_CERTIFICATE, UnusableKey, algorithm_of
from portal.problems import BadInput

#: PEM is a third longer than DER, and people paste whole chains.
MAX_PEM: Final = 8 * MAX_CERTIFICATE
_FIELD: Final = "certificate"


def read_certificate(pem: str) -> bytes:
    """The DER of the first certificate in ``pem``.

    Raises:
        BadInput: none there, or not one that can sign deposits.
    """
    if "PRIVATE KEY" in pem:
        message = (
            "There is a private key in what was sent. It must never leave your computer; "
            "send the certificate alone."
        )
        raise BadInput("private_key_sent", message, field=_FIELD)
    try:
        if len(pem) > MAX_PEM:
            raise ValueError("too long")
        found = x509.load_pem_x509_certificates(pem.encode("ascii"))
    except ValueError as error:
        message = "This is no certificate in PEM form (-----BEGIN CERTIFICATE-----)."
        raise BadInput("certificate_unreadable", message, field=_FIELD) from error
    der = found[0].public_bytes(Encoding.DER)
    try:
        algorithm_of(der)
    except UnusableKey as error:
        message = "This certificate cannot sign deposits: %(reason)s."
        raise BadInput("certificate_unusable", message, field=_FIELD, reason=str(error)) from error
    return der


def check_usable(der: bytes, now: datetime) -> None:
    """Raises BadInput for a certificate that is not valid now, or not made for signing."""
    certificate = x509.load_der_x509_certificate(der)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        message = "This certificate is valid from %(start)s to %(end)s, and not now."
        raise BadInput(
            "certificate_expired",
            message,
            field=_FIELD,
            start=f"{certificate.not_valid_before_utc:%Y-%m-%d}",
            end=f"{certificate.not_valid_after_utc:%Y-%m-%d}",
        )
    if not _may_sign(certificate):
        message = "This certificate's key usage (RFC 5280 §4.2.1.3) does not include signing."
        raise BadInput("certificate_usage", message, field=_FIELD)


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_oid(ExtensionOID.KEY_USAGE).value
    except x509.ExtensionNotFound:
        return True
    except ValueError:  # extensions that cannot be read say nothing good
        return False
    return isinstance(usage, x509.KeyUsage) and (
        usage.digital_signature or usage.content_commitment
    )
