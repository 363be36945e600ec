"""What a person did, and what happened to their things: their own part of the custody log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.export import as_lines, as_table, row_of
from portal.audit.models import AuditEntry
from portal.audit.service import head, record
from portal.database import Database
from portal.privacy.models import AuditAbout

Form = Literal["csv", "jsonl"]
#: code of a filter → the beginnings of the actions it lets through; "" is everything
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "account": ("account.",),
    "deposit": ("deposit.", "upload.", "case.", "import."),
    "matter": ("matter.", "certificate.", "check."),
    "export": (),
    "sharing": ("access.", "organisation."),
    "erasure": ("erasure.", "hold."),
}
_EXPORTS: Final = "exported"
_CHUNK: Final = 1000
#: Clocks of several processes differ a little, so numbers follow times only about.
_SLACK: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """``kind`` is a key of :data:`KINDS` or empty; times from ``since`` to before ``until``."""

    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None


class Activity:
    """Reads; who manages an organisation and acts for it reads what is the organisation's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(
        self, actor: Actor, asked: Asked, before: int | None = None, size: int = 50
    ) -> list[AuditEntry]:
        """The latest entries with numbers below ``before``, newest first."""
        with self._database.reading() as session:
            return _page(session, actor, asked, before, size)

    def export(self, actor: Actor, asked: Asked, form: Form) -> Iterator[bytes]:
        """The same as a file, its taking away included; recorded before the first piece."""
        with self._database.transaction() as session:
            detail: dict[str, str | int] = {"form": form}
            record(session, actor, "activity.exported", f"user:{actor.id}", detail)
        return self.pieces(actor, asked, form)

    def entries(self, actor: Actor, asked: Asked) -> Iterator[Mapping[str, Any]]:
        """All of them, newest first, by column name."""
        before: int | None = None
        while True:
            with self._database.reading() as session:
                page = _page(session, actor, asked, before, _CHUNK)
            yield from map(row_of, page)
            if len(page) < _CHUNK:
                return
            before = page[-1].seq

    def pieces(self, actor: Actor, asked: Asked, form: Form) -> Iterator[bytes]:
        """The file alone, for whoever has recorded its taking away."""
        entries = self.entries(actor, asked)
        if form == "csv":
            return as_table(entries)
        with self._database.reading() as session:
            end = head(session)
        return as_lines(end, entries, (), whole=False)


def _page(
    session: Session, actor: Actor, asked: Asked, before: int | None, size: int
) -> list[AuditEntry]:
    """Each source is ordered by an index of its own; the newest of all of them together."""
    limits = _limits(session, asked, before)
    found: dict[int, AuditEntry] = {}
    for source in _sources(actor):
        query = source.where(*limits).order_by(AuditEntry.seq.desc()).limit(size)
        found.update({entry.seq: entry for entry in session.scalars(query)})
    return [found[seq] for seq in sorted(found, reverse=True)[:size]]


def _sources(actor: Actor) -> list[Select[AuditEntry]]:
    everything = select(AuditEntry)
    if actor.organisation and actor.organisation_role == "manager":
        subject, owner = f"organisation:{actor.organisation}", actor.organisation
        sources = []
    else:
        subject, owner = f"user:{actor.id}", actor.id
        sources = [everything.where(AuditEntry.actor_id == actor.id)]
    about = everything.join(AuditAbout, AuditAbout.seq == AuditEntry.seq)
    return [
        *sources,
        everything.where(AuditEntry.subject == subject),
        about.where(AuditAbout.owner == owner),
    ]


def _limits(session: Session, asked: Asked, before: int | None) -> list[ColumnElement[bool]]:
    limits: list[ColumnElement[bool]] = []
    if asked.since is not None:
        first = _number_at(session, asked.since - _SLACK)
        limits += [AuditEntry.seq >= first, AuditEntry.at >= asked.since]
    if asked.until is not None:
        last = _number_at(session, asked.until + _SLACK)
        limits += [AuditEntry.seq <= last, AuditEntry.at < asked.until]
    if before is not None:
        limits.append(AuditEntry.seq < before)
    if asked.kind in KINDS:
        named = [AuditEntry.action.startswith(each) for each in KINDS[asked.kind]]
        limits.append(or_(*named) if named else AuditEntry.action.endswith(_EXPORTS))
    return limits


def _number_at(session: Session, moment: datetime) -> int:
    """About the number of the first entry not before ``moment``: there is no index over times, but
    numbers follow them, so halving the log twenty times finds it in millions."""
    low, high = 1, head(session).size + 1
    while low < high:
        middle = (low + high) // 2
        at = session.scalar(select(AuditEntry.at).where(AuditEntry.seq == middle))
        if at is not None and at < moment:
            low = middle + 1
        else:
            high = middle
    return low
