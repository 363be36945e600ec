"""Carries one delivery: reads the address, signs, posts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from portal.problems import PortalError
from portal.storage.sealing import Unsealable
from portal.webhooks.addresses import read_url
from portal.webhooks.models import WebhookDelivery, WebhookEndpoint
from portal.webhooks.sending import Outcome, Sender
from portal.webhooks.signing import Secrets, headers


class Courier:
    """Safe for threads."""

    def __init__(
        self, sender: Sender, secrets: Secrets, clock: Callable[[], datetime], *, https_only: bool
    ) -> None:
        self._sender, self._secrets, self._clock = sender, secrets, clock
        self._https_only = https_only

    def carry(self, endpoint: WebhookEndpoint, delivery: WebhookDelivery) -> Outcome:
        """One attempt. Never raises for what an endpoint's row or its receiver does."""
        now = self._clock()
        try:
            # Read anew each time: what was taken yesterday may be against a stricter setting.
            url = read_url(endpoint.url, https_only=self._https_only)
            keys = self._secrets.of(endpoint, now)
        except (PortalError, Unsealable) as error:
            return Outcome(None, 0, "address", str(error))
        signed = headers(keys, delivery.message_id, delivery.payload, now)
        return self._sender.post(url, delivery.payload.encode(), signed)
