"""The two small parts that differ: how tokens are stored, and how they are asked for.

No token holds anything but letters, digits and underscores (:mod:`portal.search.words`), so nothing
a visitor types is ever an operator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, Select, bindparam, column, select, table, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from portal.search.models import SearchDocument
from portal.search.words import Query, Term

Rows = Sequence[Mapping[str, Any]]
#: Documents that answer, unordered, and the column of their places.
Found = tuple[Select[int], ColumnElement[int]]
#: The greatest position a tsvector keeps apart.
_LAST_POSITION: Final = 16_383
_FTS: Final = table("search_index", column("rowid"))


class Dialect(Protocol):
    """``forget`` and ``add`` take rows of ``doc`` and stored ``tokens``, of which the first are
    about to change or go, and the others have just come."""

    def stored(self, tokens: Sequence[str]) -> str: ...
    def forget(self, session: Session, old: Rows) -> None: ...
    def add(self, session: Session, new: Rows) -> None: ...
    def clear(self, session: Session) -> None: ...
    def found(self, scope: str, query: Query) -> Found: ...


class Fts5:
    """SQLite. The full-text table mirrors ``search_documents.tokens`` and is told of each change;
    ``doc`` is its rowid, in whose order it answers, from either end, as far as it is read."""

    def stored(self, tokens: Sequence[str]) -> str:
        return " ".join(tokens)

    def forget(self, session: Session, old: Rows) -> None:
        if old:
            session.execute(_FORGET, list(old))

    def add(self, session: Session, new: Rows) -> None:
        if new:
            session.execute(_ADD, list(new))

    def clear(self, session: Session) -> None:
        session.execute(text("INSERT INTO search_index (search_index) VALUES ('delete-all')"))

    def found(self, scope: str, query: Query) -> Found:
        wanted = [_quoted(Term((facet,))) for facet in (scope, *query.facets)]
        if query.either:
            ways = [" AND ".join(_quoted(term) for term in each) for each in query.either]
            wanted.append("(" + " OR ".join(f"({way})" for way in ways) + ")")
        match = text("search_index MATCH :asked").bindparams(asked=" AND ".join(wanted))
        return select(_FTS.c.rowid).where(match), _FTS.c.rowid


class Tsvector:
    """PostgreSQL. The column is its own index's source; nothing has to be told of changes."""

    def stored(self, tokens: Sequence[str]) -> str:
        places = (min(at, _LAST_POSITION) for at in range(1, len(tokens) + 1))
        return " ".join(f"'{token}':{at}" for token, at in zip(tokens, places, strict=True))

    def forget(self, session: Session, old: Rows) -> None:
        """Nothing to do."""

    def add(self, session: Session, new: Rows) -> None:
        """Nothing to do."""

    def clear(self, session: Session) -> None:
        """Nothing to do."""

    def found(self, scope: str, query: Query) -> Found:
        place = SearchDocument.__table__.c.doc
        wanted = [f"'{facet}'" for facet in query.facets]
        if query.either:
            ways = [" & ".join(_lexemes(term) for term in each) for each in query.either]
            wanted.append("(" + " | ".join(f"({way})" for way in ways) + ")")
        rows = select(place).where(SearchDocument.scope == scope)
        if wanted:
            asked = bindparam(None, " & ".join(wanted), TSQUERY)
            rows = rows.where(SearchDocument.tokens.op("@@")(asked))
        return rows, place


def dialect_named(name: str) -> Dialect:
    """For ``"sqlite"`` or ``"postgresql"``."""
    return Fts5() if name == "sqlite" else Tsvector()


_FORGET: Final = text(
    "INSERT INTO search_index (search_index, rowid, tokens) VALUES ('delete', :doc, :tokens)"
)
_ADD: Final = text("INSERT INTO search_index (rowid, tokens) VALUES (:doc, :tokens)")


def _quoted(term: Term) -> str:
    """A phrase in FTS5's language; the quotes make words of what might read as operators."""
    return '"' + " ".join(term.words) + '"' + ("*" if term.prefix else "")


def _lexemes(term: Term) -> str:
    """A phrase as a tsquery."""
    *first, last = term.words
    end = f"'{last}'" + (":*" if term.prefix else "")
    return "(" + " <-> ".join((*(f"'{word}'" for word in first), end)) + ")"
