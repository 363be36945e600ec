"""Packets of stored content at deposit nodes, and the re-reading of what is stored.

Revision: 0017, after 0016
"""

from __future__ import annotations

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
