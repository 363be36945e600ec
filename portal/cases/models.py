"""Tables of cases, what is noted in them, and the tags of deposits.

A deposit's case stands in ``deposits.case_id``. Case and tags put things in order; nothing of them
is committed to on a ledger, so unlike a deposit's title they may change at any time.
"""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base

#: characters of a tag, and of its folded form: folding a letter's case may make three of it
MAX_TAG: Final = 40
MAX_FOLDED: Final = 3 * MAX_TAG
_OWN: Final = text("organisation_id IS NULL")
_SHARED: Final = text("organisation_id IS NOT NULL")


class CaseState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


def _uuid() -> str:
    return str(uuid.uuid4())


class Case(Base):
    """One matter. It belongs to its owner or, when made for an organisation, to that one.

    ``state`` is one of :class:`CaseState`; ``closed_at`` is when it was last closed.
    """

    __tablename__ = "cases"
    __table_args__ = (
        # Each case stands in one of these two: its owner's list, or its organisation's.
        Index(
            "ix_cases_own",
            "owner_id",
            "created_at",
            "id",
            sqlite_where=_OWN,
            postgresql_where=_OWN,
        ),
        Index(
            "ix_cases_shared",
            "organisation_id",
            "created_at",
            "id",
            sqlite_where=_SHARED,
            postgresql_where=_SHARED,
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[str | None] = mapped_column(ForeignKey("organisations.id"))
    title: Mapped[str] = mapped_column(String(200))
    #: the number it has in the owner's own files or at court, or ""
    reference: Mapped[str] = mapped_column(String(100))
    note: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), default=CaseState.OPEN)
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    @property
    def subject(self) -> str:
        """How the custody log names it."""
        return f"case:{self.id}"

    @property
    def name(self) -> str:
        """Reference and title, where there is room for one line."""
        return f"{self.reference} · {self.title}" if self.reference else self.title


class CaseNote(Base):
    """Something noted in a case at a moment. Notes are added, never changed; the custody log holds
    who wrote one and when, this table what it says."""

    __tablename__ = "case_notes"
    __table_args__ = (Index("ix_case_notes_case_id", "case_id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.id"))
    author_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class DepositTag(Base):
    """One tag of one deposit: as it was written, and folded, by which it is found."""

    __tablename__ = "deposit_tags"
    __table_args__ = (Index("ix_deposit_tags_folded_deposit_id", "folded", "deposit_id"),)

    # No cascade: deposits are never deleted, and a copied table must not take its tags along.
    deposit_id: Mapped[str] = mapped_column(ForeignKey("deposits.id"), primary_key=True)
    folded: Mapped[str] = mapped_column(String(MAX_FOLDED), primary_key=True)
    tag: Mapped[str] = mapped_column(String(MAX_TAG))


class KnownTag(Base):
    """A tag that a holder (a person's or an organisation's id) has used; what is suggested."""

    __tablename__ = "known_tags"
    __table_args__ = (Index("ix_known_tags_holder_used_at", "holder", "used_at"),)

    holder: Mapped[str] = mapped_column(String(36), primary_key=True)
    folded: Mapped[str] = mapped_column(String(MAX_FOLDED), primary_key=True)
    tag: Mapped[str] = mapped_column(String(MAX_TAG))
    used_at: Mapped[datetime]
