"""Draws: their plans, parties, lists, statements, steps and what the public sees.

Revision: 0012, after 0011
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_TABLES = (
    "draw_snapshots",
    "draw_beacons",
    "draw_steps",
    "draw_statements",
    "draw_lists",
    "draw_parties",
    "draws",
)


def upgrade() -> None:
    _draws()
    _parties()
    _lists()
    _statements()
    _steps()
    _beacons()
    _snapshots()


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)


def _belongs(table: str, **others: str) -> tuple[Any, ...]:
    """Foreign keys: column → table."""
    return tuple(
        sa.ForeignKeyConstraint([column], [f"{other}.id"], name=f"fk_{table}_{column}_{other}")
        for column, other in others.items()
    )


def _draws() -> None:
    op.create_table(
        "draws",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("organisation_id", sa.String(36)),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("rehearsal", sa.Boolean(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("config", sa.Text()),
        sa.Column("config_hash", sa.String(64)),
        sa.Column("phase", sa.String(16), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("wait_reason", sa.String(64)),
        sa.Column("wait_detail", sa.Text()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", _MOMENT, nullable=False),
        sa.Column("waived", sa.Text()),
        sa.Column("deposit_id", sa.String(36)),
        sa.Column("bound_n", sa.Integer()),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.Column("draw_at", _MOMENT),
        sa.Column("frozen_at", _MOMENT),
        sa.Column("announced_at", _MOMENT),
        sa.Column("ended_at", _MOMENT),
        *_belongs(
            "draws", owner_id="users", organisation_id="organisations", deposit_id="deposits"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_draws"),
    )
    for columns in (
        ["owner_id", "created_at"],
        ["organisation_id", "created_at"],
        ["state", "next_attempt_at"],
    ):
        op.create_index(f"ix_draws_{'_'.join(columns)}", "draws", columns)


def _parties() -> None:
    op.create_table(
        "draw_parties",
        sa.Column("draw_id", sa.String(36), nullable=False),
        sa.Column("party", sa.String(32), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("user_id", sa.String(36)),
        sa.Column("key", sa.String(64)),
        sa.Column("box", sa.String(64)),
        sa.Column("token_sha256", sa.String(64)),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("invited_at", _MOMENT),
        sa.Column("claimed_at", _MOMENT),
        sa.Column("joined_at", _MOMENT),
        *_belongs("draw_parties", draw_id="draws", user_id="users"),
        sa.PrimaryKeyConstraint("draw_id", "party", name="pk_draw_parties"),
        sa.UniqueConstraint("draw_id", "user_id", name="uq_draw_parties_draw_id_user_id"),
        sa.UniqueConstraint("token_sha256", name="uq_draw_parties_token_sha256"),
    )
    op.create_index("ix_draw_parties_user_id", "draw_parties", ["user_id"])


def _lists() -> None:
    op.create_table(
        "draw_lists",
        sa.Column("draw_id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("vault_key", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("layout", sa.Text()),
        sa.Column("duplicates", sa.String(8), nullable=False),
        sa.Column("survey", sa.Text()),
        sa.Column("document", sa.Text()),
        sa.Column("folder", sa.String(200)),
        sa.Column("keys", sa.LargeBinary()),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("problem_code", sa.String(64)),
        sa.Column("problem", sa.Text()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", _MOMENT, nullable=False),
        sa.Column("lease", sa.String(64)),
        sa.Column("lease_until", _MOMENT),
        sa.Column("created_at", _MOMENT, nullable=False),
        *_belongs("draw_lists", draw_id="draws"),
        sa.PrimaryKeyConstraint("draw_id", name="pk_draw_lists"),
    )
    op.create_index(
        "ix_draw_lists_state_next_attempt_at", "draw_lists", ["state", "next_attempt_at"]
    )


def _statements() -> None:
    op.create_table(
        "draw_statements",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("draw_id", sa.String(36), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("party", sa.String(32), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("about", sa.String(32), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.Column("extra", sa.Text()),
        sa.Column("user_id", sa.String(36)),
        sa.Column("received_at", _MOMENT, nullable=False),
        sa.Column("used_n", sa.Integer()),
        *_belongs("draw_statements", draw_id="draws", user_id="users"),
        sa.PrimaryKeyConstraint("id", name="pk_draw_statements"),
        sa.UniqueConstraint(
            *("draw_id", "attempt", "party", "type", "about"), name="uq_draw_statements_draw_id"
        ),
    )


def _steps() -> None:
    op.create_table(
        "draw_steps",
        sa.Column("draw_id", sa.String(36), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("deposit_id", sa.String(36), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        *_belongs("draw_steps", draw_id="draws", deposit_id="deposits"),
        sa.PrimaryKeyConstraint("draw_id", "n", name="pk_draw_steps"),
        sa.UniqueConstraint("deposit_id", name="uq_draw_steps_deposit_id"),
    )


def _beacons() -> None:
    op.create_table(
        "draw_beacons",
        sa.Column("draw_id", sa.String(36), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("signature", sa.String(192), nullable=False),
        sa.Column("randomness", sa.String(64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("received_at", _MOMENT, nullable=False),
        *_belongs("draw_beacons", draw_id="draws"),
        sa.PrimaryKeyConstraint("draw_id", "attempt", name="pk_draw_beacons"),
    )


def _snapshots() -> None:
    op.create_table(
        "draw_snapshots",
        sa.Column("draw_id", sa.String(36), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("etag", sa.String(64), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("made_at", _MOMENT, nullable=False),
        *_belongs("draw_snapshots", draw_id="draws"),
        sa.PrimaryKeyConstraint("draw_id", name="pk_draw_snapshots"),
    )
