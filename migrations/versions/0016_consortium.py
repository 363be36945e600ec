"""Members of a consortium, its messages and their signatures.

Revision: 0016, after 0015
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_TABLE = "consortium_messages"


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("member", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", _MOMENT, nullable=False),
        sa.Column("started_by", sa.String(64), nullable=False),
        sa.Column("ready_at", _MOMENT),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("refusal", sa.String(32)),
        sa.Column("wait_reason", sa.String(64)),
        sa.Column("wait_detail", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", _MOMENT, nullable=False),
        sa.Column("stamps", sa.Text()),
        sa.Column("gen_time", _MOMENT),
        sa.Column("entry", sa.LargeBinary()),
        sa.Column("receipt", sa.Text()),
        sa.Column("proof", sa.Text()),
        sa.Column("position", sa.BigInteger()),
        sa.Column("anchored_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_consortium_messages"),
        sa.UniqueConstraint("position", name="uq_consortium_messages_position"),
    )
    op.create_index(
        "ix_consortium_messages_state_next_attempt_at", _TABLE, ["state", "next_attempt_at"]
    )
    op.create_index("ix_consortium_messages_member_position", _TABLE, ["member", "position"])


def downgrade() -> None:
    op.drop_table(_TABLE)
