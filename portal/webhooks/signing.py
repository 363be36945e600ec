"""Signatures after Standard Webhooks (symmetric, ``v1``), and the secrets they are made with."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from standardwebhooks import Webhook

from portal.storage.sealing import Box
from portal.webhooks.models import WebhookEndpoint

#: Standard Webhooks, "Signature scheme": between 24 and 64 bytes
_SECRET_BYTES: Final = 32
_PREFIX: Final = "whsec_"
_PURPOSE: Final = "webhook"
USER_AGENT: Final = "Notary-Evidence-Portal-Webhooks/1"


def new_secret() -> str:
    """``whsec_`` and base64 of 32 random bytes."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


class Secrets:
    """Keeps secrets encrypted: signing needs them back, so a digest would not do."""

    def __init__(self, box: Box) -> None:
        self._box = box

    def seal(self, secret: str, endpoint_id: str) -> bytes:
        return self._box.seal(secret.encode(), _PURPOSE, endpoint_id)

    def open(self, sealed: bytes, endpoint_id: str) -> str:
        """Raises Unsealable when it was sealed elsewhere."""
        return self._box.open(sealed, _PURPOSE, endpoint_id).decode()

    def of(self, endpoint: WebhookEndpoint, now: datetime) -> list[str]:
        """What to sign with: the present secret, and the one before it while it still holds."""
        keys = [self.open(endpoint.secret, endpoint.id)]
        until = endpoint.previous_until
        if endpoint.previous_secret is not None and until is not None and now < until:
            keys.append(self.open(endpoint.previous_secret, endpoint.id))
        return keys


def headers(keys: Sequence[str], message_id: str, payload: str, now: datetime) -> dict[str, str]:
    """The headers of one attempt, one signature for each of ``keys``: while a secret is being
    changed, receivers with the old and the new one both find theirs."""
    moment = now.astimezone(UTC).replace(microsecond=0)
    signatures = [Webhook(key).sign(message_id, moment, payload) for key in keys]
    return {
        "content-type": "application/json",
        "user-agent": USER_AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
