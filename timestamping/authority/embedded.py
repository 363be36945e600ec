"""The authority in this process as a stamper: no request, no network, the same verifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from chain_adapter.digest import Digest
from timestamping.authority.engine import Authority
from timestamping.authority.errors import AuthorityError, Rejection
from timestamping.errors import TokenRefused, TsaRejected, TsaUnavailable
from timestamping.stamper import Stamper, StamperHealth
from timestamping.token import Token
from timestamping.trust import TrustStore
from timestamping.verification.response import FAILURE_NAMES
from timestamping.verifier import verify_token


class EmbeddedStamper(Stamper):
    """Tokens of the portal's own authority, never independent.

    Args:
        authority: issues the tokens.
        trust: what they must verify under; the authority's own ``trust`` when absent. Asked for
            each batch, so a certificate revoked today refuses today's tokens.

    Raises:
        ValueError: neither gives anything to verify under.
    """

    scheme: ClassVar[str] = "embedded"

    def __init__(self, authority: Authority, trust: Callable[[], TrustStore] | None = None) -> None:
        source = trust or authority.trust
        if source is None:
            raise ValueError(
                "the embedded authority comes without roots to verify its tokens under"
            )
        self._authority = authority
        self._trust_source = source
        self.label = "embedded"
        self.independent = False

    def _stamp_many(self, digests: Sequence[Digest]) -> list[Token]:
        trust = self._trust()
        return [self._stamp_under(trust, digest) for digest in digests]

    def _stamp_under(self, trust: TrustStore, digest: Digest) -> Token:
        # No nonce: there is no channel on which an old token could be played back.
        try:
            der = self._authority.issue(digest)
        except Rejection as no:
            failure = FAILURE_NAMES.get(no.failure, "")
            raise TsaRejected("rejection", failure, no.text, self.label) from no
        verdict = verify_token(der, trust, digest=digest, policy=self._authority.policies[0])
        if verdict.token is None:
            raise TokenRefused(verdict, self.label)
        return verdict.token

    def _trust(self) -> TrustStore:
        try:
            return self._trust_source()
        except AuthorityError as error:
            raise TsaUnavailable(
                f"the embedded authority has no trust to offer: {error}"
            ) from error

    def _health(self) -> StamperHealth:
        problem = self._authority.problem()
        return StamperHealth(problem is None, problem or "ready", self.label)
