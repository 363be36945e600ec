"""Time-stamping: asking for RFC 3161 tokens, judging them, and what is built on them.

Errors::

    TimestampError
    ├── Retryable: TsaUnavailable, TsaTimeout
    ├── Permanent: BadReply (InvalidToken), TokenRefused, UnsupportedDigest
    ├── TsaRejected
    └── NoTsaAnswered
"""

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
    "TrustStore",
    "TsaRejected",
    "TsaTimeout",
    "TsaUnavailable",
    "UnsupportedDigest",
]
