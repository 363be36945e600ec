"""What people send by hand: a test, and a message once more."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Final

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.problems import Conflict
from portal.webhooks.courier import Courier
from portal.webhooks.events import TEST_EVENT, test_payload
from portal.webhooks.history import History
from portal.webhooks.models import DeliveryState, WebhookAttempt, WebhookDelivery
from portal.webhooks.queueing import attempt
from portal.webhooks.rules import check_enabled, found

_TESTS_A_MINUTE: Final = 10


class Trying:
    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        history: History,
        courier: Courier,
    ) -> None:
        self._database, self._clock = database, clock
        self._history, self._courier = history, courier

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
            message_id=f"msg_{secrets.token_hex(16)}",
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
            endpoint = found(session, actor, endpoint_id, changing=True)
            check_enabled(endpoint)
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

    def resend(self, actor: Actor, endpoint_id: str, delivery_id: str) -> None:
        """Send a message again, from the first attempt on, under the same ``webhook-id``.

        Raises:
            Conflict: the endpoint is disabled, or it was a test.
        """
        with self._database.transaction() as session:
            endpoint = found(session, actor, endpoint_id, changing=True)
            check_enabled(endpoint)
            row = self._history.row(session, endpoint_id, delivery_id)
            if row.event == TEST_EVENT:
                raise Conflict("webhook_test", "A test is not sent again: make a new one.")
            row.state, row.attempts, row.finished_at = DeliveryState.PENDING, 0, None
            row.next_attempt_at, endpoint.quiet_until = self._clock(), None
            detail = {"message": row.message_id}
            record(session, actor, "webhook.resent", endpoint.subject, detail)
