"""What can be wrong with a volume's own files; one sentence each.

CertificateError
├── BadVolume   not a well-formed manifest of a volume
└── BadCustody  not a well-formed extract of a custody log
"""

from __future__ import annotations

from timestamping.certificate.errors import CertificateError


class BadVolume(CertificateError):
    """Not the manifest of a volume."""


class BadCustody(CertificateError):
    """Not an extract of a custody log."""
