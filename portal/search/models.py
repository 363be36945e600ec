"""Tables of the index. All of them can be made anew from the data they describe.

On SQLite an FTS5 table, ``search_index``, stands beside them; on PostgreSQL a GIN index. Neither is
a table of the models: :mod:`portal.search.dialects` makes and uses them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import DDL, BigInteger, Index, Integer, String, Text, event
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base

FTS: Final = (
    "CREATE VIRTUAL TABLE search_index USING fts5(tokens, content='search_documents', "
    "content_rowid='doc', columnsize=0, tokenize=\"ascii tokenchars '_'\")"
)
#: Written to outside of requests, so that entries go into the index itself, not into a waiting list
#: that each search would read.
GIN: Final = (
    "CREATE INDEX search_index_tokens ON search_documents USING gin (tokens) "
    "WITH (fastupdate = off)"
)
PLACE: Final = BigInteger().with_variant(Integer, "sqlite")


class SearchDocument(Base):
    """One document. ``doc`` orders by time, see :func:`portal.search.places.place`; ``scope`` is
    whose list it stands in. ``tokens``: words and facets, on PostgreSQL as a tsvector."""

    __tablename__ = "search_documents"
    __table_args__ = (
        Index("ix_search_documents_scope_doc", "scope", "doc"),
        Index("ix_search_documents_scope_title_doc", "scope", "title", "doc"),
        Index("ix_search_documents_scope_size_doc", "scope", "size", "doc"),
    )

    doc: Mapped[int] = mapped_column(PLACE, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(36), unique=True)
    scope: Mapped[str] = mapped_column(String(40))
    #: what is counted: comma-separated names such as ``issued``
    counted: Mapped[str] = mapped_column(String(40))
    #: see :func:`portal.search.places.title_key`
    title: Mapped[str] = mapped_column(String(64))
    #: -1: not known
    size: Mapped[int] = mapped_column(BigInteger)
    tokens: Mapped[str] = mapped_column(Text().with_variant(TSVECTOR(), "postgresql"))


class SearchCount(Base):
    """How many documents of a scope carry a name in ``counted``."""

    __tablename__ = "search_counts"

    scope: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)


class SearchProgress(Base):
    """The one row that says up to which custody entry the index has followed."""

    __tablename__ = "search_progress"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)


# For databases made straight from the models; a migrated one gets these from its migration.
for _dialect, _statement in (("sqlite", FTS), ("postgresql", GIN)):
    event.listen(
        SearchDocument.__table__,
        "after_create",
        DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
    )
event.listen(
    SearchProgress.__table__,
    "after_create",
    DDL("INSERT INTO search_progress (id, seq) VALUES (1, 0)"),  # type: ignore[no-untyped-call]
)
