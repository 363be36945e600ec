"""Deposits.

Revision: 0002, after 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "deposits",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("number", sa.String(24), nullable=False),
        sa.Column("code", sa.String(8), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("idempotency_key", sa.String(128)),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("media_type", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger()),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("sm3", sa.String(64)),
        sa.Column("vault_key", sa.String(200)),
        sa.Column("record", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("hashed_at", moment, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("wait_reason", sa.String(64)),
        sa.Column("wait_detail", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", moment, nullable=False),
        sa.Column("lease", sa.String(64)),
        sa.Column("lease_until", moment),
        sa.Column("token", sa.LargeBinary()),
        sa.Column("stamps", sa.Text()),
        sa.Column("gen_time", moment),
        sa.Column("entry", sa.LargeBinary()),
        sa.Column("receipts", sa.Text()),
        sa.Column("proof", sa.Text()),
        sa.Column("anchored_at", moment),
        sa.Column("follow_at", moment),
        sa.Column("letter_key", sa.String(200)),
        sa.Column("letter_sha256", sa.String(64)),
        sa.Column("issued_at", moment),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_deposits_owner_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_deposits"),
        sa.UniqueConstraint("number", name="uq_deposits_number"),
        sa.UniqueConstraint("code", name="uq_deposits_code"),
        sa.UniqueConstraint(
            "owner_id", "idempotency_key", name="uq_deposits_owner_id_idempotency_key"
        ),
    )
    for columns in (
        ("owner_id", "received_at", "id"),
        ("state", "next_attempt_at"),
        ("sha256",),
        ("follow_at",),
        ("lease",),
    ):
        op.create_index("_".join(("ix_deposits", *columns)), "deposits", list(columns))


def downgrade() -> None:
    op.drop_table("deposits")
