"""The table of deposits: the row is the state, and the only outbox there is."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base

#: The kind of ledger entry a deposit makes; with the deposit's id it is the idempotency key.
ENTRY_KIND: Final = "deposit"
_OWN: Final = "organisation_id IS NULL"
_SHARED: Final = "organisation_id IS NOT NULL"
_IN_CASE: Final = "case_id IS NOT NULL"
_LETTER: Final = "letter_sha256 IS NOT NULL"
_SIGNED: Final = "signed_by IS NOT NULL"
#: what retention looks for
KEEPING: Final = "erased_at IS NULL AND kind <> 'digest'"


def _where(condition: str) -> dict[str, Any]:
    """Options of a partial index, for either database."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class State(StrEnum):
    """Each state is reached from the one before it, by one compare-and-swap."""

    RECEIVED = "received"
    TIMESTAMPED = "timestamped"
    ANCHORED = "anchored"
    ISSUED = "issued"


class Deposit(Base):
    """One deposit.

    What was received (down to ``hashed_at``) never changes. ``wait_*``, ``awaited``, ``attempts``
    and ``next_attempt_at`` say why it waits, for whom and until when; ``lease`` names the worker
    that has it in hand until ``lease_until``. The rest is filled step by step and then never
    changes either, but for ``further``, where the other ledgers stand (``follow_at``: ask them
    next).
    """

    __tablename__ = "deposits"
    __table_args__ = (
        UniqueConstraint(
            "owner_id", "idempotency_key", name="uq_deposits_owner_id_idempotency_key"
        ),
        # Each deposit stands in one of these two: its owner's list, or its organisation's.
        Index("ix_deposits_own", "owner_id", "received_at", "id", **_where(_OWN)),
        Index("ix_deposits_shared", "organisation_id", "received_at", "id", **_where(_SHARED)),
        Index("ix_deposits_case", "case_id", "received_at", "id", **_where(_IN_CASE)),
        Index("ix_deposits_keeping", "issued_at", **_where(KEEPING)),
        # Workers take what somebody waits for before what came by the thousand.
        Index("ix_deposits_due", "state", "letter_on_demand", "next_attempt_at"),
        Index("ix_deposits_sha256", "sha256"),
        Index("ix_deposits_letter_sha256", "letter_sha256", **_where(_LETTER)),
        Index("ix_deposits_follow_at", "follow_at"),
        Index("ix_deposits_lease", "lease"),
        Index("ix_deposits_signed_by", "signed_by", "received_at", **_where(_SIGNED)),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    number: Mapped[str] = mapped_column(String(24), unique=True)
    code: Mapped[str] = mapped_column(String(8), unique=True)
    #: who made it; the owner, unless it was made for an organisation
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[str | None] = mapped_column(ForeignKey("organisations.id"))
    #: the case it was put into; no part of what was received, so it may change
    case_id: Mapped[str | None] = mapped_column(ForeignKey("cases.id"))
    #: "file": the bytes are in the vault; "digest": they stayed with the depositor; "folder": the
    #: vault has the canonical list of the files (timestamping.filelist), and the digests are its;
    #: "capture": as a folder, and the list is the manifest of a session at a desktop; "draw": just
    #: so, and the list is the manifest of a draw's record
    kind: Mapped[str] = mapped_column(String(8))
    idempotency_key: Mapped[str | None] = mapped_column(String(128))
    #: SHA-256 of what the request asked for, to tell a repetition from another request; empty
    #: without an idempotency key, as nothing repeats it then
    fingerprint: Mapped[str] = mapped_column(String(64))

    title: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text)
    #: as given, never used as a path
    filename: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(String(200))
    #: of a folder: of all its files together
    size: Mapped[int | None] = mapped_column(BigInteger)
    #: of a folder: how many files, and whether the portal received every one of them
    file_count: Mapped[int | None]
    files_seen: Mapped[bool | None]
    sha256: Mapped[str] = mapped_column(String(64))
    sm3: Mapped[str | None] = mapped_column(String(64))
    vault_key: Mapped[str | None] = mapped_column(String(200))
    #: RFC 8785 text and salt (32 bytes): what the ledger entry's ``meta`` commits to
    record: Mapped[str] = mapped_column(Text)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    #: the depositor's signature of the :class:`chain_adapter.Transaction`, if there is one: key id,
    #: whose key it is (:data:`portal.signing.models.SCHEMES`), the key, the signature's value
    signed_by: Mapped[str | None] = mapped_column(String(80))
    signed_scheme: Mapped[str | None] = mapped_column(String(16))
    signed_with: Mapped[bytes | None] = mapped_column(LargeBinary)
    signed_value: Mapped[bytes | None] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]
    hashed_at: Mapped[datetime]

    #: one of thousands: issued without a letter, which is made when it is first asked for
    letter_on_demand: Mapped[bool] = mapped_column(default=False, server_default=false())

    state: Mapped[str] = mapped_column(String(16), default=State.RECEIVED)
    wait_reason: Mapped[str | None] = mapped_column(String(64))
    wait_detail: Mapped[str | None] = mapped_column(Text)
    #: names of those who are waited for (nodes of a ledger, further ledgers), space between
    awaited: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    lease: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]

    #: DER of the token; ``stamps`` is JSON: who made it, and the co-stamps
    token: Mapped[bytes | None] = mapped_column(LargeBinary)
    stamps: Mapped[str | None] = mapped_column(Text)
    gen_time: Mapped[datetime | None]
    entry: Mapped[bytes | None] = mapped_column(LargeBinary)
    #: JSON: ledger id → receipt, the primary ledger's first
    receipts: Mapped[str | None] = mapped_column(Text)
    proof: Mapped[str | None] = mapped_column(Text)
    #: JSON: id of a further ledger → how far it is (portal.deposits.further), final ones first
    further: Mapped[str | None] = mapped_column(Text)
    anchored_at: Mapped[datetime | None]
    follow_at: Mapped[datetime | None]
    letter_key: Mapped[str | None] = mapped_column(String(200))
    letter_sha256: Mapped[str | None] = mapped_column(String(64))
    issued_at: Mapped[datetime | None]

    #: when the content was erased, and on whose wish: "owner", "manager" or "retention"
    erased_at: Mapped[datetime | None]
    erased_for: Mapped[str | None] = mapped_column(String(16))

    @property
    def has_letter(self) -> bool:
        """Whether there is a letter to be had: kept already, or made when it is asked for."""
        issued = self.letter_on_demand and self.state == State.ISSUED
        return issued or self.letter_key is not None

    @property
    def subject(self) -> str:
        """How the custody log names this deposit."""
        return f"deposit:{self.id}"


class DepositFile(Base):
    """One file of a folder deposit, at its place in the canonical list; never changes, but that
    ``vault_key`` goes when the content is erased. None from the start: the file stayed with its
    owner."""

    __tablename__ = "deposit_files"
    __table_args__ = (Index("ix_deposit_files_sha256", "sha256"),)

    deposit_id: Mapped[str] = mapped_column(ForeignKey("deposits.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    path: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    sm3: Mapped[str | None] = mapped_column(String(64))
    vault_key: Mapped[str | None] = mapped_column(String(200))
