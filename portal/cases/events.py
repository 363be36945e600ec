"""What a timeline is made of, and what a feature says to appear in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy import Select
from sqlalchemy.orm import Session

from portal.audit.models import AuditEntry
from portal.cases.models import Case

#: the kind of whatever is in no source's table of kinds
OTHER: Final = "other"


@dataclass(frozen=True, slots=True)
class Thing:
    """What an event is about. ``endpoint`` and ``values`` make the address of its page; no
    endpoint: the case itself."""

    label: str
    title: str = ""
    endpoint: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """What a source adds to one entry: ``stated`` is the time that evidence itself states (a
    token's, a receipt's), ``text`` what somebody wrote."""

    thing: Thing
    stated: datetime | None = None
    text: str = ""


class TimelineSource(Protocol):
    """How a feature's things appear in timelines.

    ``kinds``: kind of event (``"received"``, ``"proof"``, ``"taken"``, …) → actions of the log.
    """

    kinds: Mapping[str, frozenset[str]]

    def subjects(self, case: Case) -> Select[str]:
        """The log's subjects that belong to the case, as one column of text."""

    def say(
        self, session: Session, case: Case, entries: Sequence[AuditEntry]
    ) -> Mapping[int, Said]:
        """By number of the entry, about those that are this feature's; few queries for all."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Times are those of the log, from ``since`` to before ``until``."""

    kind: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One custody entry with what is known of it. Times are aware."""

    seq: int
    at: datetime
    kind: str
    action: str
    detail: Mapping[str, Any]
    who: str
    roles: str
    via: str
    address: str
    hash: str
    thing: Thing
    stated: datetime | None
    text: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """``after`` asks for the next page; None on the last one."""

    items: tuple[Event, ...]
    after: int | None
