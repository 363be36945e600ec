"""Tables of certificates: notaries' keys, drafts and what was issued, numbers, copies, volumes."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


def _uuid() -> str:
    return str(uuid.uuid4())


class NotaryKey(Base):
    """What a notary signs with. ``kind``: "pkcs12" (the file as uploaded, still under its password,
    and sealed once more), "office" (made here; a PKCS#12 as well), or "pkcs11" (a token; only its
    certificate is here)."""

    __tablename__ = "notary_keys"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    notary_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: of a token: the label of token and key
    label: Mapped[str] = mapped_column(Text, default="")
    #: DER
    certificate: Mapped[bytes] = mapped_column(LargeBinary)
    #: DER certificates of the issuers, one PEM text
    chain: Mapped[str] = mapped_column(Text, default="")
    fingerprint: Mapped[str] = mapped_column(String(64))
    holder: Mapped[str] = mapped_column(Text)
    not_before: Mapped[datetime]
    not_after: Mapped[datetime]
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class CertificateState(StrEnum):
    """``draft``: the text may change. ``approved``: by the second notary or, where none is needed,
    by the first; waits for the signature. ``issued``: numbered, signed, out. ``dropped``: never
    issued."""

    DRAFT = "draft"
    APPROVED = "approved"
    ISSUED = "issued"
    DROPPED = "dropped"


class Certificate(Base):
    """One certificate, correction or revocation. A matter has at most one that is not dropped of
    kind "certificate"; corrections and revocations name the one before.

    ``number`` is ``2026-OFFICE-000123``, given in the very transaction that issues it. ``record``
    is the canonical document that was signed (RFC 8785).
    """

    __tablename__ = "certificates"
    __table_args__ = (
        UniqueConstraint("year", "office", "serial", name="uq_certificates_year_office_serial"),
        Index("ix_certificates_matter_id", "matter_id"),
        Index("ix_certificates_state_issued_at", "state", "issued_at"),
        Index("ix_certificates_pdf_sha256", "pdf_sha256"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    matter_id: Mapped[str] = mapped_column(ForeignKey("matters.id"))
    #: "certificate", "correction" or "revocation"
    kind: Mapped[str] = mapped_column(String(16))
    predecessor_id: Mapped[str | None] = mapped_column(ForeignKey("certificates.id"), unique=True)
    template: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default=CertificateState.DRAFT)
    revision: Mapped[int] = mapped_column(default=0)
    #: the testimony (公证证词), and why a correction or revocation was made
    testimony_zh: Mapped[str] = mapped_column(Text, default="")
    testimony_en: Mapped[str] = mapped_column(Text, default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    check_id: Mapped[str | None] = mapped_column(ForeignKey("notary_checks.id"))

    drafted_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    drafted_at: Mapped[datetime]
    approved_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    approved_at: Mapped[datetime | None]
    #: what was approved: the revision, so that an approval never covers a later change
    approved_revision: Mapped[int | None]

    year: Mapped[int | None]
    office: Mapped[str | None] = mapped_column(String(16))
    serial: Mapped[int | None]
    number: Mapped[str | None] = mapped_column(String(40), unique=True)
    issued_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    issued_at: Mapped[datetime | None]
    record: Mapped[str | None] = mapped_column(Text)
    pdf_key: Mapped[str | None] = mapped_column(String(200))
    pdf_sha256: Mapped[str | None] = mapped_column(String(64))
    deposit_id: Mapped[str | None] = mapped_column(ForeignKey("deposits.id"))

    @property
    def subject(self) -> str:
        """How the custody log names it."""
        return f"certificate:{self.id}"


class CertificateNumber(Base):
    """The last serial given in a year: moved on by one compare-and-swap, never back."""

    __tablename__ = "certificate_numbers"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    office: Mapped[str] = mapped_column(String(16), primary_key=True)
    last: Mapped[int]


class CertificateCopy(Base):
    """One copy for one party, and how it was handed over."""

    __tablename__ = "certificate_copies"
    __table_args__ = (
        UniqueConstraint("certificate_id", "n", name="uq_certificate_copies_certificate_id_n"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    certificate_id: Mapped[str] = mapped_column(ForeignKey("certificates.id"))
    n: Mapped[int]
    party_id: Mapped[str] = mapped_column(ForeignKey("matter_parties.id"))
    #: "download", "paper" or "post"; None: not handed over yet
    how: Mapped[str | None] = mapped_column(String(16))
    by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    handed_at: Mapped[datetime | None]


class ArchiveVolume(Base):
    """The archive volume of a matter (公证法 35): its deposit on the spine, made by the worker."""

    __tablename__ = "archive_volumes"

    matter_id: Mapped[str] = mapped_column(ForeignKey("matters.id"), primary_key=True)
    #: "waiting", "made"; ``trouble`` says why it waits
    state: Mapped[str] = mapped_column(String(16), index=True)
    trouble: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    asked_by: Mapped[str] = mapped_column(ForeignKey("users.id"))
    asked_at: Mapped[datetime]
    made_at: Mapped[datetime | None]
    deposit_id: Mapped[str | None] = mapped_column(ForeignKey("deposits.id"))
