"""Tokens from a TSA over HTTP.

rfc3161ng writes the request and reads the reply, and that is all it does here: its default digest
is SHA-1, ``data=`` is digested with SHA-1 whatever ``hashname`` says, a rejection passes for a
token and its verification checks little. So the digest, its name, the nonce and certReq are always
given, PKIStatus is looked at here, and :mod:`timestamping.verifier` has the last word.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import rfc3161ng
from pyasn1.error import PyAsn1Error

from chain_adapter.digest import Digest
from timestamping.errors import BadReply, TimestampError, TokenRefused, TsaRejected
from timestamping.stamper import Stamper, StamperHealth
from timestamping.token import Token
from timestamping.transport import Transport
from timestamping.trust import TrustStore
from timestamping.verification.response import FAILURE_NAMES, GRANTED, STATUS_NAMES
from timestamping.verifier import verify_response

_NONCE_BITS: Final = 64
_OID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+", re.ASCII)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class HttpStamper(Stamper):
    """An RFC 3161 TSA behind a URL.

    Args:
        url: ``http(s)://``, basic authentication in it when the TSA wants that.
        trust: roots under which the TSA's tokens must verify.
        policy: dotted OID to ask for; the token must then be under it.
        timeout: seconds for one whole exchange.
        label: the TSA's name for people; the host when absent.
        independent: whether somebody else than the portal's operator runs it.
        parallel: how many requests ``stamp_many`` has under way at once.
        clock: the time of a request, UTC; tests give their own.

    Raises:
        ValueError: the URL is none, or the policy no dotted OID.
    """

    scheme: ClassVar[str] = "http"

    def __init__(
        self,
        url: str,
        trust: TrustStore,
        policy: str | None = None,
        timeout: float = 10.0,
        *,
        label: str = "",
        independent: bool = False,
        parallel: int = 4,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        if policy is not None and not _OID.fullmatch(policy):
            raise ValueError(f"{policy!r} is no policy in dotted numbers")
        self._transport = Transport(url, timeout)
        self._trusted, self._policy, self._clock = trust, policy, clock
        self._parallel = parallel
        self._last: tuple[datetime, TimestampError | None] | None = None
        self.label = label or urlsplit(url).hostname or url
        self.independent = independent

    def close(self) -> None:
        self._transport.close()

    def _trust(self) -> TrustStore:
        return self._trusted

    def _stamp_many(self, digests: Sequence[Digest]) -> list[Token]:
        if len(digests) == 1:
            return [self._stamp(digests[0])]
        with ThreadPoolExecutor(min(self._parallel, len(digests))) as pool:
            return list(pool.map(self._stamp, digests))

    def _stamp(self, digest: Digest) -> Token:
        try:
            token = self._ask(digest)
        except TimestampError as error:
            self._last = self._clock(), error
            raise
        self._last = self._clock(), None
        return token

    def _ask(self, digest: Digest) -> Token:
        nonce = secrets.randbits(_NONCE_BITS)
        asked = self._clock()
        reply = self._transport.post(encode_request(digest, nonce, self._policy))
        check_status(reply, self.label)
        verdict = verify_response(
            reply,
            self._trusted,
            digest=digest,
            nonce=nonce,
            policy=self._policy,
            fresh_at=asked,
        )
        if verdict.token is None:
            raise TokenRefused(verdict, self.label)
        return verdict.token

    def _health(self) -> StamperHealth:
        self._transport.reach()
        if self._last is None:
            return StamperHealth(True, "reachable, not asked yet", self.label)
        moment, error = self._last
        if error is not None:
            return StamperHealth(False, f"at {moment:%Y-%m-%d %H:%M:%S} UTC: {error}", self.label)
        return StamperHealth(True, f"last token at {moment:%Y-%m-%d %H:%M:%S} UTC", self.label)


def encode_request(digest: Digest, nonce: int | None, policy: str | None) -> bytes:
    """DER of a TimeStampReq that asks for certificates (RFC 3161 §2.4.1)."""
    request = rfc3161ng.make_timestamp_request(
        digest=digest.value,
        hashname=digest.algorithm,
        include_tsa_certificate=True,
        nonce=nonce,
        tsa_policy_id=policy,
    )
    encoded: bytes = rfc3161ng.encode_timestamp_request(request)
    return encoded


def check_status(reply: bytes, label: str = "") -> None:
    """Raises BadReply on what is no TimeStampResp, TsaRejected unless it is granted."""
    try:
        info = rfc3161ng.decode_timestamp_response(reply).getComponentByPosition(0)
        status = int(info.getComponentByPosition(0))
        text, failure = _words(info), _failures(info)
    except (PyAsn1Error, ValueError, TypeError, IndexError, KeyError, AttributeError) as error:
        raise BadReply(
            f"{label or 'the TSA'} answered with something that is no time-stamp response",
            "bad-reply-form",
        ) from error
    if status not in GRANTED:
        raise TsaRejected(STATUS_NAMES.get(status, str(status)), failure, text, label)


def _words(info: Any) -> str:
    texts = info.getComponentByPosition(1)
    return "; ".join(str(text) for text in texts) if texts.isValue else ""


def _failures(info: Any) -> str:
    bits = info.getComponentByPosition(2)
    if not bits.isValue:
        return ""
    places = (place for place, bit in enumerate(bits) if bit)
    return ",".join(FAILURE_NAMES.get(place, f"failure {place}") for place in places)
