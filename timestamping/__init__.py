"""Time-stamping: asking for RFC 3161 tokens, judging them, and what is built on them.

Errors::

    TimestampError
    ├── Retryable: TsaUnavailable, TsaTimeout
    ├── Permanent: BadReply (InvalidToken), TokenRefused, UnsupportedDigest
    ├── TsaRejected
    └── NoTsaAnswered
"""

import timestamping.asn1  # noqa: F401 - before anything is encoded
from timestamping.errors import (
    BadReply,
    InvalidToken,
    NoTsaAnswered,
    Permanent,
    Retryable,
    TimestampError,
    TokenRefused,
    TsaRejected,
    TsaTimeout,
    TsaUnavailable,
    UnsupportedDigest,
)
from timestamping.stamper import Stamper, StamperHealth
from timestamping.token import Token
from timestamping.trust import InvalidTrust, TrustStore
from timestamping.verifier import TokenVerdict, verify_response, verify_token

__all__ = [
    "BadReply",
    "InvalidToken",
    "InvalidTrust",
    "NoTsaAnswered",
    "Permanent",
    "Retryable",
    "Stamper",
    "StamperHealth",
    "TimestampError",
    "Token",
    "TokenRefused",
    "TokenVerdict",
    "TrustStore",
    "TsaRejected",
    "TsaTimeout",
    "TsaUnavailable",
    "UnsupportedDigest",
    "verify_response",
    "verify_token",
]
