"""Tables behind signing in: sessions and attempts, second factors, identities."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


def _uuid() -> str:
    return str(uuid.uuid4())


def _now() -> datetime:
    return datetime.now(UTC)


class SignIn(Base):
    """One attempt to sign in; when it succeeded, also the session it began.

    ``id`` travels in the signed session cookie; a session lives while ``ended_at`` is empty and
    ``expires_at`` lies ahead. ``confirmed_at`` is when the person last proved who they are, and
    ``strong`` whether that took a second factor.
    """

    __tablename__ = "sign_ins"
    __table_args__ = (
        Index("ix_sign_ins_user_id_at", "user_id", "at"),
        Index("ix_sign_ins_at", "at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(default=_now)
    #: "password", "totp", "recovery", "passkey", "register", "confirm"
    way: Mapped[str] = mapped_column(String(16))
    ok: Mapped[bool]
    address: Mapped[str] = mapped_column(String(64), default="")
    #: what the browser says of itself, in short: "Firefox · Windows"
    browser: Mapped[str] = mapped_column(String(80), default="")
    seen_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    strong: Mapped[bool] = mapped_column(default=False)


class Authenticator(Base):
    """A person's TOTP device. ``secret`` is in force, ``pending`` awaits its first code; both are
    sealed. ``last_step`` is the time step of the last code taken: none is taken twice."""

    __tablename__ = "authenticators"

    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    pending: Mapped[bytes | None] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    since: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class Passkey(Base):
    """A WebAuthn credential. ``id`` is ours; ``credential`` is the authenticator's name for it."""

    __tablename__ = "passkeys"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    #: base64url, so that one unique index serves every database
    credential: Mapped[str] = mapped_column(String(1400), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(60))
    #: space separated, as the authenticator named them
    transports: Mapped[str] = mapped_column(String(100), default="")
    backed_up: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=_now)
    last_used_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """The digest of one recovery code; used codes stay, marked, until new ones are made."""

    __tablename__ = "recovery_codes"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=_now)
    used_at: Mapped[datetime | None]


class UsedChallenge(Base):
    """A WebAuthn challenge that was answered: an answer counts once, also when somebody who saw it
    sends it again with an old cookie."""

    __tablename__ = "used_challenges"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Identity(Base):
    """Who somebody says they are, and what a notary's office made of it.

    ``sealed`` holds every field encrypted. The masked columns are what letters print, filled when
    the document is checked; ``state``: submitted → checked | refused. ``base_level`` is the level
    before the check, which counts again when the person states something else.
    """

    __tablename__ = "identities"
    __table_args__ = (Index("ix_identities_state_submitted_at", "state", "submitted_at"),)

    user_id: Mapped[str] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(16), default="submitted")
    base_level: Mapped[str] = mapped_column(String(24), default="self-declared")
    submitted_at: Mapped[datetime] = mapped_column(default=_now)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(String(36), default="")
    #: why it was refused, for the person to read
    reason: Mapped[str] = mapped_column(String(300), default="")
    masked_name: Mapped[str] = mapped_column(String(100), default="")
    document: Mapped[str] = mapped_column(String(24), default="")
    masked_number: Mapped[str] = mapped_column(String(64), default="")
    valid_until: Mapped[date | None]
