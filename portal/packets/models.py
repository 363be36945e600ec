"""Tables of packets: how each content was cut, and where each packet is."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


class PacketState(StrEnum):
    """``WAITING`` to be sent (again); ``KEPT`` by its node, as far as that node said."""

    WAITING = "waiting"
    KEPT = "kept"


class PacketSet(Base):
    """How the content of one deposit was cut; never changes, but that ``keys`` goes when the
    content is erased: then no packet anywhere can be read again.

    ``asked_*``: an operator wants to know whether the packets give the content back; ``tried_*``:
    what came of that the last time.
    """

    __tablename__ = "packet_sets"
    __table_args__ = (Index("ix_packet_sets_asked_at", "asked_at"),)

    deposit_id: Mapped[str] = mapped_column(ForeignKey("deposits.id"), primary_key=True)
    #: RFC 8785 text of the plan (chain_adapter.packets.PacketPlan)
    plan: Mapped[str] = mapped_column(Text)
    #: what the ledger's entry names as ``data``, hexadecimal
    root: Mapped[str] = mapped_column(String(64), unique=True)
    need: Mapped[int]
    count: Mapped[int]
    #: of the content, in bytes
    size: Mapped[int] = mapped_column(BigInteger)
    #: content key and, if packets were encrypted once more, the other one; sealed for this place
    keys: Mapped[bytes | None] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    asked_at: Mapped[datetime | None]
    asked_by: Mapped[str | None] = mapped_column(String(36))
    #: "whole", "restored" (into the vault), "short" or "trouble"
    tried_outcome: Mapped[str | None] = mapped_column(String(16))
    tried_at: Mapped[datetime | None]
    #: JSON: which packets came from where, which were used, what was found
    tried_report: Mapped[str | None] = mapped_column(Text)


class PacketRow(Base):
    """One packet and the node it is for."""

    __tablename__ = "packets"
    __table_args__ = (Index("ix_packets_state_next_attempt_at", "state", "next_attempt_at"),)

    deposit_id: Mapped[str] = mapped_column(ForeignKey("packet_sets.deposit_id"), primary_key=True)
    #: from 1
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    node: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    #: why it is not there yet, one sentence
    detail: Mapped[str | None] = mapped_column(Text)
    kept_at: Mapped[datetime | None]
