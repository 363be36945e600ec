"""What people do with webhooks. No Flask in here; every method raises the errors of
:mod:`portal.problems`.

An actor sees the endpoints of whom they act for: their own, or their organisation's, which only its
managers change. Anybody else's are not found.
"""

from __future__ import annotations

import secrets as random_secrets
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import head, record
from portal.database import Database
from portal.problems import BadInput, Conflict, Forbidden, NotFound
from portal.settings import Settings
from portal.storage.sealing import Box
from portal.webhooks.addresses import Refused, judged, networks, read_url
from portal.webhooks.courier import Courier
from portal.webhooks.dispatching import Dispatcher
from portal.webhooks.events import TEST_EVENT, events, test_payload
from portal.webhooks.feed import Feed
from portal.webhooks.history import Detail, History, LogPage
from portal.webhooks.models import (
    DeliveryState,
    StopReason,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from portal.webhooks.queueing import Queueing, attempt, clear_failures
from portal.webhooks.sending import Sender
from portal.webhooks.signing import Secrets, new_secret
from portal.webhooks.stopping import Post, Stopping, cancel_waiting

MAX_ENDPOINTS: Final = 10
MAX_DESCRIPTION: Final = 200
#: How long the secret before the present one still signs.
OLD_SECRET: Final = timedelta(days=1)
_TESTS_A_MINUTE: Final = 10


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
        self._dispatcher = Dispatcher(
            Feed(database, base, clock, self._stopping),
            Queueing(database, clock, self._stopping, patience),
            self._courier,
            settings.webhook_senders,
        )

    # --- endpoints --------------------------------------------------------------------------

    def listed(self, actor: Actor) -> list[WebhookEndpoint]:
        """All endpoints of whom the actor acts for, oldest first."""
        query = select(WebhookEndpoint).where(_of(actor)).order_by(WebhookEndpoint.created_at)
        with self._database.reading() as session:
            return list(session.scalars(query))

    def get(self, actor: Actor, endpoint_id: str) -> WebhookEndpoint:
        with self._database.reading() as session:
            return _found(session, actor, endpoint_id)

    def create(
        self, actor: Actor, url: str, wanted: Sequence[str], description: str = ""
    ) -> tuple[WebhookEndpoint, str]:
        """A new endpoint and its secret, which is shown this once.

        Raises:
            BadInput: an address that is not allowed, unknown events, a description too long.
            Conflict: there are :data:`MAX_ENDPOINTS` already.
            Forbidden: only managers change an organisation's webhooks.
        """
        _check_may_change(actor)
        secret, endpoint_id = new_secret(), str(uuid.uuid4())
        endpoint = WebhookEndpoint(
            id=endpoint_id,
            owner_id=actor.id,
            organisation_id=actor.organisation,
            url=self._checked_url(url),
            description=_checked_description(description),
            events=_checked_events(wanted),
            secret=self._secrets.seal(secret, endpoint_id),
            created_at=self._clock(),
        )
        with self._database.transaction() as session:
            count = session.scalar(select(func.count()).where(_of(actor))) or 0
            if count >= MAX_ENDPOINTS:
                message = "Remove a webhook first: there are at most %(most)s."
                raise Conflict("too_many_webhooks", message, most=MAX_ENDPOINTS)
            endpoint.after_seq = head(session).size
            session.add(endpoint)
            session.flush()
            record(session, actor, "webhook.created", endpoint.subject, _detail(endpoint))
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
        checked = self._checked_url(url) if url is not None else None
        with self._database.transaction() as session:
            endpoint = _found(session, actor, endpoint_id, changing=True)
            endpoint.url = endpoint.url if checked is None else checked
            if wanted is not None:
                endpoint.events = _checked_events(wanted)
            if description is not None:
                endpoint.description = _checked_description(description)
            session.flush()
            record(session, actor, "webhook.changed", endpoint.subject, _detail(endpoint))
        return endpoint

    def rotate(self, actor: Actor, endpoint_id: str) -> str:
        """A new secret, shown this once. For :data:`OLD_SECRET` both sign, so that a receiver is
        changed without losing a message."""
        secret = new_secret()
        with self._database.transaction() as session:
            endpoint = _found(session, actor, endpoint_id, changing=True)
            endpoint.previous_secret = endpoint.secret
            endpoint.previous_until = self._clock() + OLD_SECRET
            endpoint.secret = self._secrets.seal(secret, endpoint.id)
            record(session, actor, "webhook.secret_changed", endpoint.subject)
        return secret

    def enable(self, actor: Actor, endpoint_id: str) -> WebhookEndpoint:
        """Begin anew: what happened while it was disabled is not sent."""
        with self._database.transaction() as session:
            endpoint = _found(session, actor, endpoint_id, changing=True)
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
            endpoint = _found(session, actor, endpoint_id, changing=True)
            self._stopping.stop(session, endpoint_id, StopReason.PERSON, actor)
        return endpoint

    def remove(self, actor: Actor, endpoint_id: str) -> None:
        """With its log."""
        with self._database.transaction() as session:
            endpoint = _found(session, actor, endpoint_id, changing=True)
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
        now = self._clock()
        delivery = WebhookDelivery(
            id=str(uuid.uuid4()),
            endpoint_id=endpoint_id,
            message_id=f"msg_{random_secrets.token_hex(16)}",
            event=TEST_EVENT,
            payload=test_payload(endpoint_id, now),
            seq=0,
            # Not pending: the worker must not send it too.
            state=DeliveryState.FAILED,
            attempts=1,
            next_attempt_at=now,
            created_at=now,
            finished_at=now,
        )
        with self._database.transaction() as session:
            endpoint = _found(session, actor, endpoint_id, changing=True)
            _check_enabled(endpoint)
            self._history.check_tests(session, endpoint_id, _TESTS_A_MINUTE)
            session.add(delivery)
            record(session, actor, "webhook.tested", endpoint.subject)
        outcome = self._courier.carry(endpoint, delivery)
        tried = attempt(delivery.id, 1, outcome, self._clock())
        with self._database.transaction() as session:
            kept = session.get(WebhookDelivery, delivery.id)
            if kept is not None:
                kept.state = DeliveryState.DELIVERED if outcome.ok else DeliveryState.FAILED
                session.add(tried)
        return tried

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
        with self._database.transaction() as session:
            endpoint = _found(session, actor, endpoint_id, changing=True)
            _check_enabled(endpoint)
            row = self._history.row(session, endpoint_id, delivery_id)
            if row.event == TEST_EVENT:
                raise Conflict("webhook_test", "A test is not sent again: make a new one.")
            row.state, row.attempts, row.finished_at = DeliveryState.PENDING, 0, None
            row.next_attempt_at, endpoint.quiet_until = self._clock(), None
            detail = {"message": row.message_id}
            record(session, actor, "webhook.resent", endpoint.subject, detail)

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

    def _checked_url(self, text: str) -> str:
        text = text.strip()
        url = read_url(text, https_only=self._https_only)
        try:
            judged(url, self._sender.resolve, self._sender.allowed)
        except Refused as error:
            raise _refusal(error.code, url.host) from error
        return text


def _refusal(code: str, host: str) -> BadInput:
    if code == "unknown":
        message = "The name %(host)s has no address: look for a typing error."
        return BadInput("url_unknown", message, field="url", host=host)
    message = "%(host)s leads to an address that is not public: webhooks do not go there."
    return BadInput("url_refused", message, field="url", host=host)


def _of(actor: Actor) -> ColumnElement[bool]:
    if actor.organisation:
        return WebhookEndpoint.organisation_id == actor.organisation
    return and_(WebhookEndpoint.owner_id == actor.id, WebhookEndpoint.organisation_id == "")


def _found(
    session: Session, actor: Actor, endpoint_id: str, *, changing: bool = False
) -> WebhookEndpoint:
    endpoint = session.scalar(
        select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id, _of(actor))
    )
    if endpoint is None:
        raise NotFound("webhook_not_found", "There is no such webhook.")
    if changing:
        _check_may_change(actor)
    return endpoint


def _check_may_change(actor: Actor) -> None:
    if actor.organisation and actor.organisation_role != "manager":
        message = "Only managers of the organisation change its webhooks."
        raise Forbidden("webhook_managers", message)


def _check_enabled(endpoint: WebhookEndpoint) -> None:
    if not endpoint.enabled:
        message = "This webhook is disabled, so nothing is sent. Enable it first."
        raise Conflict("webhook_disabled", message)


def _checked_events(wanted: Sequence[str]) -> str:
    known = events()
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        name = unknown[0][:64]
        raise BadInput("event", "There is no event %(name)s.", field="events", name=name)
    if not wanted:
        raise BadInput("events", "Choose at least one event.", field="events")
    return " ".join(name for name in known if name in set(wanted))


def _checked_description(text: str) -> str:
    text = text.strip()
    if len(text) > MAX_DESCRIPTION or (text and not text.isprintable()):
        message = "A description has at most %(limit)s characters, on one line."
        raise BadInput("description", message, field="description", limit=MAX_DESCRIPTION)
    return text


def _detail(endpoint: WebhookEndpoint) -> dict[str, str | int]:
    return {"events": endpoint.events, "organisation": endpoint.organisation_id}
