"""What can go wrong with a certificate, apart from the PDF itself (:mod:`timestamping.pdf.errors`).

``CertificateError``
    ``BadRecord``          ``certificate.json`` is not what it must be; ``field`` names the place
    ``BadFiles``           the manifest of a certificate's files is not what it must be
    ``SigningKeyError``    this key does not sign certificates; nothing was signed
        ``BadContainer``   no readable PKCS#12 file, or none with one key and its certificate
        ``WrongPassword``  the file's password or the token's PIN is wrong
        ``KeyMismatch``    the key is not the one that the certificate certifies
        ``Expired``, ``NotYetValid``, ``NotForSigning``, ``Untrusted``, ``Revoked``, ``WeakKey``
        ``TokenMissing``   the token, or the key on it, is not there
        ``HsmMissing``     PKCS#11 is not installed here

Each sentence is whole and can be shown as it is; ``code`` is stable.
"""

from __future__ import annotations


class CertificateError(Exception):
    """Base of the family."""

    code = "certificate"


class BadRecord(CertificateError, ValueError):
    """The record is not well formed."""

    code = "certificate-record"

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class BadFiles(CertificateError, ValueError):
    """The manifest is not well formed."""

    code = "certificate-files"


class SigningKeyError(CertificateError):
    """The key cannot sign a certificate."""

    code = "signing-key"


class BadContainer(SigningKeyError):
    code = "signing-key-file"


class WrongPassword(SigningKeyError):
    code = "signing-key-password"


class KeyMismatch(SigningKeyError):
    code = "signing-key-mismatch"


class Expired(SigningKeyError):
    code = "signing-key-expired"


class NotYetValid(SigningKeyError):
    code = "signing-key-not-yet-valid"


class NotForSigning(SigningKeyError):
    code = "signing-key-purpose"


class Untrusted(SigningKeyError):
    code = "signing-key-untrusted"


class Revoked(SigningKeyError):
    code = "signing-key-revoked"


class WeakKey(SigningKeyError):
    code = "signing-key-weak"


class TokenMissing(SigningKeyError):
    code = "signing-key-token"


class HsmMissing(SigningKeyError):
    code = "signing-key-no-hsm"
