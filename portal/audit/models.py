"""Tables of the custody log.

The migration adds triggers that refuse UPDATE, DELETE and TRUNCATE on ``audit_entries``.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DDL, BigInteger, Index, LargeBinary, String, Text, event
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base

GENESIS = "0" * 64


class AuditEntry(Base):
    """One act. ``hash`` covers every other column and, through ``previous``, all earlier rows."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_subject_seq", "subject", "seq"),
        Index("ix_audit_entries_actor_id_seq", "actor_id", "seq"),
    )

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor_id: Mapped[str] = mapped_column(String(64))
    actor_name: Mapped[str] = mapped_column(String(200))
    roles: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(64))
    via: Mapped[str] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(128))
    #: RFC 8785 text, kept as it was hashed
    detail: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


class AuditHead(Base):
    """The one row every writer locks first: how long the chain is and where it ends."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))


class AuditAnchor(Base):
    """One head of the chain on its way to the ledger: the row is the state, as with deposits.

    ``size`` and ``hash`` never change. ``wait_*``, ``attempts`` and ``next_attempt_at`` say why it
    waits and until when. Token and entry are written together, before the ledger is asked, so that
    a second try sends the same entry.
    """

    __tablename__ = "audit_anchors"
    __table_args__ = (Index("ix_audit_anchors_state_next_attempt_at", "state", "next_attempt_at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger, unique=True)
    hash: Mapped[str] = mapped_column(String(64))
    #: 32 bytes for the entry's ``meta``
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    taken_at: Mapped[datetime]

    state: Mapped[str] = mapped_column(String(16))
    wait_reason: Mapped[str | None] = mapped_column(String(64))
    wait_detail: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]

    #: JSON: the token and its co-stamps, see :mod:`timestamping.stored`
    stamps: Mapped[str | None] = mapped_column(Text)
    gen_time: Mapped[datetime | None]
    entry: Mapped[bytes | None] = mapped_column(LargeBinary)
    receipt: Mapped[str | None] = mapped_column(Text)
    proof: Mapped[str | None] = mapped_column(Text)
    anchored_at: Mapped[datetime | None]


class AuditFollower(Base):
    """How far a follower of the custody log has come."""

    __tablename__ = "audit_followers"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)


# For databases made straight from the models; a migrated one gets the row from its migration.
event.listen(
    AuditHead.__table__,
    "after_create",
    DDL(  # type: ignore[no-untyped-call]
        f"INSERT INTO audit_head (id, size, hash) VALUES (1, 0, '{GENESIS}')"  # noqa: S608
    ),
)
