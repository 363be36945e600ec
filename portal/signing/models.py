"""The table of signing keys. A key is never changed and never forgotten: it may only be revoked."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base

#: Made in a browser, which alone has it; of a certificate somebody brought; held by the portal.
LOCAL: Final = "local"
CERTIFICATE: Final = "certificate"
PLATFORM: Final = "platform"
SCHEMES: Final = (LOCAL, CERTIFICATE, PLATFORM)


class SigningKey(Base):
    """One key of one person. ``key`` is the raw Ed25519 public key or the certificate's DER, as in
    :func:`chain_adapter.key_id_of`; ``sealed`` the private key that the portal holds, encrypted."""

    __tablename__ = "signing_keys"
    __table_args__ = (
        UniqueConstraint("user_id", "key_id", name="uq_signing_keys_user_id_key_id"),
        Index("ix_signing_keys_key_id", "key_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    scheme: Mapped[str] = mapped_column(String(16))
    key_id: Mapped[str] = mapped_column(String(80))
    key: Mapped[bytes] = mapped_column(LargeBinary)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    label: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    @property
    def subject(self) -> str:
        """How the custody log names this key."""
        return f"signing-key:{self.key_id}"
