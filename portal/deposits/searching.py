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


@dataclass(frozen=True, slots=True)
class _Question:
    """What the index is asked for whom, and what it does not know."""

    actor: Actor
    wanted: DepositFilter
    query: Query
    tail: Tail


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
            question = _question(session, actor, wanted)
            if question is None:
                return Page((), None)
            hits = self._hits(session, question, after, size + 1)
            more = len(hits) > size
            rows = _load(session, question, hits[:size])
        if not more:
            return Page(rows, None, question.tail.behind)
        last = hits[size - 1]
        following = Cursor(wanted.sort, last.order, last.key).encode()
        return Page(rows, following, question.tail.behind)

    def count(self, actor: Actor, wanted: DepositFilter) -> Amount:
        """How many there are, counted as far as :data:`MOST_COUNTED`."""
        with self._tools.database.reading() as session:
            if wanted.plain:
                rows = _between(select(Deposit.id).where(listed(actor)), wanted)
                some = rows.limit(MOST_COUNTED + 1).subquery()
                return _amount(session.scalar(select(func.count()).select_from(some)) or 0)
            question = _question(session, actor, wanted)
            if question is None:
                return Amount(0)
            most = MOST_COUNTED + 1
            if self._surely(session, question, most + len(question.tail.ids)):
                return Amount(MOST_COUNTED, more=True)
            return _amount(len(self._hits(session, question, None, most)))

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

    def _surely(self, session: Session, asked: _Question, count: int) -> bool:
        """Whether the index knows ``count`` that fit, which costs less than looking at them."""
        if asked.wanted.owner is Owner.SHARED:
            return False
        mine, span = scope_of(asked.actor), asked.wanted.span
        return self._index.count(session, mine, asked.query, span, count) == count

    def _hits(
        self, session: Session, asked: _Question, after: Cursor | None, limit: int
    ) -> list[Hit]:
        """The first ``limit`` after ``after``, of index and tail together."""
        order = _ORDERS[asked.wanted.sort]
        found = list(asked.tail.hits)
        if after is not None:
            found = [hit for hit in found if order(hit) > order(Hit(after.id, after.order))]
        if asked.wanted.owner is not Owner.SHARED:
            found += self._indexed(session, asked, after, limit)
        return sorted(found, key=order)[:limit]

    def _indexed(
        self, session: Session, asked: _Question, after: Cursor | None, limit: int
    ) -> list[Hit]:
        """What the index says, but of the tail."""
        found: list[Hit] = []
        without = asked.tail.ids
        last = after.order if after else None
        while len(found) < limit:
            most = limit + min(len(without), limit)
            part = self._part(session, asked, last, most)
            found += [hit for hit in part if hit.key not in without]
            if len(part) < most:
                break
            last = part[-1].order
        return found[:limit]

    def _part(
        self, session: Session, asked: _Question, after: Keys | None, limit: int
    ) -> list[Hit]:
        mine, query = scope_of(asked.actor), asked.query
        span, sort = asked.wanted.span, asked.wanted.sort
        if sort in (Sort.TITLE, Sort.SIZE):
            return self._index.by_key(session, mine, query, span, limit, sort, after)
        newest = sort is Sort.NEWEST
        if after is not None and newest:
            span = Span(span.first, min(span.end, after.place))
        elif after is not None:
            span = Span(max(span.first, after.place + 1), span.end)
        return self._index.by_time(session, mine, query, span, limit, newest)


def _question(session: Session, actor: Actor, wanted: DepositFilter) -> _Question | None:
    """None when the text holds nothing that could be found."""
    query = query_of(actor, wanted)
    if query is None:
        return None
    return _Question(actor, wanted, query, tail_of(session, actor, wanted, query))


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


def _load(session: Session, asked: _Question, hits: Sequence[Hit]) -> tuple[Deposit, ...]:
    """The rows of ``hits`` in their order, without what the actor may not see now."""
    shared = asked.wanted.owner is Owner.SHARED
    mine = granted(asked.actor) if shared else listed(asked.actor)
    query = select(Deposit).where(Deposit.id.in_([hit.key for hit in hits]), mine)
    # What was looked at before was not read whole.
    found = session.scalars(query.execution_options(populate_existing=True))
    rows = {row.id: row for row in found}
    return tuple(rows[hit.key] for hit in hits if hit.key in rows)


def _amount(number: int) -> Amount:
    return Amount(min(number, MOST_COUNTED), number > MOST_COUNTED)
