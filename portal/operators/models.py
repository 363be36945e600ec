"""The table of health checks, so that a fault of last night can still be seen."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


class HealthCheck(Base):
    """One look at one part: ``"tsa"`` or ``"ledger:<id>"``."""

    __tablename__ = "health_checks"

    part: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    ok: Mapped[bool]
    milliseconds: Mapped[int]
    detail: Mapped[str] = mapped_column(Text)
