"""The table of announcements. Nothing is changed once it was shown; it is withdrawn instead."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


class Level(StrEnum):
    INFO = "info"
    WARNING = "warning"
    DANGER = "danger"


class Audience(StrEnum):
    EVERYBODY = "everybody"
    SIGNED_IN = "signed-in"


def _uuid() -> str:
    return str(uuid.uuid4())


class Announcement(Base):
    """Shown from ``starts_at`` until ``ends_at`` (None: until it is withdrawn)."""

    __tablename__ = "announcements"
    __table_args__ = (Index("ix_announcements_starts_at", "starts_at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    text_zh: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(String(16))
    audience: Mapped[str] = mapped_column(String(16))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    author_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    author_name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
