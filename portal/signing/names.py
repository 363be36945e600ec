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
#: What each means, in a sentence.
SCHEME_SENTENCES: Final = {
    LOCAL: lazy_gettext(
        "The private key was made in your browser and stays there; the portal has never had it."
    ),
    CERTIFICATE: lazy_gettext(
        "Its private key stays with you. Whom the certificate names is its issuer's word; the "
        "portal did not check it."
    ),
    PLATFORM: lazy_gettext(
        "The portal holds the private key, encrypted, and signs when you say so. Letters say this "
        "plainly: such a signature shows no more than your signing in does."
    ),
}
#: Sentences of the page's script.
PAGE_WORDS: Final = {
    "insecure": lazy_gettext("Browsers make and use keys only on pages that came over https."),
    "unsupported": lazy_gettext(
        "This browser cannot make Ed25519 keys. A newer one can; a certificate works here too."
    ),
    "unavailable": lazy_gettext(
        "This browser keeps nothing: perhaps it is a private window, or the disk is full."
    ),
    "damaged": lazy_gettext("This is no backup of a signing key, or it was changed."),
    "wrongPassphrase": lazy_gettext("The passphrase is another one, or the file was changed."),
    "notPrivate": lazy_gettext(
        "There is no private key in this file (-----BEGIN PRIVATE KEY-----)."
    ),
    "encrypted": lazy_gettext(
        "This private key is encrypted. Decrypt it first: openssl pkcs8 -in KEY -out OPEN.pem"
    ),
    "notCertificate": lazy_gettext("There is no certificate in this file."),
    "wrongKey": lazy_gettext("The private key is not of the certificate's kind, or damaged."),
    "differ": lazy_gettext("The two passphrases differ."),
    "short": lazy_gettext("A passphrase has at least 12 characters."),
    "name": lazy_gettext("Please give the key a name."),
    "files": lazy_gettext("Choose both files."),
    "file": lazy_gettext("Choose the backup file."),
    "offline": lazy_gettext("The portal did not answer. Try again."),
    "session": lazy_gettext(
        "Your session has ended. Sign in again in another tab, then try again."
    ),
    "working": lazy_gettext("Working …"),
    "made": lazy_gettext(
        "The key is in this browser, where no script can read it out. Keep the backup file and its "
        "passphrase apart from this computer."
    ),
    "made-bare": lazy_gettext(
        "The key is in this browser and nowhere else. Should the browser lose it, nobody can sign "
        "with it again."
    ),
    "restored": lazy_gettext("The key is in this browser again."),
    "certified": lazy_gettext("The certificate is known, and its private key is in this browser."),
    "here": lazy_gettext("in this browser"),
    "absent": lazy_gettext("not in this browser"),
    "revoked": lazy_gettext("This key was revoked; it signs nothing any more."),
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
