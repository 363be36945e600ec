"""Writing documents to the index and asking it: any facets, words and span of time, either way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, delete, func, insert, select, tuple_, update
from sqlalchemy.orm import Session

from portal.database import Database
from portal.search.dialects import dialect_named
from portal.search.models import SearchCount, SearchDocument, SearchProgress
from portal.search.places import Keys, Span
from portal.search.words import Query

#: So many of the newest that fit are put in order of title or size; no page needs more.
MOST_SORTED: Final = 5_000


@dataclass(frozen=True, slots=True)
class Document:
    """``tokens`` are words and facets; ``counted`` are names that are counted by scope."""

    key: str
    scope: str
    order: Keys
    tokens: tuple[str, ...]
    counted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    key: str
    order: Keys


class SearchIndex:
    """``scope`` keeps what belongs to different people apart; it is a facet of every document."""

    def __init__(self, database: Database) -> None:
        self._dialect = dialect_named(database.engine.dialect.name)

    def put(self, session: Session, documents: Sequence[Document]) -> None:
        """Write or replace, and keep the counts. The caller serialises writers."""
        old = self._old(session, [each.key for each in documents])
        places = self._places(session, documents, old)
        rows = [self._row(each, places[each.key]) for each in documents]
        self._dialect.forget(session, [{"doc": it.doc, "tokens": it.tokens} for it in old.values()])
        fresh = [row for row in rows if row["key"] not in old]
        changed = [row for row in rows if row["key"] in old]
        if fresh:
            session.execute(insert(SearchDocument), fresh)
        if changed:
            session.execute(update(SearchDocument), changed)
        self._dialect.add(session, [{"doc": it["doc"], "tokens": it["tokens"]} for it in rows])
        self._count(session, rows, old)

    def clear(self, session: Session) -> None:
        """Forget everything; the next to follow the log starts from its beginning."""
        self._dialect.clear(session)
        session.execute(delete(SearchDocument))
        session.execute(delete(SearchCount))
        session.execute(update(SearchProgress).values(seq=0))

    def by_time(
        self, session: Session, scope: str, query: Query, span: Span, limit: int, newest: bool
    ) -> list[Hit]:
        """The first ``limit`` that fit, from the newest or the oldest end of ``span``."""
        found = self._found(scope, query, span, limit, newest)
        order = SearchDocument.doc.desc() if newest else SearchDocument.doc
        return _hits(session, _COLUMNS.where(SearchDocument.doc.in_(found)).order_by(order))

    def by_key(
        self,
        session: Session,
        scope: str,
        query: Query,
        span: Span,
        limit: int,
        sort: str,
        after: Keys | None,
    ) -> list[Hit]:
        """By ``"title"`` or ``"size"`` (largest first), those that come after ``after``. When
        something is asked for, of the newest :data:`MOST_SORTED` that fit."""
        rows = _COLUMNS.where(SearchDocument.scope == scope)
        if query != Query() or span != Span():
            rows = _COLUMNS.where(
                SearchDocument.doc.in_(self._found(scope, query, span, MOST_SORTED, newest=True))
            )
        if sort == "title":
            key = tuple_(SearchDocument.title, SearchDocument.doc)
            rows = rows.order_by(SearchDocument.title, SearchDocument.doc)
            rows = rows if after is None else rows.where(key > (after.title, after.place))
        else:
            key = tuple_(SearchDocument.size, SearchDocument.doc)
            rows = rows.order_by(SearchDocument.size.desc(), SearchDocument.doc.desc())
            rows = rows if after is None else rows.where(key < (after.size, after.place))
        return _hits(session, rows.limit(limit))

    def count(self, session: Session, scope: str, query: Query, span: Span, most: int) -> int:
        """How many fit; counting ends at ``most``."""
        found = self._found(scope, query, span, most, newest=True).subquery()
        return session.scalar(select(func.count()).select_from(found)) or 0

    def counts(self, session: Session, scope: str) -> dict[str, int]:
        """How many documents of ``scope`` carry each counted name."""
        rows = select(SearchCount.name, SearchCount.count).where(SearchCount.scope == scope)
        return {name: int(count) for name, count in session.execute(rows)}

    def counted(self, session: Session, scope: str, keys: Sequence[str]) -> dict[str, list[str]]:
        """Under which names those of ``keys`` that are in the index are counted."""
        rows = select(SearchDocument.key, SearchDocument.counted).where(
            SearchDocument.scope == scope, SearchDocument.key.in_(keys)
        )
        return {key: names.split(",") for key, names in session.execute(rows)}

    def _found(self, scope: str, query: Query, span: Span, limit: int, newest: bool) -> Select[int]:
        rows, place = self._dialect.found(scope, query)
        rows = rows.where(place >= span.first, place < span.end)
        return rows.order_by(place.desc() if newest else place).limit(limit)

    def _row(self, document: Document, doc: int) -> dict[str, Any]:
        return {
            "doc": doc,
            "key": document.key,
            "scope": document.scope,
            "counted": ",".join(document.counted),
            "title": document.order.title,
            "size": document.order.size,
            "tokens": self._dialect.stored((document.scope, *document.tokens)),
        }

    def _old(self, session: Session, keys: Sequence[str]) -> dict[str, Any]:
        table = SearchDocument.__table__.c
        columns = (table.doc, table.key, table.scope, table.counted, table.tokens)
        rows = session.execute(select(*columns).where(table.key.in_(keys)))
        return {row.key: row for row in rows}

    def _places(
        self, session: Session, documents: Sequence[Document], old: dict[str, Any]
    ) -> dict[str, int]:
        """Where each stands: what has a place keeps it; the next free one when it is taken."""
        wanted = {it.key: it.order.place for it in documents if it.key not in old}
        taken = set(
            session.scalars(
                select(SearchDocument.doc).where(SearchDocument.doc.in_(wanted.values()))
            )
        )
        places = {key: row.doc for key, row in old.items()}
        for key, at in sorted(wanted.items(), key=lambda each: each[1]):
            while at in taken or (at != wanted[key] and _is_taken(session, at)):
                at += 1  # noqa: PLW2901 - the next one
            taken.add(at)
            places[key] = at
        return places

    def _count(self, session: Session, rows: list[dict[str, Any]], old: dict[str, Any]) -> None:
        change: Counter[tuple[str, str]] = Counter()
        for row in rows:
            change.update((row["scope"], name) for name in row["counted"].split(","))
        for it in old.values():
            change.subtract((it.scope, name) for name in it.counted.split(","))
        for (scope, name), by in sorted(change.items()):
            if by:
                _add(session, scope, name, by)


_COLUMNS: Final = select(
    SearchDocument.doc, SearchDocument.key, SearchDocument.title, SearchDocument.size
)


def _hits(session: Session, rows: Select[int, str, str, int]) -> list[Hit]:
    return [Hit(key, Keys(doc, title, size)) for doc, key, title, size in session.execute(rows)]


def _is_taken(session: Session, doc: int) -> bool:
    return session.get(SearchDocument, doc) is not None


def _add(session: Session, scope: str, name: str, by: int) -> None:
    here = (SearchCount.scope == scope, SearchCount.name == name)
    done = session.execute(
        update(SearchCount)
        .where(*here)
        .values(count=SearchCount.count + by)
        .execution_options(synchronize_session=False)
    )
    if not done.rowcount:  # type: ignore[attr-defined]
        session.execute(insert(SearchCount).values(scope=scope, name=name, count=by))
