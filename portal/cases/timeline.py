"""One timeline across everything in a case, read from the custody log.

Every act that concerns a case is a custody entry, about the case itself or about a thing in it: a
deposit now, captures, draws and certificates when there are such. So a timeline needs no table of
its own. A feature takes part by a :class:`~portal.cases.events.TimelineSource`, which says which
subjects of the log belong to a case and what to call them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, func, select, union_all
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.models import AuditEntry, AuditHead
from portal.audit.service import Head
from portal.cases import access
from portal.cases.events import OTHER, Event, EventFilter, EventPage, Said, Thing, TimelineSource
from portal.cases.models import Case
from portal.cases.sources import CaseSource, DepositSource
from portal.deposits.tools import Tools

_MAX_PAGE: Final = 500
#: entries that the picture counts
MOST_PICTURED: Final = 5_000


class Timeline:
    """The events of cases. Every method checks that the actor may read the case."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._sources: list[TimelineSource] = [CaseSource(), DepositSource()]

    def add(self, source: TimelineSource) -> None:
        """Let a feature's things appear; called once when the portal is put together."""
        self._sources.append(source)

    @property
    def kinds(self) -> tuple[str, ...]:
        """All kinds of event there can be, in the sources' order."""
        return (*dict.fromkeys(kind for each in self._sources for kind in each.kinds), OTHER)

    def page(
        self,
        actor: Actor,
        case_id: str,
        wanted: EventFilter,
        after: int | None = None,
        size: int = 50,
        newest_first: bool = True,
    ) -> EventPage:
        """One page of events; ``after`` is the last number already seen."""
        size = max(1, min(size, _MAX_PAGE))
        with self._tools.database.reading() as session:
            case = access.readable(session, actor, case_id)
            query = self._entries(case, wanted)
            # The sum keeps SQLite and PostgreSQL from walking the whole log by its key.
            order = AuditEntry.seq + 0
            if after is not None:
                query = query.where(order < after if newest_first else order > after)
            query = query.order_by(order.desc() if newest_first else order).limit(size + 1)
            entries = session.scalars(query).all()
            events = tuple(self._events(session, case, entries[:size]))
        return EventPage(events, events[-1].seq if len(entries) > size else None)

    def count(self, actor: Actor, case_id: str, wanted: EventFilter) -> int:
        with self._tools.database.reading() as session:
            case = access.readable(session, actor, case_id)
            query = self._entries(case, wanted).with_only_columns(func.count(AuditEntry.seq))
            return int(session.scalar(query) or 0)

    def moments(
        self, actor: Actor, case_id: str, wanted: EventFilter
    ) -> list[tuple[datetime, str]]:
        """Time and kind of the latest :data:`MOST_PICTURED` events, for pictures."""
        kinds = self._kind_of()
        with self._tools.database.reading() as session:
            case = access.readable(session, actor, case_id)
            query = self._entries(case, wanted).with_only_columns(AuditEntry.at, AuditEntry.action)
            query = query.order_by((AuditEntry.seq + 0).desc()).limit(MOST_PICTURED)
            return [(at, kinds.get(action, OTHER)) for at, action in session.execute(query)]

    def everything(
        self, actor: Actor, case_id: str, wanted: EventFilter, limit: int
    ) -> tuple[list[Event], Head]:
        """All events, oldest first, at most ``limit``, and where the log ended at that moment."""
        with self._tools.database.reading() as session:
            case = access.readable(session, actor, case_id)
            row = session.execute(select(AuditHead.size, AuditHead.hash)).one()
            query = self._entries(case, wanted).where(AuditEntry.seq <= row.size)
            query = query.order_by(AuditEntry.seq + 0).limit(limit)
            entries = session.scalars(query).all()
            events: list[Event] = []
            for start in range(0, len(entries), _MAX_PAGE):
                events += self._events(session, case, entries[start : start + _MAX_PAGE])
        return events, Head(row.size, row.hash)

    def _entries(self, case: Case, wanted: EventFilter) -> Select[AuditEntry]:
        subjects = union_all(*(each.subjects(case) for each in self._sources))
        query = select(AuditEntry).where(
            AuditEntry.subject.in_(subjects), AuditEntry.action.not_in(self._doubled())
        )
        if wanted.kind:
            query = query.where(self._of_kind(wanted.kind))
        if wanted.subject:
            query = query.where(AuditEntry.subject == wanted.subject)
        if wanted.since is not None:
            query = query.where(AuditEntry.at >= wanted.since)
        if wanted.until is not None:
            query = query.where(AuditEntry.at < wanted.until)
        return query

    def _of_kind(self, kind: str) -> Any:
        kinds = self._kind_of()
        if kind == OTHER:
            return AuditEntry.action.not_in(sorted(kinds))
        return AuditEntry.action.in_(sorted(each for each, its in kinds.items() if its == kind))

    def _kind_of(self) -> dict[str, str]:
        """Action → kind."""
        return {
            action: kind
            for source in self._sources
            for kind, actions in source.kinds.items()
            for action in actions
        }

    @staticmethod
    def _doubled() -> tuple[str, ...]:
        """A deposit's move is told by the entry about the case, once for all that moved."""
        return ("deposit.case_changed",)

    def _events(
        self, session: Session, case: Case, entries: Sequence[AuditEntry]
    ) -> Iterator[Event]:
        said: dict[int, Said] = {}
        for source in self._sources:
            said.update(source.say(session, case, entries))
        kinds = self._kind_of()
        for entry in entries:
            yield _event(entry, kinds, said.get(entry.seq, Said(Thing(case.name))))


def _event(entry: AuditEntry, kinds: Mapping[str, str], said: Said) -> Event:
    return Event(
        seq=entry.seq,
        at=entry.at,
        kind=kinds.get(entry.action, OTHER),
        action=entry.action,
        detail=json.loads(entry.detail),
        who=entry.actor_name,
        roles=entry.roles,
        via=entry.via,
        address=entry.address,
        hash=entry.hash,
        thing=said.thing,
        stated=said.stated,
        text=said.text,
    )
