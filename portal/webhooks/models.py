"""Tables of webhooks: endpoints, deliveries, their attempts, and the place in the custody log."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    DDL,
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    #: given up after the last attempt
    FAILED = "failed"
    #: the endpoint was disabled before it could be sent
    CANCELLED = "cancelled"


class StopReason(StrEnum):
    """Why an endpoint is disabled; empty while it is enabled."""

    NONE = ""
    PERSON = "person"
    #: nothing got through for days
    FAILING = "failing"
    #: the receiver answered 410
    GONE = "gone"
    #: more waits than is kept
    BACKLOG = "backlog"


def _uuid() -> str:
    return str(uuid.uuid4())


class WebhookEndpoint(Base):
    """Where events of one person, or of one organisation, are sent.

    The secrets are sealed (see :mod:`portal.webhooks.sealing`). Only entries of the custody log
    after ``after_seq`` are sent. ``failing_since`` is the first failure after the last success.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        Index("ix_webhook_endpoints_owner_id", "owner_id"),
        Index("ix_webhook_endpoints_organisation_id", "organisation_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    #: empty: the owner's own deposits
    organisation_id: Mapped[str] = mapped_column(String(36), default="")
    url: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(String(200))
    #: space separated names of events
    events: Mapped[str] = mapped_column(Text)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_until: Mapped[datetime | None]
    enabled: Mapped[bool] = mapped_column(default=True)
    stop_reason: Mapped[str] = mapped_column(String(16), default=StopReason.NONE)
    stopped_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    quiet_until: Mapped[datetime | None]
    after_seq: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]

    @property
    def subject(self) -> str:
        """How the custody log names this endpoint."""
        return f"webhook:{self.id}"

    @property
    def event_names(self) -> tuple[str, ...]:
        return tuple(self.events.split())


class WebhookDelivery(Base):
    """One event for one endpoint. ``payload`` is the body, the same at every attempt."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "message_id"),
        Index(
            "ix_webhook_deliveries_endpoint_id_state_next_attempt_at",
            "endpoint_id",
            "state",
            "next_attempt_at",
        ),
        Index("ix_webhook_deliveries_endpoint_id_created_at_id", "endpoint_id", "created_at", "id"),
        Index("ix_webhook_deliveries_state_created_at", "state", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    endpoint_id: Mapped[str] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    #: the header ``webhook-id``
    message_id: Mapped[str] = mapped_column(String(64))
    event: Mapped[str] = mapped_column(String(64))
    payload: Mapped[str] = mapped_column(Text)
    #: the entry of the custody log; 0 for tests
    seq: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16), default=DeliveryState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    lease: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class WebhookAttempt(Base):
    """One try to deliver, and what came back."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (Index("ix_webhook_attempts_delivery_id_at", "delivery_id", "at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    delivery_id: Mapped[str] = mapped_column(
        ForeignKey("webhook_deliveries.id", ondelete="CASCADE")
    )
    at: Mapped[datetime]
    number: Mapped[int]
    #: None when no answer came
    status: Mapped[int | None]
    milliseconds: Mapped[int]
    #: empty when acknowledged; else a code of :mod:`portal.webhooks.sending`
    fault: Mapped[str] = mapped_column(String(32))
    #: the beginning of the answer, as text
    answer: Mapped[str] = mapped_column(Text)


class WebhookCursor(Base):
    """The one row: the last entry of the custody log that was looked at."""

    __tablename__ = "webhook_cursor"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)


# For databases made straight from the models; a migrated one gets the row from its migration.
event.listen(
    WebhookCursor.__table__,
    "after_create",
    DDL("INSERT INTO webhook_cursor (id, seq) VALUES (1, 0)"),  # type: ignore[no-untyped-call]
)
