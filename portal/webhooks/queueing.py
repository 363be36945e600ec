"""Deliveries as a queue: who has something due, taking it, and noting what came of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import Session

from portal.database import Database
from portal.webhooks.models import (
    DeliveryState,
    StopReason,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from portal.webhooks.sending import Outcome
from portal.webhooks.stopping import Stopping

#: Standard Webhooks, "Deliverability and reliability": the pauses before each further attempt.
SCHEDULE: Final = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
MAX_ATTEMPTS: Final = len(SCHEDULE) + 1
#: After each further failure an endpoint is left alone for longer, up to this.
_QUIET: Final = (timedelta(seconds=5), timedelta(minutes=5))
#: Whoever took deliveries and died gives them back after this long.
LEASE: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Due:
    """An endpoint with something to send."""

    endpoint_id: str
    failing: bool


class Queueing:
    """Every method is a transaction of its own; any number of processes may use it at once."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        stopping: Stopping,
        patience: timedelta,
    ) -> None:
        """``patience``: an endpoint where nothing got through for so long is disabled."""
        self._database, self._clock = database, clock
        self._stopping, self._patience = stopping, patience

    def due(self) -> list[Due]:
        """The enabled endpoints that have something due now."""
        now = self._clock()
        waiting = exists().where(WebhookDelivery.endpoint_id == WebhookEndpoint.id, _is_due(now))
        quiet = WebhookEndpoint.quiet_until
        query = select(WebhookEndpoint.id, WebhookEndpoint.failing_since).where(
            WebhookEndpoint.enabled, or_(quiet.is_(None), quiet <= now), waiting
        )
        with self._database.reading() as session:
            return [Due(row.id, row.failing_since is not None) for row in session.execute(query)]

    def take(
        self, endpoint_id: str, limit: int
    ) -> tuple[WebhookEndpoint, list[WebhookDelivery]] | None:
        """The next deliveries of an endpoint, oldest first, leased; None when there are none."""
        now, lease = self._clock(), uuid4().hex
        oldest = (
            select(WebhookDelivery.id)
            .where(WebhookDelivery.endpoint_id == endpoint_id, _is_due(now))
            .order_by(WebhookDelivery.next_attempt_at, WebhookDelivery.seq)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with self._database.transaction() as session:
            endpoint = session.get(WebhookEndpoint, endpoint_id)
            if endpoint is None or not endpoint.enabled:
                return None
            ids = list(session.scalars(oldest))
            session.execute(
                update(WebhookDelivery)
                .where(WebhookDelivery.id.in_(ids))
                .values(lease=lease, lease_until=now + LEASE)
                .execution_options(synchronize_session=False)
            )
            query = select(WebhookDelivery).where(WebhookDelivery.id.in_(ids))
            rows = list(session.scalars(query.order_by(WebhookDelivery.seq)))
        return (endpoint, rows) if rows else None

    def enabled(self, endpoint_id: str) -> bool:
        """Asked right before each attempt: disabled means stopped, also in the middle of a run."""
        query = select(WebhookEndpoint.enabled).where(WebhookEndpoint.id == endpoint_id)
        with self._database.reading() as session:
            return bool(session.scalar(query))

    def give_back(self, rows: list[WebhookDelivery]) -> None:
        """Untouched after all; somebody else may take them."""
        ids = [row.id for row in rows]
        with self._database.transaction() as session:
            session.execute(
                update(WebhookDelivery)
                .where(WebhookDelivery.id.in_(ids))
                .values(lease=None, lease_until=None)
                .execution_options(synchronize_session=False)
            )

    def note(self, row: WebhookDelivery, outcome: Outcome) -> None:
        """Log the attempt, and move the delivery if it still waits."""
        now = self._clock()
        number = row.attempts + 1
        with self._database.transaction() as session:
            if session.get(WebhookDelivery, row.id) is None:
                return  # the endpoint was removed meanwhile
            session.add(attempt(row.id, number, outcome, now))
            self._move(session, row, number, outcome, now)
            self._mark(session, row.endpoint_id, outcome, now)

    def _move(
        self, session: Session, row: WebhookDelivery, number: int, outcome: Outcome, now: datetime
    ) -> None:
        values: dict[str, object] = {"attempts": number, "lease": None, "lease_until": None}
        if outcome.ok:
            values |= {"state": DeliveryState.DELIVERED, "finished_at": now}
        elif number >= MAX_ATTEMPTS:
            values |= {"state": DeliveryState.FAILED, "finished_at": now}
        else:
            values |= {"next_attempt_at": now + pause(number, outcome.pause)}
        session.execute(
            update(WebhookDelivery)
            .where(WebhookDelivery.id == row.id, WebhookDelivery.state == DeliveryState.PENDING)
            .values(**values)
            .execution_options(synchronize_session=False)
        )

    def _mark(self, session: Session, endpoint_id: str, outcome: Outcome, now: datetime) -> None:
        endpoint = session.get(WebhookEndpoint, endpoint_id)
        if endpoint is None:
            return
        if outcome.ok:
            clear_failures(endpoint)
            return
        first, most = _QUIET
        endpoint.quiet_until = now + min(first * 2 ** min(endpoint.failures, 10), most)
        endpoint.failures += 1
        endpoint.failing_since = endpoint.failing_since or now
        reason = StopReason.GONE if outcome.fault == "gone" else StopReason.FAILING
        if reason is StopReason.GONE or now - endpoint.failing_since >= self._patience:
            session.flush()
            self._stopping.stop(session, endpoint_id, reason)


def pause(attempts: int, asked: int = 0) -> timedelta:
    """How long to wait after the attempt numbered ``attempts``, with jitter, so that what failed
    together does not come back together; at least the seconds the receiver ``asked`` for."""
    planned = SCHEDULE[min(attempts, len(SCHEDULE)) - 1]
    jittered = planned * random.uniform(1, 1.2)  # noqa: S311 (no secret)
    return max(jittered, timedelta(seconds=asked))


def clear_failures(endpoint: WebhookEndpoint) -> None:
    """Something got through, or somebody begins anew."""
    endpoint.failing_since, endpoint.quiet_until, endpoint.failures = None, None, 0


def attempt(delivery_id: str, number: int, outcome: Outcome, now: datetime) -> WebhookAttempt:
    """A line of the delivery log."""
    return WebhookAttempt(
        delivery_id=delivery_id,
        at=now,
        number=number,
        status=outcome.status,
        milliseconds=outcome.milliseconds,
        fault=outcome.fault,
        answer=outcome.answer,
    )


def _is_due(now: datetime) -> ColumnElement[bool]:
    free = or_(WebhookDelivery.lease_until.is_(None), WebhookDelivery.lease_until < now)
    pending = WebhookDelivery.state == DeliveryState.PENDING
    return and_(pending, WebhookDelivery.next_attempt_at <= now, free)
