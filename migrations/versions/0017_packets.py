"""Packets of stored content at deposit nodes, and the re-reading of what is stored.

Revision: 0017, after 0016
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _packets()
    _vouchers()


def downgrade() -> None:
    for table in ("vouchers", "vouch_standings", "packets", "packet_sets"):
        op.drop_table(table)


def _packets() -> None:
    op.create_table(
        "packet_sets",
        sa.Column("deposit_id", sa.String(36), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("need", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("keys", sa.LargeBinary()),
        sa.Column("made_at", _MOMENT, nullable=False),
        sa.Column("asked_at", _MOMENT),
        sa.Column("asked_by", sa.String(36)),
        sa.Column("tried_outcome", sa.String(16)),
        sa.Column("tried_at", _MOMENT),
        sa.Column("tried_report", sa.Text()),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["deposits.id"], name="fk_packet_sets_deposit_id_deposits"
        ),
        sa.PrimaryKeyConstraint("deposit_id", name="pk_packet_sets"),
        sa.UniqueConstraint("root", name="uq_packet_sets_root"),
    )
    op.create_index("ix_packet_sets_asked_at", "packet_sets", ["asked_at"])
    op.create_table(
        "packets",
        sa.Column("deposit_id", sa.String(36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("node", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", _MOMENT, nullable=False),
        sa.Column("detail", sa.Text()),
        sa.Column("kept_at", _MOMENT),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["packet_sets.deposit_id"], name="fk_packets_deposit_id_packet_sets"
        ),
        sa.PrimaryKeyConstraint("deposit_id", "number", name="pk_packets"),
    )
    op.create_index("ix_packets_state_next_attempt_at", "packets", ["state", "next_attempt_at"])


def _vouchers() -> None:
    op.create_table(
        "vouch_standings",
        sa.Column("deposit_id", sa.String(36), nullable=False),
        sa.Column("read_at", _MOMENT, nullable=False),
        sa.Column("checked_at", _MOMENT),
        sa.Column("outcome", sa.String(16)),
        sa.Column("asked_at", _MOMENT),
        sa.Column("asked_by", sa.String(36)),
        sa.Column("claimed_until", _MOMENT),
        sa.Column("trouble", sa.Text()),
        sa.Column("alarmed_at", _MOMENT),
        sa.Column("settled_at", _MOMENT),
        sa.Column("settled_by", sa.String(36)),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["deposits.id"], name="fk_vouch_standings_deposit_id_deposits"
        ),
        sa.PrimaryKeyConstraint("deposit_id", name="pk_vouch_standings"),
    )
    for column in ("read_at", "checked_at", "asked_at", "alarmed_at"):
        op.create_index(f"ix_vouch_standings_{column}", "vouch_standings", [column])
    op.create_table(
        "vouchers",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("deposit_id", sa.String(36), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("faults", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(36), nullable=False),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["deposits.id"], name="fk_vouchers_deposit_id_deposits"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_vouchers"),
    )
    op.create_index("ix_vouchers_deposit_id_at", "vouchers", ["deposit_id", "at"])
    op.create_index("ix_vouchers_at", "vouchers", ["at"])
