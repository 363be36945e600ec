"""Tables of checks: each run of the machine as it was, and what notaries said of it."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


def _uuid() -> str:
    return str(uuid.uuid4())


class Check(Base):
    """One run over one matter; never changes once it has ended.

    ``document`` is the canonical report (RFC 8785): inputs, versions, every numbered check of every
    group, so that it can be run again years later and compared. ``revision`` is the matter's when
    it began.
    """

    __tablename__ = "notary_checks"
    __table_args__ = (UniqueConstraint("matter_id", "n", name="uq_notary_checks_matter_id_n"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    matter_id: Mapped[str] = mapped_column(ForeignKey("matters.id"))
    #: 1, 2, … within the matter
    n: Mapped[int]
    revision: Mapped[int]
    #: "waiting", "running", "ended" or "failed" (the machine could not run; ``trouble`` says why)
    state: Mapped[str] = mapped_column(String(16), index=True)
    stage: Mapped[str] = mapped_column(String(32), default="")
    trouble: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    begun_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    #: "pass", "fail" or "unknown"; None until it has ended
    outcome: Mapped[str | None] = mapped_column(String(8))
    document: Mapped[bytes | None] = mapped_column(LargeBinary)
    sha256: Mapped[str | None] = mapped_column(String(64))


class Confirmation(Base):
    """A notary's word on one group of a check: "content", "time", "ledger" or "origin"."""

    __tablename__ = "notary_confirmations"

    check_id: Mapped[str] = mapped_column(ForeignKey("notary_checks.id"), primary_key=True)
    group: Mapped[str] = mapped_column(String(16), primary_key=True)
    by: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    at: Mapped[datetime]
    #: needed where the machine could not decide
    reason: Mapped[str] = mapped_column(Text, default="")
