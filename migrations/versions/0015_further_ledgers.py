"""Proofs by further ledgers, and what a letter waits for.

Revision: 0015, after 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_COLUMNS = ("awaited", "further")


def upgrade() -> None:
    for name in _COLUMNS:
        op.add_column("deposits", sa.Column(name, sa.Text(), nullable=True))


def downgrade() -> None:
    for name in reversed(_COLUMNS):
        op.drop_column("deposits", name)
