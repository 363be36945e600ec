"""Tables of imports: a file that was read, and each of its rows."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


class ImportState(StrEnum):
    #: looked at; nothing is deposited, and it may go without a trace
    PREVIEW = "preview"
    #: confirmed; rows that are still "ready" have not been deposited yet
    RUNNING = "running"
    DONE = "done"


class RowStatus(StrEnum):
    """``READY`` and ``KNOWN`` become ``DEPOSITED`` or ``FAILED``; the others stay what they are."""

    READY = "ready"
    #: not a row that could be deposited; ``problem`` says why
    INVALID = "invalid"
    #: the digest stands in an earlier row of the same file
    DUPLICATE = "duplicate"
    #: deposited before, by the same holder
    KNOWN = "known"
    DEPOSITED = "deposited"
    #: refused when it was confirmed; ``problem`` says why
    FAILED = "failed"


def _uuid() -> str:
    return str(uuid.uuid4())


class Import(Base):
    """One file of digests. ``again``: deposit also what is deposited already."""

    __tablename__ = "imports"
    __table_args__ = (
        Index("ix_imports_owner_id_created_at_id", "owner_id", "created_at", "id"),
        Index("ix_imports_state_created_at", "state", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[str | None] = mapped_column(ForeignKey("organisations.id"))
    filename: Mapped[str] = mapped_column(Text)
    #: of the file as it was uploaded
    sha256: Mapped[str] = mapped_column(String(64))
    #: how it was read: "utf-8", "gb18030", …, and the separator
    encoding: Mapped[str] = mapped_column(String(16))
    separator: Mapped[str] = mapped_column(String(1))
    state: Mapped[str] = mapped_column(String(8), default=ImportState.PREVIEW)
    again: Mapped[bool] = mapped_column(default=False)
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"))
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]

    @property
    def subject(self) -> str:
        """How the custody log names it."""
        return f"import:{self.id}"


class ImportRow(Base):
    """One row. ``line`` is its number in the file, the heading counted. ``given`` is the digest as
    it was written, shortened; ``sha256`` is "" when that is none."""

    __tablename__ = "import_rows"
    __table_args__ = (Index("ix_import_rows_import_id_status_line", "import_id", "status", "line"),)

    import_id: Mapped[str] = mapped_column(
        ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True
    )
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    status: Mapped[str] = mapped_column(String(12))
    given: Mapped[str] = mapped_column(String(100))
    sha256: Mapped[str] = mapped_column(String(64))
    sm3: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(Text)
    filename: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    size: Mapped[int | None] = mapped_column(BigInteger)
    #: JSON list
    tags: Mapped[str] = mapped_column(Text)
    #: JSON: ``code``, ``message``, ``params``, ``field``; "" when nothing is wrong
    problem: Mapped[str] = mapped_column(Text)
    #: of a DUPLICATE the line it repeats
    repeats: Mapped[int | None]
    #: the deposit made, or the one there was already
    deposit_id: Mapped[str | None] = mapped_column(ForeignKey("deposits.id"))
