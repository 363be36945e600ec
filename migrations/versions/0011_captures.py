"""Remote captures: sessions at desktops, their files, and those that repeat.

Revision: 0011, after 0010
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _schedules()
    _captures()
    _files()


def downgrade() -> None:
    for table in ("capture_files", "captures", "capture_schedules"):
        op.drop_table(table)


def _asked(table: str) -> tuple[Any, ...]:
    """Whose it is and what was asked for, alike for sessions and schedules."""
    references = {"owner_id": "users", "organisation_id": "organisations", "case_id": "cases"}
    return (
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("organisation_id", sa.String(36)),
        sa.Column("case_id", sa.String(36)),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("urls", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("keyboard", sa.String(8), nullable=False),
        sa.Column("seal_itself", sa.Boolean(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        *(
            sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}_{other}")
            for column, other in references.items()
        ),
    )


def _schedules() -> None:
    op.create_table(
        "capture_schedules",
        *_asked("capture_schedules"),
        sa.Column("every", sa.String(8), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("first_at", _MOMENT, nullable=False),
        sa.Column("next_at", _MOMENT),
        sa.Column("until", _MOMENT),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
    )
    op.create_index(
        "ix_capture_schedules_owner_id_created_at", "capture_schedules", ["owner_id", "created_at"]
    )
    op.create_index("ix_capture_schedules_state_next_at", "capture_schedules", ["state", "next_at"])


def _captures() -> None:
    op.create_table(
        "captures",
        *_asked("captures"),
        sa.Column("schedule_id", sa.String(36)),
        sa.Column("start_url", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("host", sa.String(200)),
        sa.Column("ended_by", sa.String(16)),
        sa.Column("wait_detail", sa.Text()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", _MOMENT, nullable=False),
        sa.Column("stamped_head", sa.String(64), nullable=False),
        sa.Column("stamped_at", _MOMENT),
        sa.Column("terminal", sa.String(16)),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("figures", sa.Text(), nullable=False),
        sa.Column("manifest_key", sa.String(200)),
        sa.Column("sha256", sa.String(64)),
        sa.Column("sm3", sa.String(64)),
        sa.Column("file_count", sa.Integer()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("deposit_id", sa.String(36)),
        sa.Column("cleared", sa.Boolean(), nullable=False),
        sa.Column("started_at", _MOMENT),
        sa.Column("live_at", _MOMENT),
        sa.Column("finished_at", _MOMENT),
        sa.Column("ready_at", _MOMENT),
        sa.Column("ended_at", _MOMENT),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["capture_schedules.id"],
            name="fk_captures_schedule_id_capture_schedules",
        ),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["deposits.id"], name="fk_captures_deposit_id_deposits"
        ),
        sa.UniqueConstraint("deposit_id", name="uq_captures_deposit_id"),
    )
    for columns in (
        ["owner_id", "created_at"],
        ["organisation_id", "created_at"],
        ["state", "created_at"],
        ["cleared"],
    ):
        op.create_index(f"ix_captures_{'_'.join(columns)}", "captures", columns)


def _files() -> None:
    op.create_table(
        "capture_files",
        sa.Column("capture_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("sm3", sa.String(64)),
        sa.Column("vault_key", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(
            ["capture_id"], ["captures.id"], name="fk_capture_files_capture_id_captures"
        ),
        sa.PrimaryKeyConstraint("capture_id", "position", name="pk_capture_files"),
    )
