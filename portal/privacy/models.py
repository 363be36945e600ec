"""Tables of erasure, legal holds, and the index behind "what happened to my things"."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


class ErasureState(StrEnum):
    """Requested may become cancelled; erasing is past return and ends in done."""

    REQUESTED = "requested"
    CANCELLED = "cancelled"
    ERASING = "erasing"
    DONE = "done"


class Erasure(Base):
    """One decision to erase a deposit's content. ``asked_as`` is "owner", "manager" or
    "retention"; ``open_for`` is the deposit's id while the erasure is under way, so that the
    database itself allows one at a time."""

    __tablename__ = "erasures"
    __table_args__ = (Index("ix_erasures_state_due_at", "state", "due_at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    deposit_id: Mapped[str] = mapped_column(ForeignKey("deposits.id"), index=True)
    open_for: Mapped[str | None] = mapped_column(String(36), unique=True)
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(64))
    asked_as: Mapped[str] = mapped_column(String(16))
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class LegalHold(Base):
    """While one that is not lifted stands, nothing of the deposit is erased."""

    __tablename__ = "legal_holds"
    __table_args__ = (Index("ix_legal_holds_deposit_id_lifted_at", "deposit_id", "lifted_at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    deposit_id: Mapped[str] = mapped_column(ForeignKey("deposits.id"))
    reason: Mapped[str] = mapped_column(Text)
    set_by: Mapped[str] = mapped_column(String(64))
    set_by_name: Mapped[str] = mapped_column(String(200))
    set_at: Mapped[datetime]
    lifted_by: Mapped[str | None] = mapped_column(String(64))
    lifted_at: Mapped[datetime | None]


class AuditAbout(Base):
    """Whose thing a custody entry is about: ``owner`` is a person's id or an organisation's.
    Filled by a follower of the log, so that the question is quick however long the log is."""

    __tablename__ = "audit_about"

    owner: Mapped[str] = mapped_column(String(36), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
