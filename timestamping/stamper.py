"""The interface between the portal and whatever makes time-stamp tokens."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import ClassVar, Final, Self

from chain_adapter.digest import Digest
from timestamping.errors import BadReply, TsaUnavailable, UnsupportedDigest
from timestamping.token import Token
from timestamping.trust import TrustStore

#: Algorithms a token may be over. SM3 digests travel beside a SHA-256, they get no own token.
TOKEN_ALGORITHMS: Final = ("sha256", "sha384", "sha512")


@dataclass(frozen=True, slots=True)
class StamperHealth:
    """``detail`` is one sentence for the operator's page."""

    ok: bool
    detail: str
    label: str


class Stamper(ABC):
    """Makes RFC 3161 tokens over digests.

    Every token that ``stamp`` and ``stamp_many`` return has passed
    :func:`timestamping.verifier.verify_token` against ``trust()`` for the digest asked. Stampers
    keep no state about digests: stamping the same digest again gives another token and harms
    nothing, so a caller that crashed simply asks again. All methods may be called from several
    threads at once.

    Subclasses set ``scheme`` and write ``_stamp`` or ``_stamp_many``, ``_trust`` and ``_health``.
    """

    #: The word before the colon in the setting that chose this stamper.
    scheme: ClassVar[str]
    #: What people call this TSA; stands in ``Token.source``.
    label: str
    #: True when the TSA is run by somebody else than the portal's operator.
    independent: bool = False

    def stamp(self, digest: Digest) -> Token:
        """One verified token over ``digest``.

        Raises:
            TimestampError: see :mod:`timestamping.errors`; no token exists for the caller then.
        """
        return self.stamp_many((digest,))[0]

    def stamp_many(self, digests: Sequence[Digest]) -> list[Token]:
        """Verified tokens in the order of ``digests``, all or none.

        Raises:
            TimestampError: the first error; tokens already made are dropped.
        """
        for digest in digests:
            if digest.algorithm not in TOKEN_ALGORITHMS:
                raise UnsupportedDigest(
                    f"time-stamp tokens are made over {', '.join(TOKEN_ALGORITHMS)}, "
                    f"not over {digest.algorithm}"
                )
        if not digests:
            return []
        try:
            tokens = self._stamp_many(digests)
        except OSError as error:
            raise TsaUnavailable(f"{self.label} cannot be used: {error}") from error
        if [token.imprint for token in tokens] != list(digests):
            raise BadReply(f"{self.label} gave tokens over other digests than the ones asked")
        return [self._marked(token) for token in tokens]

    def trust(self) -> TrustStore:
        """The roots (and known intermediates, CRLs) under which this stamper's tokens verify."""
        return self._trust()

    def health(self) -> StamperHealth:
        """Whether a token could be made now, without making one for a deposit. Never raises."""
        try:
            return self._health()
        except Exception as error:  # noqa: BLE001
            # An operator's page must show a broken stamper, not break on it.
            return StamperHealth(False, str(error) or type(error).__name__, self.label)

    def close(self) -> None:  # noqa: B027 (most stampers hold nothing)
        """Give back connections and keys; the stamper is not used afterwards."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _marked(self, token: Token) -> Token:
        if token.source:  # already labelled, by the stamper inside a composite one
            return token
        return dataclasses.replace(token, source=self.label, independent=self.independent)

    def _stamp(self, digest: Digest) -> Token:
        raise NotImplementedError(f"{type(self).__name__} writes neither _stamp nor _stamp_many")

    def _stamp_many(self, digests: Sequence[Digest]) -> list[Token]:
        return [self._stamp(digest) for digest in digests]

    @abstractmethod
    def _trust(self) -> TrustStore: ...

    @abstractmethod
    def _health(self) -> StamperHealth: ...
