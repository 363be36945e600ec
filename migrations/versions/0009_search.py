"""Finding one of a million deposits.

Revision: 0009, after 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_FTS = (
    "CREATE VIRTUAL TABLE search_index USING fts5(tokens, content='search_documents', "
    "content_rowid='doc', columnsize=0, tokenize=\"ascii tokenchars '_'\")"
)
_GIN = (
    "CREATE INDEX search_index_tokens ON search_documents USING gin (tokens) "
    "WITH (fastupdate = off)"
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    place = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "search_documents",
        sa.Column("doc", place, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(36), nullable=False),
        sa.Column("scope", sa.String(40), nullable=False),
        sa.Column("counted", sa.String(40), nullable=False),
        sa.Column("title", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("tokens", sa.Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("doc", name="pk_search_documents"),
        sa.UniqueConstraint("key", name="uq_search_documents_key"),
    )
    for columns in (["scope", "doc"], ["scope", "title", "doc"], ["scope", "size", "doc"]):
        op.create_index("_".join(("ix_search_documents", *columns)), "search_documents", columns)
    op.execute(_FTS if sqlite else _GIN)
    op.create_table(
        "search_counts",
        sa.Column("scope", sa.String(40), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "name", name="pk_search_counts"),
    )
    progress = op.create_table(
        "search_progress",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_search_progress"),
    )
    # The worker follows the custody log from its beginning: what is there comes in by itself.
    op.bulk_insert(progress, [{"id": 1, "seq": 0}])


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_index")
    for table in ("search_progress", "search_counts", "search_documents"):
        op.drop_table(table)
