"""Tables of matters: an application to the notary's office, and everything that belongs to it.

The custody log is a matter's timeline (``matter:<id>``); rows say how things stand now.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import BigInteger, Date, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


class MatterState(StrEnum):
    """Each is reached by one compare-and-swap.

    ``draft``: the applicant writes it. ``submitted``: the office has it and has not decided.
    ``accepted``: the clock runs (unless a pause is open). ``issued``: a certificate is out.
    ``refused``, ``withdrawn``: it ended without one. ``archived``: its volume is sealed.
    """

    DRAFT = "draft"
    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    ISSUED = "issued"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    ARCHIVED = "archived"


#: States in which the office works on it.
OPEN: Final = (MatterState.SUBMITTED, MatterState.ACCEPTED)
#: States in which nothing more is asked of anybody.
ENDED: Final = (
    MatterState.ISSUED,
    MatterState.REFUSED,
    MatterState.WITHDRAWN,
    MatterState.ARCHIVED,
)
#: Which certificate is applied for: of preserved evidence, of a captured web page, of a draw.
TEMPLATES: Final = ("preservation", "web", "draw")


def _uuid() -> str:
    return str(uuid.uuid4())


class Matter(Base):
    """One application. It concerns exactly one sealed deposit, and belongs to whom that belongs.

    ``due_on`` is the last working day by which the office decides (公证法 30), None before
    acceptance and while a pause is open. ``informed_*``: what the applicant confirmed to have read
    (公证法 27), which words these were, and when. ``revision`` counts changes of what was applied
    for, so that a check or draft holds for what it was made of.
    """

    __tablename__ = "matters"
    __table_args__ = (
        Index("ix_matters_owner_id_created_at", "owner_id", "created_at"),
        Index("ix_matters_organisation_id_created_at", "organisation_id", "created_at"),
        Index("ix_matters_state_due_on", "state", "due_on"),
        Index("ix_matters_deposit_id", "deposit_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    #: ``MA20261121-7K3M9QXT``
    number: Mapped[str] = mapped_column(String(24), unique=True)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[str | None] = mapped_column(ForeignKey("organisations.id"))
    deposit_id: Mapped[str] = mapped_column(ForeignKey("deposits.id"))
    template: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default=MatterState.DRAFT)
    revision: Mapped[int] = mapped_column(default=0)

    #: which of the usual purposes it is (what has to be handed in follows from it), and its words
    purpose_code: Mapped[str] = mapped_column(String(24), default="")
    purpose: Mapped[str] = mapped_column(Text, default="")
    #: the facts to be proved
    facts: Mapped[str] = mapped_column(Text, default="")
    #: ISO 3166-1 alpha-2 of where it will be used
    destination: Mapped[str] = mapped_column(String(2), default="CN")
    #: "zh", "en" or "zh+en"
    language: Mapped[str] = mapped_column(String(8), default="zh+en")
    copies: Mapped[int] = mapped_column(default=1)
    #: what the office says of its fee, shown to the applicant
    fee: Mapped[str] = mapped_column(Text, default="")

    #: edition and SHA-256 of the notice that was confirmed
    informed_edition: Mapped[str | None] = mapped_column(String(16))
    informed_sha256: Mapped[str | None] = mapped_column(String(64))
    informed_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    informed_at: Mapped[datetime | None]

    second_needed: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    due_on: Mapped[date | None] = mapped_column(Date)
    ended_at: Mapped[datetime | None]
    #: the enumerated reason of a refusal, or of a withdrawal, and its words
    ended_reason: Mapped[str | None] = mapped_column(String(32))
    ended_note: Mapped[str | None] = mapped_column(Text)

    @property
    def subject(self) -> str:
        """How the custody log names it."""
        return f"matter:{self.id}"


class MatterParty(Base):
    """An applicant, an agent or another interested party. Particulars are sealed for this row."""

    __tablename__ = "matter_parties"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    matter_id: Mapped[str] = mapped_column(ForeignKey("matters.id"), index=True)
    place: Mapped[int]
    #: "applicant", "agent" or "interested"
    role: Mapped[str] = mapped_column(String(16))
    #: "person" or "organisation"
    kind: Mapped[str] = mapped_column(String(16))
    masked_name: Mapped[str] = mapped_column(Text)
    #: JSON: name, document, country, number, phone, address
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    #: of an agent: for whom
    acts_for: Mapped[str | None] = mapped_column(ForeignKey("matter_parties.id"))
    #: the office compared particulars and documents
    checked_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    checked_at: Mapped[datetime | None]


class MatterMaterial(Base):
    """One line of the checklist: what is needed, and whether it is there."""

    __tablename__ = "matter_materials"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    matter_id: Mapped[str] = mapped_column(ForeignKey("matters.id"), index=True)
    party_id: Mapped[str | None] = mapped_column(ForeignKey("matter_parties.id"))
    #: "identity", "authority", "ownership", "approval", "rules", "other"
    code: Mapped[str] = mapped_column(String(16))
    #: what exactly; empty for what the rules ask of everybody
    note: Mapped[str] = mapped_column(Text, default="")
    #: "missing", "handed-in", "accepted" or "waived"
    state: Mapped[str] = mapped_column(String(16), default="missing")
    #: None: asked by the rules
    asked_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    asked_at: Mapped[datetime]
    #: who accepted or waived it, and why it was waived or sent back
    decided_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="")


class MatterDocument(Base):
    """A file handed in for a material; its content is in the vault, encrypted like all content."""

    __tablename__ = "matter_documents"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    matter_id: Mapped[str] = mapped_column(ForeignKey("matters.id"), index=True)
    material_id: Mapped[str] = mapped_column(ForeignKey("matter_materials.id"))
    filename: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(String(200))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    #: None once it was taken back
    vault_key: Mapped[str | None] = mapped_column(String(200))
    added_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    added_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class MatterMessage(Base):
    """A message within the matter; ``side`` is whose: "applicant" or "office"."""

    __tablename__ = "matter_messages"
    __table_args__ = (Index("ix_matter_messages_matter_id_at", "matter_id", "at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    matter_id: Mapped[str] = mapped_column(ForeignKey("matters.id"))
    side: Mapped[str] = mapped_column(String(16))
    author_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    #: when somebody of the other side first had it before them
    read_at: Mapped[datetime | None]


class MatterAssignment(Base):
    """Who handles it: ``part`` "first" or "second". Rows end and stay."""

    __tablename__ = "matter_assignments"
    __table_args__ = (Index("ix_matter_assignments_notary_id_ended_at", "notary_id", "ended_at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    matter_id: Mapped[str] = mapped_column(ForeignKey("matters.id"), index=True)
    notary_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    part: Mapped[str] = mapped_column(String(8))
    by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(Text, default="")


class MatterConflict(Base):
    """A notary who must keep away from a matter (公证法 23), and why."""

    __tablename__ = "matter_conflicts"

    matter_id: Mapped[str] = mapped_column(ForeignKey("matters.id"), primary_key=True)
    notary_id: Mapped[str] = mapped_column(ForeignKey("users.id"), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]


class MatterPause(Base):
    """Days that do not count (公证法 30: force majeure, supplements, verification)."""

    __tablename__ = "matter_pauses"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    matter_id: Mapped[str] = mapped_column(ForeignKey("matters.id"), index=True)
    #: "force-majeure", "supplement" or "verification"
    reason: Mapped[str] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))


class OfficeDay(Base):
    """A day on which the office's calendar differs from Monday to Friday."""

    __tablename__ = "office_days"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    working: Mapped[bool]
    note: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    at: Mapped[datetime]
