"""Resumable uploads and folders.

Revision: 0005, after 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _drafts()
    _uploads()
    # In place on either database: SQLite would otherwise copy a table of perhaps millions.
    op.execute("ALTER TABLE deposits ADD COLUMN file_count INTEGER")
    op.execute("ALTER TABLE deposits ADD COLUMN files_seen BOOLEAN")
    _files()


def downgrade() -> None:
    op.drop_table("deposit_files")
    op.execute("ALTER TABLE deposits DROP COLUMN files_seen")
    op.execute("ALTER TABLE deposits DROP COLUMN file_count")
    op.drop_table("upload_pieces")
    op.drop_table("uploads")
    op.drop_table("upload_drafts")


def _drafts() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "upload_drafts",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("grouping", sa.String(8), nullable=False),
        sa.Column("list_key", sa.String(200)),
        sa.Column("deposits", sa.Text()),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("touched_at", moment, nullable=False),
        _reference("upload_drafts", "owner_id", "users"),
        sa.PrimaryKeyConstraint("id", name="pk_upload_drafts"),
    )
    op.create_index("ix_upload_drafts_owner_id_state", "upload_drafts", ["owner_id", "state"])
    op.create_index("ix_upload_drafts_touched_at", "upload_drafts", ["touched_at"])


def _uploads() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("draft_id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("path_sha256", sa.String(64), nullable=False),
        sa.Column("media_type", sa.String(200), nullable=False),
        sa.Column("modified", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("stays", sa.Boolean(), nullable=False),
        sa.Column("gone", sa.Boolean(), nullable=False),
        sa.Column("claim", sa.String(32)),
        sa.Column("claim_until", moment),
        sa.Column("vault_key", sa.String(200)),
        sa.Column("sha256", sa.String(64)),
        sa.Column("sm3", sa.String(64)),
        sa.Column("claimed_sha256", sa.String(64)),
        sa.Column("claimed_sm3", sa.String(64)),
        sa.Column("created_at", moment, nullable=False),
        _reference("uploads", "draft_id", "upload_drafts"),
        _reference("uploads", "owner_id", "users"),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
        sa.UniqueConstraint("draft_id", "path_sha256", name="uq_uploads_draft_id_path_sha256"),
    )
    op.create_table(
        "upload_pieces",
        sa.Column("upload_id", sa.String(36), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("vault_key", sa.String(200), nullable=False),
        _reference("upload_pieces", "upload_id", "uploads"),
        sa.PrimaryKeyConstraint("upload_id", "offset", name="pk_upload_pieces"),
    )


def _files() -> None:
    op.create_table(
        "deposit_files",
        sa.Column("deposit_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("sm3", sa.String(64)),
        sa.Column("vault_key", sa.String(200)),
        _reference("deposit_files", "deposit_id", "deposits"),
        sa.PrimaryKeyConstraint("deposit_id", "position", name="pk_deposit_files"),
    )
    op.create_index("ix_deposit_files_sha256", "deposit_files", ["sha256"])


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=f"fk_{table}_{column}_{target}")
