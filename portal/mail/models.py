"""The outbox."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


def _now() -> datetime:
    return datetime.now(UTC)


class OutboxMail(Base):
    """One mail. ``state``: waiting → sent | failed.

    ``sealed`` holds the text while it may still have to be sent: it carries links that open
    accounts, so it is encrypted, and gone once the mail has left.
    """

    __tablename__ = "outbox_mails"
    __table_args__ = (Index("ix_outbox_mails_state_next_attempt_at", "state", "next_attempt_at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(200))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime] = mapped_column(default=_now)
    #: why the last attempt failed, in the server's words, without addresses of ours
    reason: Mapped[str] = mapped_column(String(300), default="")
    created_at: Mapped[datetime] = mapped_column(default=_now)
    sent_at: Mapped[datetime | None]
