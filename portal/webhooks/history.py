"""The delivery log: what was sent, how often, what came back; kept within bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal import cursors
from portal.database import Database
from portal.problems import NotFound, RateLimited
from portal.webhooks.events import TEST_EVENT
from portal.webhooks.models import (
    DeliveryState,
    StopReason,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)

MAX_PAGE: Final = 200
#: Finished deliveries kept for each endpoint, however young.
MOST_ROWS: Final = 1000


@dataclass(frozen=True, slots=True)
class Detail:
    """One delivery with all its attempts, the first one first."""

    delivery: WebhookDelivery
    attempts: tuple[WebhookAttempt, ...]

    @property
    def last(self) -> WebhookAttempt | None:
        return self.attempts[-1] if self.attempts else None


@dataclass(frozen=True, slots=True)
class LogPage:
    """Newest first. ``cursor`` asks for the next page; None on the last one."""

    items: tuple[Detail, ...]
    cursor: str | None


class History:
    def __init__(self, database: Database, clock: Callable[[], datetime], kept: timedelta) -> None:
        """``kept``: how long a finished delivery stays in the log."""
        self._database, self._clock, self._kept = database, clock, kept

    def page(self, endpoint_id: str, cursor: str | None, size: int) -> LogPage:
        """Raises BadInput for a cursor that no page gave."""
        size = max(1, min(size, MAX_PAGE))
        query = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint_id)
        if cursor is not None:
            place = WebhookDelivery.created_at, WebhookDelivery.id
            query = query.where(cursors.before(cursor, *place))
        query = query.order_by(WebhookDelivery.created_at.desc(), WebhookDelivery.id.desc())
        with self._database.reading() as session:
            rows = list(session.scalars(query.limit(size + 1)))
            items = _with_attempts(session, rows[:size])
        last = rows[size - 1] if len(rows) > size else None
        return LogPage(items, cursors.cursor(last.created_at, last.id) if last else None)

    def detail(self, endpoint_id: str, delivery_id: str) -> Detail:
        with self._database.reading() as session:
            return _with_attempts(session, [self.row(session, endpoint_id, delivery_id)])[0]

    def row(self, session: Session, endpoint_id: str, delivery_id: str) -> WebhookDelivery:
        """Raises NotFound for another endpoint's delivery too."""
        found = session.scalar(
            select(WebhookDelivery).where(
                WebhookDelivery.id == delivery_id, WebhookDelivery.endpoint_id == endpoint_id
            )
        )
        if found is None:
            raise NotFound("delivery_not_found", "There is no such delivery.")
        return found

    def check_tests(self, session: Session, endpoint_id: str, most: int) -> None:
        """Raises RateLimited: each test keeps a thread of the web server waiting."""
        count = session.scalar(
            select(func.count()).where(
                WebhookDelivery.endpoint_id == endpoint_id,
                WebhookDelivery.created_at > self._clock() - timedelta(minutes=1),
                WebhookDelivery.event == TEST_EVENT,
            )
        )
        if (count or 0) >= most:
            raise RateLimited("webhook_tests", "Tested often enough; wait a minute.")

    def trim(self) -> None:
        """Remove what finished long ago, and what is more than :data:`MOST_ROWS`."""
        with self._database.reading() as session:
            ids = list(session.scalars(select(WebhookEndpoint.id)))
        for endpoint_id in ids:  # small transactions: nobody waits for a big one
            self._trim(endpoint_id)

    def _trim(self, endpoint_id: str) -> None:
        finished = (
            WebhookDelivery.endpoint_id == endpoint_id,
            WebhookDelivery.state != DeliveryState.PENDING,
        )
        newest = WebhookDelivery.created_at.desc()
        surplus = select(WebhookDelivery.created_at).where(*finished).order_by(newest)
        with self._database.reading() as session:
            bound = session.scalar(surplus.offset(MOST_ROWS).limit(1))
            oldest = session.scalar(select(func.min(WebhookDelivery.created_at)).where(*finished))
        limit = self._clock() - self._kept
        limit = limit if bound is None else max(limit, bound)
        if oldest is None or oldest > limit:
            return
        with self._database.transaction() as session:
            session.execute(
                delete(WebhookDelivery).where(*finished, WebhookDelivery.created_at <= limit)
            )

    def overview(self) -> dict[str, int]:
        stopped_by_us = WebhookEndpoint.stop_reason.not_in([StopReason.NONE, StopReason.PERSON])
        day = self._clock() - timedelta(days=1)
        counted = {
            "enabled": select(func.count()).where(WebhookEndpoint.enabled),
            "failing": select(func.count()).where(
                WebhookEndpoint.enabled, WebhookEndpoint.failing_since.is_not(None)
            ),
            "stopped": select(func.count()).where(~WebhookEndpoint.enabled, stopped_by_us),
            "waiting": select(func.count()).where(WebhookDelivery.state == DeliveryState.PENDING),
            "failed": select(func.count()).where(
                WebhookDelivery.state == DeliveryState.FAILED, WebhookDelivery.created_at > day
            ),
        }
        with self._database.reading() as session:
            return {name: session.scalar(query) or 0 for name, query in counted.items()}


def _with_attempts(session: Session, rows: list[WebhookDelivery]) -> tuple[Detail, ...]:
    query = (
        select(WebhookAttempt)
        .where(WebhookAttempt.delivery_id.in_([row.id for row in rows]))
        .order_by(WebhookAttempt.at, WebhookAttempt.number)
    )
    found: dict[str, list[WebhookAttempt]] = {row.id: [] for row in rows}
    for each in session.scalars(query):
        found[each.delivery_id].append(each)
    return tuple(Detail(row, tuple(found[row.id])) for row in rows)
