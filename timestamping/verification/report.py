"""The steps of a token's verification, their numbers and names, and the verdict they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chain_adapter.verdict import Check, Outcome

if TYPE_CHECKING:
    from timestamping.token import Token

#: Code → (number in the verifier's docstring, title). Several codes may share a number: then the
#: first is the step's own and the others say more exactly what failed.
STEPS: Final = {
    "status": (1, "The authority granted the request"),
    "response-form": (1, "The reply is a time-stamp response"),
    "der": (2, "The token is strict DER"),
    "signer-info": (3, "The token is signed by exactly one signer"),
    "content-type": (4, "The signed content is a time-stamp"),
    "tst-info": (5, "The time-stamp has the form of version 1"),
    "imprint": (6, "The time-stamp is over the digest asked"),
    "imprint-algorithm": (6, "The imprint's digest algorithm convinces"),
    "nonce": (7, "The reply answers this very request"),
    "policy": (8, "The time-stamp was made under the policy asked"),
    "gen-time": (9, "The time stated is sane"),
    "signed-attributes": (10, "The signed attributes belong to this content"),
    "signer": (11, "The signer's certificate is at hand"),
    "ess-cert-id": (12, "The signature names the signer's certificate by its digest"),
    "eku": (13, "The certificate is for time-stamping and nothing else"),
    "end-entity": (14, "The certificate is an end-entity certificate for signing"),
    "signature": (15, "The signature is right"),
    "chain": (16, "A chain leads to a trusted root at the time stated"),
    "no-trust-root": (16, "A trusted root is known"),
    "carried-material": (17, "Every certificate and list carried is genuine"),
    "revocation": (18, "No certificate of the chain was revoked"),
}


class Refusal(ValueError):
    """A step failed; ``code`` stands in :data:`STEPS`, the text is one sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


class Undecided(ValueError):
    """A step cannot be decided with what is at hand; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class TokenVerdict:
    """What the verifier found.

    Attributes:
        checks: every step in order, also those not reached (``unknown``).
        token: the token, only when the verdict is positive: parsed is not verified.
    """

    checks: tuple[Check, ...]
    token: Token | None = None

    @property
    def ok(self) -> bool:
        """No step failed, and none that matters is undecided.

        Revocation alone may stay undecided: most tokens come without revocation lists.
        """
        return self.failed is None and self.undecided is None

    @property
    def failed(self) -> Check | None:
        """The first step that failed."""
        return next((check for check in self.checks if check.failed), None)

    @property
    def undecided(self) -> Check | None:
        """The first step that matters and could not be decided."""
        for check in self.checks:
            if check.outcome is Outcome.UNKNOWN and check.code != "revocation":
                return check
        return None

    @property
    def indeterminate(self) -> bool:
        """Neither accepted nor refused."""
        return self.failed is None and self.undecided is not None


def check_of(code: str, outcome: Outcome, detail: str) -> Check:
    number, title = STEPS[code]
    return Check(number, code, title, outcome, detail)
