"""Proof that somebody has the private key: they sign a challenge that was made for them just now.

The challenge needs no row: it carries its end and a tag that only this portal can make. What is
signed has a context of its own, so that it is never the signature of a deposit.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Final

from chain_adapter.algorithms import algorithm_of, fits, key_id_of
from chain_adapter.canonical import canonical_json
from portal.problems import BadInput

CONTEXT: Final = b"notary/key-possession/v1\n"
#: Long enough to run openssl by hand.
_LASTS: Final = timedelta(minutes=15)


class Possession:
    """``secret``: 32 bytes of the portal's own; ``platform``: its key id."""

    def __init__(self, secret: bytes, platform: str) -> None:
        self._secret = secret
        self._platform = platform

    def challenge(self, user_id: str, now: datetime) -> str:
        """For this person, for a quarter of an hour."""
        end = int((now + _LASTS).timestamp())
        said = f"{end}.{secrets.token_hex(16)}"
        return f"{said}.{self._tag(user_id, said)}"

    def statement(self, challenge: str, key: bytes) -> bytes:
        """What has to be signed."""
        said = {"challenge": challenge, "by": key_id_of(key), "platform": self._platform}
        return CONTEXT + canonical_json(said)

    def check(self, user_id: str, challenge: str, key: bytes, value: bytes, now: datetime) -> None:
        """Raises BadInput unless ``value`` is the signature by ``key`` of a challenge that was made
        for this person and has not ended."""
        said, _, tag = challenge.rpartition(".")
        end = said.partition(".")[0]
        good = hmac.compare_digest(
            self._tag(user_id, said).encode(), tag.encode("utf-8", "replace")
        )
        if not good or not end.isdecimal() or int(end) < now.timestamp():
            message = "This challenge is over, or was not made for you. Begin again."
            raise BadInput("challenge", message, field="challenge")
        if not fits(key, algorithm_of(key), value, self.statement(challenge, key)):
            message = (
                "The private key does not belong to this certificate or key: what it signed does "
                "not fit. Nothing was kept."
            )
            raise BadInput("possession", message, field="signature")

    def _tag(self, user_id: str, said: str) -> str:
        text = f"notary/possession-challenge/v1\n{user_id}\n{said}"
        return hmac.new(self._secret, text.encode(), hashlib.sha256).hexdigest()
