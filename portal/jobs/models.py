"""The table in which the loops of worker processes show that they live."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


class WorkerBeat(Base):
    """One loop of one worker process, and when it last came round."""

    __tablename__ = "worker_beats"

    #: host name and process id
    worker: Mapped[str] = mapped_column(String(120), primary_key=True)
    #: ``"deposits"``, or the name of a sideline
    loop: Mapped[str] = mapped_column(String(40), primary_key=True)
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
