"""Why the embedded authority refuses, and why it does not start.

::

    Rejection            one request is refused; becomes a PKIStatusInfo (RFC 3161 §2.4.2)
    AuthorityError       configuration; nothing was signed and nothing will be
    ├── BadSigner        certificate or key unfit for a time-stamping authority (RFC 3161 §2.3)
    └── PkiError         the key folder cannot be used as it is
        └── WrongPassphrase
"""

from __future__ import annotations

from enum import IntEnum


class Failure(IntEnum):
    """PKIFailureInfo; each value is its bit number (RFC 3161 §2.4.2)."""

    BAD_ALG = 0
    BAD_REQUEST = 2
    BAD_DATA_FORMAT = 5
    TIME_NOT_AVAILABLE = 14
    UNACCEPTED_POLICY = 15
    UNACCEPTED_EXTENSION = 16
    ADD_INFO_NOT_AVAILABLE = 17
    SYSTEM_FAILURE = 25


class Rejection(Exception):
    """The authority will not time-stamp this; ``text`` is one sentence for the requester."""

    def __init__(self, failure: Failure, text: str) -> None:
        super().__init__(text)
        self.failure = failure
        self.text = text


class AuthorityError(Exception):
    """The authority is not configured as it must be; a person has to act."""


class BadSigner(AuthorityError):
    """Certificate and key do not make a time-stamping authority."""


class PkiError(AuthorityError):
    """The folder of keys and certificates cannot be used as it is."""


class WrongPassphrase(PkiError):
    """A private key does not open with the passphrase that is set, or with none."""
