"""What keys are called on pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from flask_babel import lazy_gettext

from portal.signing.models import CERTIFICATE, LOCAL, PLATFORM

#: Whose keys they are, in a word or two.
SCHEME_NAMES: Final = {
    LOCAL: lazy_gettext("key of one's own"),
    CERTIFICATE: lazy_gettext("certificate"),
    PLATFORM: lazy_gettext("held by the portal"),
}


@dataclass(frozen=True, slots=True)
class CertificateNames:
    """Of a certificate: subject and issuer (RFC 4514), and when it ends."""

    subject: str
    issuer: str
    end: datetime


def certificate_names(key: bytes) -> CertificateNames | None:
    """None for a raw key."""
    if len(key) == 32:
        return None
    certificate = x509.load_der_x509_certificate(key)
    return CertificateNames(
        certificate.subject.rfc4514_string(),
        certificate.issuer.rfc4514_string(),
        certificate.not_valid_after_utc,
    )
