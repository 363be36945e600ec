"""Everything that can go wrong on the way to a verified token.

::

    TimestampError              .code (stable), .retryable, str() is one clear sentence
    ├── Retryable               the same request may succeed later
    │   ├── TsaUnavailable      refused connection, DNS, TLS, HTTP 429 or 5xx
    │   └── TsaTimeout          no whole answer within the total time
    ├── Permanent               asking again will bring the same until somebody changes something
    │   ├── BadReply            the answer is not an RFC 3161 reply: .code says why
    │   │   └── InvalidToken    (also ValueError) bytes that are not a time-stamp token
    │   ├── TokenRefused        a reply that our verifier does not accept: .verdict
    │   └── UnsupportedDigest   (also ValueError) no token is made over this algorithm
    ├── TsaRejected             the TSA answered with a rejection: .status, .failure, .text
    └── NoTsaAnswered           none of several TSAs gave a token: .errors

A deposit waits and tries again on all of them, because an operator may mend a TSA; ``retryable``
only chooses how soon.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from timestamping.verifier import TokenVerdict

#: PKIFailureInfo names (RFC 3161 §2.4.2) that speak of the moment, not of the request.
PASSING_FAILURES: Final = frozenset({"timeNotAvailable", "addInfoNotAvailable", "systemFailure"})


class TimestampError(Exception):
    """Root of the tree; ``code`` is stable across releases, translations hang on it."""

    code: str = "timestamp-error"
    retryable: bool = False


class Retryable(TimestampError):
    """The same request may succeed later."""

    code = "tsa-retryable"
    retryable = True


class TsaUnavailable(Retryable):
    """The TSA could not be reached, or said that it is not able to answer now."""

    code = "tsa-unavailable"


class TsaTimeout(Retryable):
    """The TSA did not give its whole answer within the total time allowed."""

    code = "tsa-timeout"


class Permanent(TimestampError):
    """Asking again brings the same, until somebody changes something."""

    code = "tsa-permanent"


class BadReply(Permanent):
    """What came back is not an RFC 3161 reply.

    ``code`` is one of ``bad-reply`` (general), ``bad-reply-http`` (status code),
    ``bad-reply-redirect``, ``bad-reply-type`` (content type), ``bad-reply-size``,
    ``bad-reply-form`` (not a TimeStampResp), ``bad-token`` (not a token).
    """

    code = "bad-reply"

    def __init__(self, sentence: str, code: str | None = None) -> None:
        super().__init__(sentence)
        if code is not None:
            self.code = code


class InvalidToken(BadReply, ValueError):
    """The bytes are not an RFC 3161 time-stamp token."""

    code = "bad-token"


class TokenRefused(Permanent):
    """The reply was read, and the verifier does not accept it; ``verdict`` has every check."""

    code = "token-refused"

    def __init__(self, verdict: TokenVerdict, label: str = "") -> None:
        self.verdict = verdict
        check = verdict.failed or verdict.undecided
        reason = check.detail if check is not None else "the verdict is not positive"
        super().__init__(f"the reply of {label or 'the TSA'} is refused: {reason}")


class UnsupportedDigest(Permanent, ValueError):
    """Tokens are made over SHA-256, SHA-384 and SHA-512 only."""

    code = "unsupported-digest"


class TsaRejected(TimestampError):
    """The TSA answered, and its answer is no (PKIStatus other than granted, RFC 3161 §2.4.2).

    Attributes:
        status: the PKIStatus name, such as ``rejection``.
        failure: the PKIFailureInfo names, joined by a comma; empty when the TSA gave none.
        text: the TSA's own words; empty when it gave none.
    """

    code = "tsa-rejected"

    def __init__(self, status: str, failure: str = "", text: str = "", label: str = "") -> None:
        self.status, self.failure, self.text = status, failure, text
        self.retryable = status == "waiting" or bool(PASSING_FAILURES & set(failure.split(",")))
        words = f"{label or 'the TSA'} rejected the request ({status}"
        words += f", {failure})" if failure else ")"
        super().__init__(f"{words}: {text}" if text else words)


class NoTsaAnswered(TimestampError):
    """Several TSAs were asked and too few gave a token; ``errors``: one (label, error) each."""

    code = "no-tsa-answered"

    def __init__(self, errors: Sequence[tuple[str, TimestampError]]) -> None:
        self.errors = tuple(errors)
        self.retryable = any(error.retryable for _, error in self.errors)
        super().__init__("; ".join(f"{label}: {error}" for label, error in self.errors))
