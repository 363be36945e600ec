"""Tables of the voucher check: where each content stands, and every reading."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


class Outcome(StrEnum):
    """``UNKNOWN``: vault or ledger could not be asked, which decides nothing."""

    UNTAMPERED = "untampered"
    TAMPERED = "tampered"
    UNKNOWN = "unknown"


def _uuid() -> str:
    return str(uuid.uuid4())


class VouchStanding(Base):
    """How the content of one deposit stands. There is a row for everything that is kept: made when
    its letter is issued, gone when the content is erased.

    ``read_at``: when it was last read from end to end, the deposit itself counting as the first
    time. ``asked_*``: somebody wants it read at once. ``claimed_until``: a worker has it in hand.
    ``alarmed_at``: it was found tampered, and no reading since found it sound; ``settled_*``: an
    operator has taken note.
    """

    __tablename__ = "vouch_standings"
    __table_args__ = (
        Index("ix_vouch_standings_read_at", "read_at"),
        Index("ix_vouch_standings_checked_at", "checked_at"),
        Index("ix_vouch_standings_asked_at", "asked_at"),
        Index("ix_vouch_standings_alarmed_at", "alarmed_at"),
    )

    deposit_id: Mapped[str] = mapped_column(ForeignKey("deposits.id"), primary_key=True)
    read_at: Mapped[datetime]
    #: the last reading that decided something, and what it decided
    checked_at: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(String(16))
    asked_at: Mapped[datetime | None]
    asked_by: Mapped[str | None] = mapped_column(String(36))
    claimed_until: Mapped[datetime | None]
    #: why the last try decided nothing
    trouble: Mapped[str | None] = mapped_column(Text)
    alarmed_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None] = mapped_column(String(36))


class Voucher(Base):
    """One reading and what it found; never changes. ``faults`` is JSON: what did not hold."""

    __tablename__ = "vouchers"
    __table_args__ = (
        Index("ix_vouchers_deposit_id_at", "deposit_id", "at"),
        Index("ix_vouchers_at", "at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    deposit_id: Mapped[str] = mapped_column(ForeignKey("deposits.id"))
    at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(16))
    faults: Mapped[str] = mapped_column(Text)
    #: bytes read again, and how long that took
    size: Mapped[int] = mapped_column(BigInteger)
    milliseconds: Mapped[int]
    #: who wanted it: a person's id, or "worker"
    by: Mapped[str] = mapped_column(String(36))
