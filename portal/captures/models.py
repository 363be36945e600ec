"""Tables of captures: the row is the state, and what drives it reads nothing else."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


class CaptureState(StrEnum):
    """Each is reached from one before it, by one compare-and-swap; the last three are final.

    ``finishing``: the desktop closes its recording, then its files move into the vault. ``review``:
    all of it is in the vault and nothing is deposited yet. A row that is ``discarded`` goes as soon
    as nothing of the session is left anywhere.
    """

    QUEUED = "queued"
    STARTING = "starting"
    LIVE = "live"
    FINISHING = "finishing"
    REVIEW = "review"
    SEALED = "sealed"
    DISCARDED = "discarded"
    FAILED = "failed"


#: States in which a desktop is held or wanted, and those in which nothing moves any more.
OPEN: Final = (CaptureState.QUEUED, CaptureState.STARTING, CaptureState.LIVE)
RUNNING: Final = (CaptureState.STARTING, CaptureState.LIVE, CaptureState.FINISHING)
ENDED: Final = (CaptureState.SEALED, CaptureState.DISCARDED, CaptureState.FAILED)


class ScheduleState(StrEnum):
    ACTIVE = "active"
    #: its last time has come
    DONE = "done"
    #: somebody stopped it
    STOPPED = "stopped"


def _uuid() -> str:
    return str(uuid.uuid4())


class Capture(Base):
    """One session at a desktop, wished for, running, or over.

    ``ended_by`` says what ended a running session: ``person``, ``operator``, ``idle``, ``limit`` or
    ``itself``. ``host`` names the desktop host, once there is one. ``cleared``: the host holds
    nothing of the session any more, and the vault nothing that was discarded. ``actor`` is who
    asked, as JSON, so that what is done later is done in their name.
    """

    __tablename__ = "captures"
    __table_args__ = (
        Index("ix_captures_owner_id_created_at", "owner_id", "created_at"),
        Index("ix_captures_organisation_id_created_at", "organisation_id", "created_at"),
        Index("ix_captures_state_created_at", "state", "created_at"),
        Index("ix_captures_cleared", "cleared"),
        UniqueConstraint("deposit_id", name="uq_captures_deposit_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[str | None] = mapped_column(ForeignKey("organisations.id"))
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"))
    schedule_id: Mapped[str | None] = mapped_column(ForeignKey("capture_schedules.id"))
    actor: Mapped[str] = mapped_column(Text)

    #: what was asked for
    title: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    start_url: Mapped[str] = mapped_column(Text)
    #: JSON list; with any of them nobody sits at the desktop
    urls: Mapped[str] = mapped_column(Text, default="[]")
    width: Mapped[int]
    height: Mapped[int]
    language: Mapped[str] = mapped_column(String(8))
    keyboard: Mapped[str] = mapped_column(String(8))
    #: deposited as soon as it is complete, without a person's review
    seal_itself: Mapped[bool] = mapped_column(default=False)

    state: Mapped[str] = mapped_column(String(16), default=CaptureState.QUEUED)
    host: Mapped[str | None] = mapped_column(String(200))
    ended_by: Mapped[str | None] = mapped_column(String(16))
    wait_detail: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]

    #: the chain's head that was time-stamped last, and when
    stamped_head: Mapped[str] = mapped_column(String(64), default="")
    stamped_at: Mapped[datetime | None]

    #: how it ended: ``complete``, ``interrupted`` or ``failed``; why, in one English sentence
    terminal: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text, default="")
    #: JSON: the last observation's figures, for lists
    figures: Mapped[str] = mapped_column(Text, default="{}")
    #: the manifest in the vault, its SHA-256 (the fingerprint) and SM3; bytes of all files
    manifest_key: Mapped[str | None] = mapped_column(String(200))
    sha256: Mapped[str | None] = mapped_column(String(64))
    sm3: Mapped[str | None] = mapped_column(String(64))
    file_count: Mapped[int | None]
    size: Mapped[int | None] = mapped_column(BigInteger)
    deposit_id: Mapped[str | None] = mapped_column(ForeignKey("deposits.id"))
    cleared: Mapped[bool] = mapped_column(default=True)

    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    live_at: Mapped[datetime | None]
    #: when the recording was to end
    finished_at: Mapped[datetime | None]
    #: when everything was in the vault
    ready_at: Mapped[datetime | None]
    #: when it was sealed, discarded or given up
    ended_at: Mapped[datetime | None]

    @property
    def session(self) -> str:
        """How desktops name it: 32 hexadecimal digits."""
        return self.id.replace("-", "")

    @property
    def subject(self) -> str:
        """How the custody log names it."""
        return f"capture:{self.id}"

    @property
    def addresses(self) -> tuple[str, ...]:
        """Those visited without a person at the desktop."""
        return tuple(json.loads(self.urls))

    @property
    def unattended(self) -> bool:
        return self.urls != "[]"


class CaptureFile(Base):
    """One file of a capture's evidence that is durably in the vault; ``position`` is its place in
    the manifest. Once sealed, these rows are the deposit's."""

    __tablename__ = "capture_files"

    capture_id: Mapped[str] = mapped_column(ForeignKey("captures.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    path: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    sm3: Mapped[str | None] = mapped_column(String(64))
    vault_key: Mapped[str] = mapped_column(String(200))


class CaptureSchedule(Base):
    """Addresses to be captured later or again and again. ``every`` is ``once``, ``hour``, ``day``,
    ``week`` or ``month``; ``next_at`` is empty when it is over. ``made`` counts the captures."""

    __tablename__ = "capture_schedules"
    __table_args__ = (
        Index("ix_capture_schedules_owner_id_created_at", "owner_id", "created_at"),
        Index("ix_capture_schedules_state_next_at", "state", "next_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[str | None] = mapped_column(ForeignKey("organisations.id"))
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"))
    actor: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    urls: Mapped[str] = mapped_column(Text)
    width: Mapped[int]
    height: Mapped[int]
    language: Mapped[str] = mapped_column(String(8))
    keyboard: Mapped[str] = mapped_column(String(8))
    seal_itself: Mapped[bool] = mapped_column(default=True)
    every: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(8), default=ScheduleState.ACTIVE)
    first_at: Mapped[datetime]
    next_at: Mapped[datetime | None]
    until: Mapped[datetime | None]
    made: Mapped[int] = mapped_column(default=0)
    #: why the last time made no capture, in one English sentence
    problem: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]

    @property
    def subject(self) -> str:
        """How the custody log names it."""
        return f"capture-schedule:{self.id}"

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(json.loads(self.urls))
