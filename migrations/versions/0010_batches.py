"""Deposits by the thousand: issued with their proof, their letters made when asked for.

Revision: 0010, after 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In place on either database, for the column has a default: no table is copied.
    op.add_column(
        "deposits",
        sa.Column("letter_on_demand", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.drop_index("ix_deposits_state_next_attempt_at", "deposits")
    op.create_index("ix_deposits_due", "deposits", ["state", "letter_on_demand", "next_attempt_at"])


def downgrade() -> None:
    op.drop_index("ix_deposits_due", "deposits")
    op.create_index("ix_deposits_state_next_attempt_at", "deposits", ["state", "next_attempt_at"])
    op.drop_column("deposits", "letter_on_demand")
