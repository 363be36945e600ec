"""Tables of draws: rows say what waits, and the chain of steps says what was done for ever."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


class DrawState(StrEnum):
    """Each is reached by one compare-and-swap; what happens within ``running`` is the record's
    ``phase``.

    ``draft``: everything may change. ``frozen``: the config is fixed and waits for the organiser's
    signature, until when it may be thawed. ``running``: the record has begun, and the draw is
    public. ``complete`` and ``cancelled``: the record has ended.
    """

    DRAFT = "draft"
    FROZEN = "frozen"
    RUNNING = "running"
    COMPLETE = "complete"
    CANCELLED = "cancelled"


#: States in which the public sees the draw.
PUBLIC: Final = (DrawState.RUNNING, DrawState.COMPLETE, DrawState.CANCELLED)


class ListState(StrEnum):
    """``survey`` and ``commit`` are work for the worker, ``surveyed`` waits for a person,
    ``committed`` is what can be frozen. ``failed`` says why; ``going`` is being removed."""

    SURVEY = "survey"
    SURVEYED = "surveyed"
    COMMIT = "commit"
    COMMITTED = "committed"
    FAILED = "failed"
    GOING = "going"


def _uuid() -> str:
    return str(uuid.uuid4())


class Draw(Base):
    """One draw.

    ``plan`` is the draft as JSON; ``config`` the frozen canonical document. ``phase``, ``attempt``
    and ``steps`` repeat what the chain says, for lists. ``wait_*``, ``tries`` and
    ``next_attempt_at`` say why the worker waits, and until when. ``bound_n`` is the number of the
    last step after which the whole draw was deposited.
    """

    __tablename__ = "draws"
    __table_args__ = (
        Index("ix_draws_owner_id_created_at", "owner_id", "created_at"),
        Index("ix_draws_organisation_id_created_at", "organisation_id", "created_at"),
        Index("ix_draws_state_next_attempt_at", "state", "next_attempt_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    owner_id: Mapped[str] = mapped_column(ForeignKey("users.id"))
    organisation_id: Mapped[str | None] = mapped_column(ForeignKey("organisations.id"))
    #: who began it, as JSON, so that the worker deposits in their name
    actor: Mapped[str] = mapped_column(Text)

    title_zh: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    rehearsal: Mapped[bool] = mapped_column(default=False)
    plan: Mapped[str] = mapped_column(Text)
    #: counts changes of plan, list and parties: a freeze holds for what it was made of
    revision: Mapped[int] = mapped_column(default=0)

    state: Mapped[str] = mapped_column(String(16), default=DrawState.DRAFT)
    config: Mapped[str | None] = mapped_column(Text)
    config_hash: Mapped[str | None] = mapped_column(String(64))
    phase: Mapped[str] = mapped_column(String(16), default="")
    attempt: Mapped[int] = mapped_column(default=0)
    steps: Mapped[int] = mapped_column(default=0)

    wait_reason: Mapped[str | None] = mapped_column(String(64))
    wait_detail: Mapped[str | None] = mapped_column(Text)
    tries: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]

    #: why the notary lets it go ahead although it was applied for late
    waived: Mapped[str | None] = mapped_column(Text)
    #: the deposit of the whole draw, once there is one
    deposit_id: Mapped[str | None] = mapped_column(ForeignKey("deposits.id"))
    bound_n: Mapped[int | None]

    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    draw_at: Mapped[datetime | None]
    frozen_at: Mapped[datetime | None]
    #: when the organiser signed the config
    announced_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    @property
    def subject(self) -> str:
        """How the custody log names it."""
        return f"draw:{self.id}"


class DrawParty(Base):
    """One party, at its ``place`` in the config. ``token_sha256`` is of its invitation's secret,
    until it was used. ``sealed`` is the portal's own master, for the portal's party alone."""

    __tablename__ = "draw_parties"
    __table_args__ = (
        Index("ix_draw_parties_user_id", "user_id"),
        UniqueConstraint("draw_id", "user_id", name="uq_draw_parties_draw_id_user_id"),
        UniqueConstraint("token_sha256", name="uq_draw_parties_token_sha256"),
    )

    draw_id: Mapped[str] = mapped_column(ForeignKey("draws.id"), primary_key=True)
    party: Mapped[str] = mapped_column(String(32), primary_key=True)
    place: Mapped[int]
    role: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(String(320), default="")
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    #: Ed25519 and X25519 public keys, hexadecimal
    key: Mapped[str | None] = mapped_column(String(64))
    box: Mapped[str | None] = mapped_column(String(64))
    token_sha256: Mapped[str | None] = mapped_column(String(64))
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    invited_at: Mapped[datetime | None]
    claimed_at: Mapped[datetime | None]
    joined_at: Mapped[datetime | None]


class DrawList(Base):
    """The list of entries: what came, how it is read, and what was committed to.

    ``revision`` counts uploads and choices of columns: work begun for another one is thrown away.
    ``folder`` is the committed list's, below DATA_DIR/draws/<draw>. ``keys`` are sealed.
    """

    __tablename__ = "draw_lists"
    __table_args__ = (Index("ix_draw_lists_state_next_attempt_at", "state", "next_attempt_at"),)

    draw_id: Mapped[str] = mapped_column(ForeignKey("draws.id"), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    revision: Mapped[int] = mapped_column(default=0)
    filename: Mapped[str] = mapped_column(Text)
    vault_key: Mapped[str] = mapped_column(String(200))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))

    #: JSON: the columns chosen, and what the survey found
    layout: Mapped[str | None] = mapped_column(Text)
    duplicates: Mapped[str] = mapped_column(String(8), default="refuse")
    survey: Mapped[str | None] = mapped_column(Text)
    #: JSON: the list document of the record
    document: Mapped[str | None] = mapped_column(Text)
    folder: Mapped[str | None] = mapped_column(String(200))
    keys: Mapped[bytes | None] = mapped_column(LargeBinary)

    done: Mapped[int] = mapped_column(BigInteger, default=0)
    total: Mapped[int] = mapped_column(BigInteger, default=0)
    stage: Mapped[str] = mapped_column(String(32), default="")
    #: why it failed or waits: a stable code and one English sentence
    problem_code: Mapped[str | None] = mapped_column(String(64))
    problem: Mapped[str | None] = mapped_column(Text)
    tries: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    lease: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime]


class DrawStatement(Base):
    """A signed statement that somebody handed in, durable before they were answered.

    ``about`` tells statements of one type apart (the dealer of a share). ``used_n`` is the step it
    became part of. ``extra`` is JSON that goes into the step beside it (the audit's findings).
    """

    __tablename__ = "draw_statements"
    __table_args__ = (
        UniqueConstraint(
            *("draw_id", "attempt", "party", "type", "about"), name="uq_draw_statements_draw_id"
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=_uuid)
    draw_id: Mapped[str] = mapped_column(ForeignKey("draws.id"))
    attempt: Mapped[int]
    party: Mapped[str] = mapped_column(String(32))
    type: Mapped[str] = mapped_column(String(16))
    about: Mapped[str] = mapped_column(String(32), default="")
    document: Mapped[str] = mapped_column(Text)
    signature: Mapped[str] = mapped_column(String(128))
    extra: Mapped[str | None] = mapped_column(Text)
    user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    received_at: Mapped[datetime]
    used_n: Mapped[int | None]


class DrawStep(Base):
    """One step of the record: its bytes, never changed, and its deposit. The primary key makes a
    fork impossible: whoever writes number ``n`` first has written it for everybody."""

    __tablename__ = "draw_steps"
    __table_args__ = (UniqueConstraint("deposit_id", name="uq_draw_steps_deposit_id"),)

    draw_id: Mapped[str] = mapped_column(ForeignKey("draws.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    attempt: Mapped[int]
    type: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    deposit_id: Mapped[str] = mapped_column(ForeignKey("deposits.id"))
    at: Mapped[datetime]


class DrawBeacon(Base):
    """The beacon of one attempt, verified, before it becomes a step. ``source`` is the address it
    came from, or ``file``."""

    __tablename__ = "draw_beacons"

    draw_id: Mapped[str] = mapped_column(ForeignKey("draws.id"), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    round: Mapped[int] = mapped_column(BigInteger)
    signature: Mapped[str] = mapped_column(String(192))
    randomness: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime]


class DrawSnapshot(Base):
    """What everybody's screen shows of a public draw, made when something changed. ``seen`` is what
    it was made of, to tell whether there is anything new."""

    __tablename__ = "draw_snapshots"

    draw_id: Mapped[str] = mapped_column(ForeignKey("draws.id"), primary_key=True)
    body: Mapped[str] = mapped_column(Text)
    etag: Mapped[str] = mapped_column(String(64))
    seen: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime]
