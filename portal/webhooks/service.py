"""What people do with webhooks. No Flask in here; every method raises the errors of
:mod:`portal.problems`.

An actor sees the endpoints of whom they act for: their own, or their organisation's, which only its
managers change. Anybody else's are not found.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from portal.audit.actor import Actor
from portal.audit.service import head, record
from portal.database import Database
from portal.problems import Conflict
from portal.settings import Settings
from portal.storage.sealing import Box
from portal.webhooks.addresses import networks
from portal.webhooks.courier import Courier
from portal.webhooks.dispatching import Dispatcher
from portal.webhooks.feed import Feed
from portal.webhooks.history import Detail, History, LogPage
from portal.webhooks.models import StopReason, WebhookAttempt, WebhookEndpoint
from portal.webhooks.queueing import Queueing, clear_failures
from portal.webhooks.rules import (
    check_may_change,
    checked_description,
    checked_events,
    checked_url,
    found,
    of_actor,
    told_of,
)
from portal.webhooks.sending import Sender
from portal.webhooks.signing import Secrets, new_secret
from portal.webhooks.stopping import Post, Stopping, cancel_waiting
from portal.webhooks.trying import Trying

MAX_ENDPOINTS: Final = 10
#: How long the secret before the present one still signs.
OLD_SECRET: Final = timedelta(days=1)


class WebhookService:
    """The use cases, and the worker's side under :meth:`advance`."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        box: Box,
        clock: Callable[[], datetime],
        post: Post | None = None,
        sender: Sender | None = None,
    ) -> None:
        """``post`` sends mail; ``sender`` is made from the settings when None."""
        self._database, self._clock = database, clock
        self._https_only = settings.production
        self._secrets = Secrets(box)
        self._sender = sender or Sender(
            settings.webhook_timeout_seconds, networks(settings.webhook_allow_private)
        )
        base = settings.base_url.rstrip("/")
        self._stopping = Stopping(clock, f"{base}/webhooks", post)
        self._courier = Courier(self._sender, self._secrets, clock, https_only=self._https_only)
        patience = timedelta(days=settings.webhook_disable_days)
        self._history = History(database, clock, timedelta(days=settings.webhook_log_days))
        self._trying = Trying(database, clock, self._history, self._courier)
        self._dispatcher = Dispatcher(
            Feed(database, base, clock, self._stopping),
            Queueing(database, clock, self._stopping, patience),
            self._courier,
            settings.webhook_senders,
        )

    # --- endpoints --------------------------------------------------------------------------

    def listed(self, actor: Actor) -> list[WebhookEndpoint]:
        """All endpoints of whom the actor acts for, oldest first."""
        query = select(WebhookEndpoint).where(of_actor(actor)).order_by(WebhookEndpoint.created_at)
        with self._database.reading() as session:
            return list(session.scalars(query))

    def get(self, actor: Actor, endpoint_id: str) -> WebhookEndpoint:
        with self._database.reading() as session:
            return found(session, actor, endpoint_id)

    def create(
        self, actor: Actor, url: str, wanted: Sequence[str], description: str = ""
    ) -> tuple[WebhookEndpoint, str]:
        """A new endpoint and its secret, which is shown this once.

        Raises:
            BadInput: an address that is not allowed, unknown events, a description too long.
            Conflict: there are :data:`MAX_ENDPOINTS` already.
            Forbidden: only managers change an organisation's webhooks.
        """
        check_may_change(actor)
        secret, endpoint_id = new_secret(), str(uuid.uuid4())
        endpoint = WebhookEndpoint(
            id=endpoint_id,
            owner_id=actor.id,
            organisation_id=actor.organisation,
            url=checked_url(url, self._sender, https_only=self._https_only),
            description=checked_description(description),
            events=checked_events(wanted),
            secret=self._secrets.seal(secret, endpoint_id),
            created_at=self._clock(),
        )
        with self._database.transaction() as session:
            count = session.scalar(select(func.count()).where(of_actor(actor))) or 0
            if count >= MAX_ENDPOINTS:
                message = "Remove a webhook first: there are at most %(most)s."
                raise Conflict("too_many_webhooks", message, most=MAX_ENDPOINTS)
            endpoint.after_seq = head(session).size
            session.add(endpoint)
            session.flush()
            record(session, actor, "webhook.created", endpoint.subject, told_of(endpoint))
        return endpoint, secret

    def change(
        self,
        actor: Actor,
        endpoint_id: str,
        url: str | None = None,
        wanted: Sequence[str] | None = None,
        description: str | None = None,
    ) -> WebhookEndpoint:
        """Change what is not None; errors as :meth:`create`."""
        checked = (
            checked_url(url, self._sender, https_only=self._https_only) if url is not None else None
        )
        with self._database.transaction() as session:
            endpoint = found(session, actor, endpoint_id, changing=True)
            endpoint.url = endpoint.url if checked is None else checked
            if wanted is not None:
                endpoint.events = checked_events(wanted)
            if description is not None:
                endpoint.description = checked_description(description)
            session.flush()
            record(session, actor, "webhook.changed", endpoint.subject, told_of(endpoint))
        return endpoint

    def rotate(self, actor: Actor, endpoint_id: str) -> str:
        """A new secret, shown this once. For :data:`OLD_SECRET` both sign, so that a receiver is
        changed without losing a message."""
        secret = new_secret()
        with self._database.transaction() as session:
            endpoint = found(session, actor, endpoint_id, changing=True)
            endpoint.previous_secret = endpoint.secret
            endpoint.previous_until = self._clock() + OLD_SECRET
            endpoint.secret = self._secrets.seal(secret, endpoint.id)
            record(session, actor, "webhook.secret_changed", endpoint.subject)
        return secret

    def enable(self, actor: Actor, endpoint_id: str) -> WebhookEndpoint:
        """Begin anew: what happened while it was disabled is not sent."""
        with self._database.transaction() as session:
            endpoint = found(session, actor, endpoint_id, changing=True)
            if not endpoint.enabled:
                endpoint.enabled, endpoint.stop_reason = True, StopReason.NONE
                endpoint.stopped_at = None
                endpoint.after_seq = head(session).size
                clear_failures(endpoint)
                record(session, actor, "webhook.enabled", endpoint.subject)
        return endpoint

    def disable(self, actor: Actor, endpoint_id: str) -> WebhookEndpoint:
        """Stop at once: nothing is sent any more, what waits is cancelled."""
        with self._database.transaction() as session:
            endpoint = found(session, actor, endpoint_id, changing=True)
            self._stopping.stop(session, endpoint_id, StopReason.PERSON, actor)
        return endpoint

    def remove(self, actor: Actor, endpoint_id: str) -> None:
        """With its log."""
        with self._database.transaction() as session:
            endpoint = found(session, actor, endpoint_id, changing=True)
            cancel_waiting(session, endpoint_id, self._clock())
            session.delete(endpoint)
            record(session, actor, "webhook.removed", endpoint.subject)

    # --- deliveries -------------------------------------------------------------------------

    def test(self, actor: Actor, endpoint_id: str) -> WebhookAttempt:
        """Send ``webhook.test`` now, once, and wait for the answer.

        Raises:
            Conflict: the endpoint is disabled, and disabled means that nothing is sent.
            RateLimited: tested too often within a minute.
        """
        return self._trying.test(actor, endpoint_id)

    def deliveries(
        self, actor: Actor, endpoint_id: str, cursor: str | None = None, size: int = 50
    ) -> LogPage:
        """One page of the delivery log, newest first."""
        self.get(actor, endpoint_id)
        return self._history.page(endpoint_id, cursor, size)

    def delivery(self, actor: Actor, endpoint_id: str, delivery_id: str) -> Detail:
        self.get(actor, endpoint_id)
        return self._history.detail(endpoint_id, delivery_id)

    def resend(self, actor: Actor, endpoint_id: str, delivery_id: str) -> None:
        """Send a message again, from the first attempt on, under the same ``webhook-id``.

        Raises:
            Conflict: the endpoint is disabled, or it was a test.
        """
        self._trying.resend(actor, endpoint_id, delivery_id)

    # --- the worker's and the operators' side --------------------------------------------------

    def advance(self) -> int:
        """Follow the custody log and send; returns quickly."""
        return self._dispatcher.advance()

    def housekeeping(self) -> None:
        """Keep the log within its bounds."""
        self._history.trim()

    def overview(self) -> dict[str, int]:
        """Counts for operators: ``enabled``, ``failing``, ``stopped`` (by the portal), ``waiting``
        and ``failed`` deliveries of the last day."""
        return self._history.overview()

    def close(self) -> None:
        self._dispatcher.close()
