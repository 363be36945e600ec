"""Finding deposits among a million, and never missing the one that was made a moment ago.

Three ways lead to a page:

* Nothing but time is asked for: the table of deposits in its own order.
* Anything else: the search index, and beside it the *tail*, the deposits that the custody log
  names after the entry up to which the index has followed. They are few; each is looked at by
  itself, with the same definition of a match, and counts instead of what the index says of it.
* What others gave access to is few as well: each is looked at by itself.

Whatever the index says, a row is shown only when :mod:`portal.deposits.access` lets the actor see
it now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, String, func, literal, select, tuple_
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.database import UtcDateTime
from portal.deposits.access import granted, listed
from portal.deposits.filters import (
    MAX_PAGE,
    WAITS,
    Cursor,
    DepositFilter,
    Owner,
    Sort,
    query_of,
    scope_of,
)
from portal.deposits.indexing import (
    COLUMNS,
    counted,
    order_of,
)
from portal.deposits.models import Deposit, State
from portal.deposits.tail import Tail, changed, tail_of
from portal.deposits.tools import Tools
from portal.search import Hit, Keys, Query, SearchIndex, Span, moment_of

#: Lists say "more than" beyond this.
MOST_COUNTED: Final = 1000
_ORDERS: Final[dict[Sort, Callable[[Hit], Any]]] = {
    Sort.NEWEST: lambda hit: -hit.order.place,
    Sort.OLDEST: lambda hit: hit.order.place,
    Sort.TITLE: lambda hit: (hit.order.title, hit.order.place),
    Sort.SIZE: lambda hit: (-hit.order.size, -hit.order.place),
}


@dataclass(frozen=True, slots=True)
class Page:
    """``cursor`` asks for the next page; None on the last one. ``behind``: the index is catching
    up, so that some changes before the newest thousand are not found yet."""

    items: tuple[Deposit, ...]
    cursor: str | None
    behind: bool = False


@dataclass(frozen=True, slots=True)
class Amount:
    """``number``, or more than that."""

    number: int
    more: bool = False


class Searching:
    """Lists and counts for whom the actor acts for."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._index = SearchIndex(tools.database)

    def page(self, actor: Actor, wanted: DepositFilter, cursor: str | None, size: int) -> Page:
        """One page.

        Raises:
            BadInput: a cursor that no page of this order gave.
        """
        size = max(1, min(size, MAX_PAGE))
        after = None if cursor is None else Cursor.decode(cursor, wanted.sort)
        with self._tools.database.reading() as session:
            if wanted.plain:
                return _page(_direct(session, actor, wanted, after, size + 1), wanted.sort, size)
            query = query_of(actor, wanted)
            if query is None:
                return Page((), None)
            tail = tail_of(session, actor, wanted, query)
            hits = self._hits(session, actor, wanted, query, after, size + 1, tail)
            more = len(hits) > size
            rows = _load(session, actor, wanted, hits[:size])
        if not more:
            return Page(rows, None, tail.behind)
        last = hits[size - 1]
        return Page(rows, Cursor(wanted.sort, last.order, last.key).encode(), tail.behind)

    def count(self, actor: Actor, wanted: DepositFilter) -> Amount:
        """How many there are, counted as far as :data:`MOST_COUNTED`."""
        with self._tools.database.reading() as session:
            if wanted.plain:
                rows = _between(select(Deposit.id).where(listed(actor)), wanted)
                some = rows.limit(MOST_COUNTED + 1).subquery()
                return _amount(session.scalar(select(func.count()).select_from(some)) or 0)
            query = query_of(actor, wanted)
            if query is None:
                return Amount(0)
            tail = tail_of(session, actor, wanted, query)
            most = MOST_COUNTED + 1
            if self._surely(session, actor, wanted, query, most + len(tail.ids)):
                return Amount(MOST_COUNTED, more=True)
            return _amount(len(self._hits(session, actor, wanted, query, None, most, tail)))

    def counts(self, actor: Actor) -> dict[str, int]:
        """How many are in each state, and how many wait (``"waits"``): kept by the index, put
        right by the tail."""
        mine = scope_of(actor)
        with self._tools.database.reading() as session:
            found = self._index.counts(session, mine)
            ids, _ = changed(session)
            for names in self._index.counted(session, mine, ids).values():
                for name in names:
                    found[name] = found.get(name, 0) - 1
            rows = select(Deposit).where(Deposit.id.in_(ids), listed(actor)).options(COLUMNS)
            for row in session.scalars(rows):
                for name in counted(row):
                    found[name] = found.get(name, 0) + 1
        return {name: max(found.get(name, 0), 0) for name in (*State, WAITS)}

    def every(self, actor: Actor, wanted: DepositFilter) -> Iterator[Deposit]:
        """All of a list, page by page as they are asked for."""
        cursor: str | None = None
        while True:
            page = self.page(actor, wanted, cursor, MAX_PAGE)
            yield from page.items
            if (cursor := page.cursor) is None:
                return

    def _surely(
        self, session: Session, actor: Actor, wanted: DepositFilter, query: Query, count: int
    ) -> bool:
        """Whether the index knows ``count`` that fit, which costs less than looking at them."""
        if wanted.owner is Owner.SHARED:
            return False
        return self._index.count(session, scope_of(actor), query, wanted.span, count) == count

    def _hits(
        self,
        session: Session,
        actor: Actor,
        wanted: DepositFilter,
        query: Query,
        after: Cursor | None,
        limit: int,
        tail: Tail,
    ) -> list[Hit]:
        """The first ``limit`` after ``after``, of index and tail together."""
        order = _ORDERS[wanted.sort]
        found = list(tail.hits)
        if after is not None:
            found = [hit for hit in found if order(hit) > order(Hit(after.id, after.order))]
        if wanted.owner is not Owner.SHARED:
            found += self._indexed(session, actor, wanted, query, after, limit, tail.ids)
        return sorted(found, key=order)[:limit]

    def _indexed(
        self,
        session: Session,
        actor: Actor,
        wanted: DepositFilter,
        query: Query,
        after: Cursor | None,
        limit: int,
        without: frozenset[str],
    ) -> list[Hit]:
        found: list[Hit] = []
        last = after.order if after else None
        while len(found) < limit:
            asked = limit + min(len(without), limit)
            part = self._part(session, scope_of(actor), wanted, query, last, asked)
            found += [hit for hit in part if hit.key not in without]
            if len(part) < asked:
                break
            last = part[-1].order
        return found[:limit]

    def _part(
        self,
        session: Session,
        scope: str,
        wanted: DepositFilter,
        query: Query,
        after: Keys | None,
        limit: int,
    ) -> list[Hit]:
        span, sort = wanted.span, wanted.sort
        if sort in (Sort.TITLE, Sort.SIZE):
            return self._index.by_key(session, scope, query, span, limit, sort, after)
        newest = sort is Sort.NEWEST
        if after is not None and newest:
            span = Span(span.first, min(span.end, after.place))
        elif after is not None:
            span = Span(max(span.first, after.place + 1), span.end)
        return self._index.by_time(session, scope, query, span, limit, newest)


def _direct(
    session: Session, actor: Actor, wanted: DepositFilter, after: Cursor | None, limit: int
) -> Sequence[Deposit]:
    rows = _between(select(Deposit).where(listed(actor)), wanted)
    at, newest = tuple_(Deposit.received_at, Deposit.id), wanted.sort is Sort.NEWEST
    if after is not None:
        moment = literal(moment_of(after.order.place), UtcDateTime())
        last = tuple_(moment, literal(after.id, String()))
        rows = rows.where(at < last if newest else at > last)
    if newest:
        rows = rows.order_by(Deposit.received_at.desc(), Deposit.id.desc())
    else:
        rows = rows.order_by(Deposit.received_at, Deposit.id)
    return session.scalars(rows.limit(limit)).all()


def _between(rows: Select[Any], wanted: DepositFilter) -> Select[Any]:
    if wanted.since is not None:
        rows = rows.where(Deposit.received_at >= wanted.since)
    if wanted.until is not None:
        rows = rows.where(Deposit.received_at < wanted.until)
    return rows


def _page(rows: Sequence[Deposit], sort: Sort, size: int) -> Page:
    if len(rows) <= size:
        return Page(tuple(rows), None)
    last = rows[size - 1]
    return Page(tuple(rows[:size]), Cursor(sort, order_of(last), last.id).encode())


def _load(
    session: Session, actor: Actor, wanted: DepositFilter, hits: Sequence[Hit]
) -> tuple[Deposit, ...]:
    """The rows of ``hits`` in their order, without what the actor may not see now."""
    mine = granted(actor) if wanted.owner is Owner.SHARED else listed(actor)
    query = select(Deposit).where(Deposit.id.in_([hit.key for hit in hits]), mine)
    # What was looked at before was not read whole.
    found = session.scalars(query.execution_options(populate_existing=True))
    rows = {row.id: row for row in found}
    return tuple(rows[hit.key] for hit in hits if hit.key in rows)


def _amount(number: int) -> Amount:
    return Amount(min(number, MOST_COUNTED), number > MOST_COUNTED)
