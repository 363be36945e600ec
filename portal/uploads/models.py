"""Tables of what waits to be confirmed. Nothing in here is evidence yet, and all of it may go."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


class DraftState(StrEnum):
    """``open`` → ``confirmed``, or ``open`` → ``going`` → no row at all."""

    OPEN = "open"
    GOING = "going"
    CONFIRMED = "confirmed"


class UploadDraft(Base):
    """What one person is about to deposit.

    ``revision`` counts files added and removed: a confirmation holds for the files it was shown.
    ``list_key`` names the file list that a confirmation put, or was about to put, into the vault.
    ``deposits`` is the answer of a confirmation, kept for whoever asks again: ids, as JSON.
    """

    __tablename__ = "upload_drafts"
    __table_args__ = (
        Index("ix_upload_drafts_owner_id_state", "owner_id", "state"),
        Index("ix_upload_drafts_touched_at", "touched_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    state: Mapped[str] = mapped_column(String(16), default=DraftState.OPEN)
    revision: Mapped[int] = mapped_column(default=0)
    files: Mapped[int] = mapped_column(default=0)
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    title: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    #: "each" or "list"; empty while nobody has chosen
    grouping: Mapped[str] = mapped_column(String(8), default="")
    list_key: Mapped[str | None] = mapped_column(String(200))
    deposits: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    touched_at: Mapped[datetime]


class Upload(Base):
    """One file of a draft, or the digests of one that stays with its owner (``stays``).

    ``offset`` bytes are durably kept in pieces; ``vault_key``, ``sha256`` and ``sm3`` are there
    once all have come. ``claim`` names what a request is writing just now: the piece goes to
    ``upload/<id>/<claim>``, so that whoever comes later finds what a killed process left there.
    ``claimed_*`` are the browser's digests, which must be the same.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        UniqueConstraint("draft_id", "path_sha256", name="uq_uploads_draft_id_path_sha256"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    draft_id: Mapped[str] = mapped_column(ForeignKey("upload_drafts.id"))
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    #: as given: "contract.pdf", or "folder/sub/contract.pdf"
    path: Mapped[str] = mapped_column(Text)
    path_sha256: Mapped[str] = mapped_column(String(64))
    media_type: Mapped[str] = mapped_column(String(200))
    #: when the file was changed last, as the browser says, in milliseconds; tells files apart
    modified: Mapped[int] = mapped_column(BigInteger)
    length: Mapped[int] = mapped_column(BigInteger)
    offset: Mapped[int] = mapped_column(BigInteger, default=0)
    stays: Mapped[bool] = mapped_column(default=False)
    #: it is being removed: its content goes first, then this row
    gone: Mapped[bool] = mapped_column(default=False)
    claim: Mapped[str | None] = mapped_column(String(32))
    claim_until: Mapped[datetime | None]
    vault_key: Mapped[str | None] = mapped_column(String(200))
    sha256: Mapped[str | None] = mapped_column(String(64))
    sm3: Mapped[str | None] = mapped_column(String(64))
    claimed_sha256: Mapped[str | None] = mapped_column(String(64))
    claimed_sm3: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime]

    @property
    def complete(self) -> bool:
        """Whether every byte has come (or need not) and the digests are known."""
        return self.sha256 is not None

    @property
    def ready(self) -> bool:
        """Whether it may be deposited: complete, and the browser computed the same digests."""
        return self.complete and self.claimed_sha256 is not None and not self.differs

    @property
    def differs(self) -> bool:
        """Whether the browser computed another digest than the portal."""
        pairs = ((self.claimed_sha256, self.sha256), (self.claimed_sm3, self.sm3))
        return any(None not in pair and pair[0] != pair[1] for pair in pairs)


class UploadPiece(Base):
    """A part of an upload that is not complete yet, encrypted under a key of its own."""

    __tablename__ = "upload_pieces"

    upload_id: Mapped[str] = mapped_column(ForeignKey("uploads.id"), primary_key=True)
    offset: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    size: Mapped[int] = mapped_column(BigInteger)
    vault_key: Mapped[str] = mapped_column(String(200))
