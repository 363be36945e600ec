"""Webhooks, announcements, and what operators look at.

Revision: 0007, after 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = (
    "webhook_attempts",
    "webhook_deliveries",
    "webhook_endpoints",
    "webhook_cursor",
    "announcements",
    "health_checks",
    "worker_beats",
)


def upgrade() -> None:
    _create_endpoints()
    _create_deliveries()
    _create_cursor()
    _create_announcements()
    _create_operations()


def downgrade() -> None:
    for table in _TABLES:
        op.drop_table(table)


def _time(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _create_endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("organisation_id", sa.String(36), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.String(200), nullable=False),
        sa.Column("events", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        _time("previous_until", nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("stop_reason", sa.String(16), nullable=False),
        _time("stopped_at", nullable=True),
        _time("failing_since", nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        _time("quiet_until", nullable=True),
        sa.Column("after_seq", sa.BigInteger(), nullable=False),
        _time("created_at"),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["users.id"],
            name="fk_webhook_endpoints_owner_id_users",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_endpoints"),
    )
    op.create_index("ix_webhook_endpoints_owner_id", "webhook_endpoints", ["owner_id"])
    op.create_index(
        "ix_webhook_endpoints_organisation_id", "webhook_endpoints", ["organisation_id"]
    )


def _create_deliveries() -> None:
    table = "webhook_deliveries"
    op.create_table(
        table,
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("endpoint_id", sa.String(36), nullable=False),
        sa.Column("message_id", sa.String(64), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _time("next_attempt_at"),
        sa.Column("lease", sa.String(64), nullable=True),
        _time("lease_until", nullable=True),
        _time("created_at"),
        _time("finished_at", nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id"],
            ["webhook_endpoints.id"],
            name="fk_webhook_deliveries_endpoint_id_webhook_endpoints",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.UniqueConstraint(
            "endpoint_id", "message_id", name="uq_webhook_deliveries_endpoint_id_message_id"
        ),
    )
    for columns in (
        ["endpoint_id", "state", "next_attempt_at"],
        ["endpoint_id", "created_at", "id"],
        ["state", "created_at"],
    ):
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)
    op.create_table(
        "webhook_attempts",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("delivery_id", sa.String(36), nullable=False),
        _time("at"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("fault", sa.String(32), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["webhook_deliveries.id"],
            name="fk_webhook_attempts_delivery_id_webhook_deliveries",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_attempts"),
    )
    op.create_index("ix_webhook_attempts_delivery_id_at", "webhook_attempts", ["delivery_id", "at"])


def _create_cursor() -> None:
    """What happened before there were webhooks is told to nobody."""
    op.create_table(
        "webhook_cursor",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_cursor"),
    )
    op.execute("INSERT INTO webhook_cursor (id, seq) SELECT 1, size FROM audit_head WHERE id = 1")


def _create_announcements() -> None:
    op.create_table(
        "announcements",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("audience", sa.String(16), nullable=False),
        _time("starts_at"),
        _time("ends_at", nullable=True),
        sa.Column("author_id", sa.String(36), nullable=False),
        sa.Column("author_name", sa.String(200), nullable=False),
        _time("created_at"),
        _time("withdrawn_at", nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name="fk_announcements_author_id_users"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_announcements"),
    )
    op.create_index("ix_announcements_starts_at", "announcements", ["starts_at"])


def _create_operations() -> None:
    op.create_table(
        "health_checks",
        sa.Column("part", sa.String(200), nullable=False),
        _time("at"),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("part", "at", name="pk_health_checks"),
    )
    op.create_table(
        "worker_beats",
        sa.Column("worker", sa.String(120), nullable=False),
        sa.Column("loop", sa.String(40), nullable=False),
        _time("started_at"),
        _time("seen_at"),
        sa.PrimaryKeyConstraint("worker", "loop", name="pk_worker_beats"),
    )
