"""Tables of accounts."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from flask_security import RoleMixin, UserMixin
from sqlalchemy import Column, ForeignKey, String, Table
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base

ROLES = ("depositor", "organiser", "notary", "auditor", "operator", "administrator")


def _uuid() -> str:
    return str(uuid.uuid4())


def _unique() -> str:
    return uuid.uuid4().hex


def _now() -> datetime:
    return datetime.now(UTC)


users_roles = Table(
    "users_roles",
    Base.metadata,
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("roles.id", ondelete="CASCADE"), primary_key=True),
)


class Role(Base, RoleMixin):
    """One of :data:`ROLES`; the rows come with the migration."""

    __tablename__ = "roles"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)


class User(Base, UserMixin):
    """A person with an account.

    ``fs_uniquifier`` is what the session cookie carries; changing it ends every session.
    ``confirmed_at`` is when the e-mail address was proven; nobody signs in before.
    ``identity_level`` says how the person's identity was established, as letters must.
    """

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(  # type: ignore[assignment]
        String(36), primary_key=True, default=_uuid
    )
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    password: Mapped[str | None] = mapped_column(String(255))
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True, default=_unique)
    locale: Mapped[str | None] = mapped_column(String(8))
    identity_level: Mapped[str] = mapped_column(String(24), default="self-declared")
    must_change_password: Mapped[bool] = mapped_column(default=False)
    confirmed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=_now)

    roles: Mapped[list[Role]] = relationship(  # type: ignore[assignment]
        secondary=users_roles, lazy="selectin", order_by=Role.id
    )

    def renew_uniquifier(self) -> None:
        """End every session and every link sent by mail."""
        self.fs_uniquifier = _unique()

    @property
    def role_names(self) -> frozenset[str]:
        return frozenset(role.name for role in self.roles)


class ApiKey(Base):
    """A key for programs, shown once; only the SHA-256 of its secret half is kept."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    #: the organisation it acts for, as long as ``user_id`` belongs to it; None: for its holder
    organisation_id: Mapped[str | None] = mapped_column(ForeignKey("organisations.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    secret: Mapped[str] = mapped_column(String(64))
    #: space separated: "read", "write"
    scopes: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=_now)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
