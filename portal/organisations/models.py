"""Tables of organisations, their members and invitations, and of access given to a person."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base

#: what somebody may be in an organisation, the most first
MEMBER_ROLES: Final = ("manager", "member", "reader")
#: those who make and change deposits for it
CHANGING_ROLES: Final = frozenset({"manager", "member"})


def _uuid() -> str:
    return str(uuid.uuid4())


class Organisation(Base):
    """A company, office or other body that people act for.

    ``state`` is "unverified" until a notary's clerk has seen its papers, then "verified", with
    ``verification_note`` saying what was seen. At least one of the names is given.
    """

    __tablename__ = "organisations"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    #: the unified social credit identifier of GB 32100-2015, or ""
    registration_number: Mapped[str] = mapped_column(String(18))
    state: Mapped[str] = mapped_column(String(16))
    verification_note: Mapped[str] = mapped_column(Text)
    verified_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    verified_at: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    @property
    def name(self) -> str:
        """The name it goes by where there is room for one."""
        return self.name_zh or self.name_en

    @property
    def subject(self) -> str:
        """How the custody log names it."""
        return f"organisation:{self.id}"


class Membership(Base):
    """One person in one organisation; ``role`` is one of :data:`MEMBER_ROLES`."""

    __tablename__ = "organisation_members"
    __table_args__ = (Index("ix_organisation_members_user_id", "user_id"),)

    organisation_id: Mapped[str] = mapped_column(
        ForeignKey("organisations.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    role: Mapped[str] = mapped_column(String(16))
    joined_at: Mapped[datetime]


class Invitation(Base):
    """Somebody asked to join. The link works once and until ``expires_at``; only the SHA-256 of
    its secret is kept. ``outcome`` is None while it is open, else "accepted", "declined" or
    "withdrawn"."""

    __tablename__ = "organisation_invitations"
    __table_args__ = (Index("ix_organisation_invitations_organisation_id", "organisation_id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    organisation_id: Mapped[str] = mapped_column(ForeignKey("organisations.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(16))
    secret: Mapped[str] = mapped_column(String(64), unique=True)
    invited_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(String(16))
    answered_at: Mapped[datetime | None]


class AccessGrant(Base):
    """Reading access to one deposit, given to one person until ``until`` or until revoked."""

    __tablename__ = "access_grants"
    __table_args__ = (
        Index("ix_access_grants_deposit_id", "deposit_id"),
        Index("ix_access_grants_user_id_deposit_id", "user_id", "deposit_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    deposit_id: Mapped[str] = mapped_column(ForeignKey("deposits.id", ondelete="CASCADE"))
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    granted_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    until: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
