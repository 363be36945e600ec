"""Depositors' own signing keys, and the signatures made with them.

Revision: 0014, after 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_SIGNED = sa.text("signed_by IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("scheme", sa.String(16), nullable=False),
        sa.Column("key_id", sa.String(80), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("revoked_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_signing_keys_user_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_signing_keys"),
        sa.UniqueConstraint("user_id", "key_id", name="uq_signing_keys_user_id_key_id"),
    )
    op.create_index("ix_signing_keys_key_id", "signing_keys", ["key_id"])
    op.add_column("deposits", sa.Column("signed_by", sa.String(80), nullable=True))
    op.add_column("deposits", sa.Column("signed_scheme", sa.String(16), nullable=True))
    op.add_column("deposits", sa.Column("signed_with", sa.LargeBinary(), nullable=True))
    op.add_column("deposits", sa.Column("signed_value", sa.LargeBinary(), nullable=True))
    op.create_index(
        "ix_deposits_signed_by",
        "deposits",
        ["signed_by", "received_at"],
        sqlite_where=_SIGNED,
        postgresql_where=_SIGNED,
    )


def downgrade() -> None:
    op.drop_index("ix_deposits_signed_by", "deposits")
    for name in ("signed_value", "signed_with", "signed_scheme", "signed_by"):
        op.drop_column("deposits", name)
    op.drop_index("ix_signing_keys_key_id", "signing_keys")
    op.drop_table("signing_keys")
