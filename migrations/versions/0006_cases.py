"""Cases, tags of deposits, imports from CSV.

Revision: 0006, after 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OWN = sa.text("organisation_id IS NULL")
_SHARED = sa.text("organisation_id IS NOT NULL")
_IN_CASE = sa.text("case_id IS NOT NULL")


def upgrade() -> None:
    _cases()
    _tags()
    # In place on either database: SQLite would otherwise copy a table of perhaps millions.
    op.execute(
        "ALTER TABLE deposits ADD COLUMN case_id VARCHAR(36) "
        "CONSTRAINT fk_deposits_case_id_cases REFERENCES cases (id)"
    )
    op.create_index(
        "ix_deposits_case",
        "deposits",
        ["case_id", "received_at", "id"],
        sqlite_where=_IN_CASE,
        postgresql_where=_IN_CASE,
    )
    _imports()


def downgrade() -> None:
    op.drop_table("import_rows")
    op.drop_table("imports")
    op.drop_index("ix_deposits_case", "deposits")
    # In place again: a copied table would take along what refers to its rows.
    op.execute("ALTER TABLE deposits DROP COLUMN case_id")
    op.drop_table("known_tags")
    op.drop_table("deposit_tags")
    op.drop_table("case_notes")
    op.drop_table("cases")


def _cases() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "cases",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("organisation_id", sa.String(36)),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("reference", sa.String(100), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("closed_at", moment),
        _reference("cases", "owner_id", "users"),
        _reference("cases", "organisation_id", "organisations"),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
    )
    for name, column, where in (
        ("ix_cases_own", "owner_id", _OWN),
        ("ix_cases_shared", "organisation_id", _SHARED),
    ):
        op.create_index(
            name, "cases", [column, "created_at", "id"], sqlite_where=where, postgresql_where=where
        )
    op.create_table(
        "case_notes",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("case_id", sa.String(36), nullable=False),
        sa.Column("author_id", sa.String(36), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        _reference("case_notes", "case_id", "cases"),
        _reference("case_notes", "author_id", "users"),
        sa.PrimaryKeyConstraint("id", name="pk_case_notes"),
    )
    op.create_index("ix_case_notes_case_id", "case_notes", ["case_id"])


def _tags() -> None:
    op.create_table(
        "deposit_tags",
        sa.Column("deposit_id", sa.String(36), nullable=False),
        sa.Column("folded", sa.String(120), nullable=False),
        sa.Column("tag", sa.String(40), nullable=False),
        _reference("deposit_tags", "deposit_id", "deposits"),
        sa.PrimaryKeyConstraint("deposit_id", "folded", name="pk_deposit_tags"),
    )
    op.create_index("ix_deposit_tags_folded_deposit_id", "deposit_tags", ["folded", "deposit_id"])
    op.create_table(
        "known_tags",
        sa.Column("holder", sa.String(36), nullable=False),
        sa.Column("folded", sa.String(120), nullable=False),
        sa.Column("tag", sa.String(40), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("holder", "folded", name="pk_known_tags"),
    )
    op.create_index("ix_known_tags_holder_used_at", "known_tags", ["holder", "used_at"])


def _imports() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "imports",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("organisation_id", sa.String(36)),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("encoding", sa.String(16), nullable=False),
        sa.Column("separator", sa.String(1), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("again", sa.Boolean(), nullable=False),
        sa.Column("case_id", sa.String(36)),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("confirmed_at", moment),
        _reference("imports", "owner_id", "users"),
        _reference("imports", "organisation_id", "organisations"),
        _reference("imports", "case_id", "cases"),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
    )
    op.create_index(
        "ix_imports_owner_id_created_at_id", "imports", ["owner_id", "created_at", "id"]
    )
    op.create_index("ix_imports_state_created_at", "imports", ["state", "created_at"])
    _import_rows()


def _import_rows() -> None:
    op.create_table(
        "import_rows",
        sa.Column("import_id", sa.String(36), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("status", sa.String(12), nullable=False),
        sa.Column("given", sa.String(100), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("sm3", sa.String(64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger()),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("repeats", sa.Integer()),
        sa.Column("deposit_id", sa.String(36)),
        _reference("import_rows", "import_id", "imports", "CASCADE"),
        _reference("import_rows", "deposit_id", "deposits"),
        sa.PrimaryKeyConstraint("import_id", "line", name="pk_import_rows"),
    )
    op.create_index(
        "ix_import_rows_import_id_status_line", "import_rows", ["import_id", "status", "line"]
    )


def _reference(
    table: str, column: str, target: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=f"fk_{table}_{column}_{target}", ondelete=ondelete
    )
