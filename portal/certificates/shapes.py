"""What certificates hand to pages and to other features: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from portal.certificates.numbers import Number
from portal.checks.shapes import Standing
from portal.problems import PortalError

#: How a certificate that is out stands.
IN_FORCE, CORRECTED, REVOKED = "in-force", "corrected", "revoked"
#: Kinds of documents that take a number.
CERTIFICATE, CORRECTION, REVOCATION = "certificate", "correction", "revocation"


@dataclass(frozen=True, slots=True)
class KeyView:
    """A notary's key as its page shows it. ``trouble`` is None or a sentence why it cannot sign
    now; ``days`` how long it is good for."""

    id: str
    kind: str
    label: str
    holder: str
    issuer: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    created_at: datetime
    days: int
    trouble: str | None
    own: bool

    @property
    def expires_soon(self) -> bool:
        return self.trouble is None and self.days <= 30


@dataclass(frozen=True, slots=True)
class PartyLine:
    """A party as the certificate will name it."""

    role: str
    name: str
    document: str
    number: str
    acts_for: str


@dataclass(frozen=True, slots=True)
class SubjectLine:
    """The deposit concerned. Digests are hexadecimal."""

    deposit_id: str
    number: str
    kind: str
    title: str
    sha256: str
    sm3: str | None
    size: int | None
    file_count: int | None
    gen_time: datetime
    tsa: str
    ledger: str
    position: int
    letter_sha256: str


@dataclass(frozen=True, slots=True)
class Link:
    """One of the documents that followed each other."""

    id: str
    number: str
    kind: str
    issued_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class CopyView:
    """One numbered copy; ``how`` is None while it waits to be handed over."""

    id: str
    n: int
    party_id: str
    party: str
    how: str | None
    by: str
    handed_at: datetime | None


@dataclass(frozen=True, slots=True)
class CertificateView:
    """Everything about one certificate, for those who may see it."""

    id: str
    matter_id: str
    matter_number: str
    matter_state: str
    matter_revision: int
    kind: str
    template: str
    state: str
    status: str | None
    revision: int
    testimony_zh: str
    testimony_en: str
    languages: tuple[str, ...]
    reason: str
    drafter: str
    drafted_at: datetime
    approver: str | None
    approved_at: datetime | None
    second_needed: bool
    number: Number | None
    issuer: str | None
    issued_at: datetime | None
    pdf_sha256: str | None
    deposit_id: str | None
    deposit_number: str | None
    deposit_state: str | None
    predecessor: str | None
    chain: tuple[Link, ...]
    open_successor: str | None
    parts: frozenset[str]
    own: bool
    drafted_by_me: bool

    @property
    def open(self) -> bool:
        """Whether it can still be written at."""
        return self.state in ("draft", "approved")

    @property
    def followable(self) -> bool:
        """Whether it can be corrected or revoked: the last of its row, and no revocation."""
        last = bool(self.chain) and self.chain[-1].id == self.id
        return last and self.kind != REVOCATION and self.open_successor is None


@dataclass(frozen=True, slots=True)
class VolumeLine:
    """The archive volume of a matter: "waiting" (``trouble`` may say why) or "made"."""

    state: str
    trouble: str | None
    asked_at: datetime
    made_at: datetime | None
    deposit_id: str | None
    deposit_number: str | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Exactly what will be signed, shown before it is. ``problems`` say why not; there are
    none when it can be issued. ``second_keys`` are those of the second notary who approved it."""

    certificate: CertificateView
    number: Number
    subject: SubjectLine
    parties: tuple[PartyLine, ...]
    standing: Standing | None
    keys: tuple[KeyView, ...]
    second_keys: tuple[KeyView, ...]
    problems: tuple[PortalError, ...]
    copies: int


@dataclass(frozen=True, slots=True)
class Issued:
    """``replayed``: it had been issued before, by this very press of the button or another."""

    number: Number
    certificate_id: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One line of the register; ``parties`` are masked names."""

    id: str
    number: Number
    kind: str
    template: str
    status: str
    issued_at: datetime
    matter_id: str
    matter_number: str
    parties: tuple[str, ...]
    notary: str
    subject_number: str
    deposit_number: str
    pdf_sha256: str


@dataclass(frozen=True, slots=True)
class RegisterFilter:
    """What the register is narrowed by; empty values narrow nothing. ``text`` is a number, a
    matter's or deposit's number, or part of a party's masked name."""

    text: str = ""
    notary_id: str = ""
    template: str = ""
    kind: str = ""
    status: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RegisterPage:
    """A page of the register, newest first. ``cursor`` leads on; None at the end."""

    rows: tuple[RegisterRow, ...]
    cursor: str | None
    figures: Figures


@dataclass(frozen=True, slots=True)
class Figures:
    """How many documents: ``total`` = certificates + corrections + revocations, and of
    certificates and corrections together, how they stand now."""

    certificates: int
    corrections: int
    revocations: int
    in_force: int
    corrected: int
    revoked: int
    by_template: Mapping[str, int]
    by_notary: Mapping[str, int]

    @property
    def total(self) -> int:
        return self.certificates + self.corrections + self.revocations


@dataclass(frozen=True, slots=True)
class PublicCertificate:
    """What anybody may know of a certificate. No names of parties. ``chain`` holds all documents
    of the row from the first to the last: number, kind, when issued, why."""

    number: str
    kind: str
    status: str
    issued_at: datetime
    office_zh: str
    office_en: str
    template: str
    subject_number: str
    pdf_sha256: str
    deposit_number: str
    chain: tuple[tuple[str, str, datetime, str], ...]
