"""The table of members' messages."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base

#: ``type`` of the first row, which holds the rule itself.
GENESIS = "genesis"


class State(StrEnum):
    """Collecting signatures → ready → timestamped → anchored; or refused, for good."""

    COLLECTING = "collecting"
    READY = "ready"
    TIMESTAMPED = "timestamped"
    ANCHORED = "anchored"
    REFUSED = "refused"


class ConsortiumMessage(Base):
    """One message on its way to the ledger. ``id`` is the message's own (64 hex digits), the
    rule's digest for the genesis; ``content`` the canonical JSON with the signatures there are.

    Token and entry are written together, before the ledger is asked, so that a second try sends
    the same entry. ``wait_*``, ``attempts`` and ``next_attempt_at`` say why it waits.
    """

    __tablename__ = "consortium_messages"
    __table_args__ = (
        Index("ix_consortium_messages_state_next_attempt_at", "state", "next_attempt_at"),
        Index("ix_consortium_messages_member_position", "member", "position"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    type: Mapped[str] = mapped_column(String(16))
    #: identity the message is about, 64 hex digits; "" for none
    member: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    #: Unix seconds; 0: never
    expires: Mapped[int] = mapped_column(BigInteger)
    #: 32 bytes for the entry's ``meta``
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    started_at: Mapped[datetime]
    started_by: Mapped[str] = mapped_column(String(64))
    ready_at: Mapped[datetime | None]

    state: Mapped[str] = mapped_column(String(16))
    #: code of the refusal, when it is refused
    refusal: Mapped[str | None] = mapped_column(String(32))
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
    #: where it stands on the ledger; members' state is made of these in order
    position: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    anchored_at: Mapped[datetime | None]

    @property
    def subject(self) -> str:
        """How the custody log names it."""
        return f"consortium:{self.id}"
