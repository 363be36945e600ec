"""Anchors of the custody log, retention and erasure.

Revision: 0008, after 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _anchors()
    # In place on either database: both columns may be empty, so no table is copied.
    op.add_column("deposits", sa.Column("erased_at", _MOMENT))
    op.add_column("deposits", sa.Column("erased_for", sa.String(16)))
    where = sa.text("erased_at IS NULL AND kind <> 'digest'")
    op.create_index(
        "ix_deposits_keeping",
        "deposits",
        ["issued_at"],
        sqlite_where=where,
        postgresql_where=where,
    )
    _erasures()
    _holds()
    _about()


def downgrade() -> None:
    for table in ("audit_followers", "audit_about", "legal_holds", "erasures", "audit_anchors"):
        op.drop_table(table)
    op.drop_index("ix_deposits_keeping", "deposits")
    op.drop_column("deposits", "erased_for")
    op.drop_column("deposits", "erased_at")


def _anchors() -> None:
    op.create_table(
        "audit_anchors",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("taken_at", _MOMENT, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("wait_reason", sa.String(64)),
        sa.Column("wait_detail", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", _MOMENT, nullable=False),
        sa.Column("stamps", sa.Text()),
        sa.Column("gen_time", _MOMENT),
        sa.Column("entry", sa.LargeBinary()),
        sa.Column("receipt", sa.Text()),
        sa.Column("proof", sa.Text()),
        sa.Column("anchored_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_audit_anchors"),
        sa.UniqueConstraint("size", name="uq_audit_anchors_size"),
    )
    op.create_index(
        "ix_audit_anchors_state_next_attempt_at", "audit_anchors", ["state", "next_attempt_at"]
    )


def _erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("deposit_id", sa.String(36), nullable=False),
        sa.Column("open_for", sa.String(36)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(64), nullable=False),
        sa.Column("asked_as", sa.String(16), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("due_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["deposits.id"], name="fk_erasures_deposit_id_deposits"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
        sa.UniqueConstraint("open_for", name="uq_erasures_open_for"),
    )
    op.create_index("ix_erasures_deposit_id", "erasures", ["deposit_id"])
    op.create_index("ix_erasures_state_due_at", "erasures", ["state", "due_at"])


def _holds() -> None:
    op.create_table(
        "legal_holds",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("deposit_id", sa.String(36), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("set_by", sa.String(64), nullable=False),
        sa.Column("set_by_name", sa.String(200), nullable=False),
        sa.Column("set_at", _MOMENT, nullable=False),
        sa.Column("lifted_by", sa.String(64)),
        sa.Column("lifted_at", _MOMENT),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["deposits.id"], name="fk_legal_holds_deposit_id_deposits"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_legal_holds"),
    )
    op.create_index(
        "ix_legal_holds_deposit_id_lifted_at", "legal_holds", ["deposit_id", "lifted_at"]
    )


def _about() -> None:
    op.create_table(
        "audit_about",
        sa.Column("owner", sa.String(36), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("owner", "seq", name="pk_audit_about"),
    )
    op.create_table(
        "audit_followers",
        sa.Column("name", sa.String(32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_audit_followers"),
    )
