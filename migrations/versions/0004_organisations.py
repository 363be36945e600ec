"""Organisations, members, access given to others.

Revision: 0004, after 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_OWN = "organisation_id IS NULL"
_SHARED = "organisation_id IS NOT NULL"
_NAMES = "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s"
_LISTED = ["received_at", "id"]


def upgrade() -> None:
    _organisations()
    _members()
    _invitations()
    for table in ("deposits", "api_keys"):
        _add_organisation(table)
    op.create_index("ix_api_keys_organisation_id", "api_keys", ["organisation_id"])
    op.drop_index("ix_deposits_owner_id_received_at_id", "deposits")
    for name, column, condition in (
        ("ix_deposits_own", "owner_id", _OWN),
        ("ix_deposits_shared", "organisation_id", _SHARED),
    ):
        where = sa.text(condition)
        op.create_index(
            name, "deposits", [column, *_LISTED], sqlite_where=where, postgresql_where=where
        )
    _grants()


def downgrade() -> None:
    op.drop_table("access_grants")
    op.drop_index("ix_deposits_shared", "deposits")
    op.drop_index("ix_deposits_own", "deposits")
    op.drop_index("ix_api_keys_organisation_id", "api_keys")
    # A key of an organisation must not become a key to everything of the person who made it.
    op.execute("DELETE FROM api_keys WHERE organisation_id IS NOT NULL")
    for table in ("api_keys", "deposits"):
        # SQLite does not remember the name of a column's own constraint.
        with op.batch_alter_table(table, naming_convention={"fk": _NAMES}) as batch:
            batch.drop_constraint(f"fk_{table}_organisation_id_organisations", type_="foreignkey")
            batch.drop_column("organisation_id")
    op.create_index("ix_deposits_owner_id_received_at_id", "deposits", ["owner_id", *_LISTED])
    op.drop_table("organisation_invitations")
    op.drop_table("organisation_members")
    op.drop_table("organisations")


def _add_organisation(table: str) -> None:
    """In place on either database: SQLite would otherwise copy a table of perhaps millions."""
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN organisation_id VARCHAR(36) "
        f"CONSTRAINT fk_{table}_organisation_id_organisations "
        "REFERENCES organisations (id)"
    )


def _organisations() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "organisations",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name_zh", sa.String(200), nullable=False),
        sa.Column("name_en", sa.String(200), nullable=False),
        sa.Column("registration_number", sa.String(18), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("verification_note", sa.Text(), nullable=False),
        sa.Column("verified_by", sa.String(36)),
        sa.Column("verified_at", moment),
        sa.Column("created_by", sa.String(36), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        _reference("organisations", "verified_by", "users"),
        _reference("organisations", "created_by", "users"),
        sa.PrimaryKeyConstraint("id", name="pk_organisations"),
    )


def _members() -> None:
    table = "organisation_members"
    op.create_table(
        table,
        sa.Column("organisation_id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        _reference(table, "organisation_id", "organisations", "CASCADE"),
        _reference(table, "user_id", "users", "CASCADE"),
        sa.PrimaryKeyConstraint("organisation_id", "user_id", name=f"pk_{table}"),
    )
    op.create_index(f"ix_{table}_user_id", table, ["user_id"])


def _invitations() -> None:
    table, moment = "organisation_invitations", sa.DateTime(timezone=True)
    op.create_table(
        table,
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("organisation_id", sa.String(36), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("invited_by", sa.String(36), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("expires_at", moment, nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("answered_at", moment),
        _reference(table, "organisation_id", "organisations", "CASCADE"),
        _reference(table, "invited_by", "users"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("secret", name=f"uq_{table}_secret"),
    )
    op.create_index(f"ix_{table}_organisation_id", table, ["organisation_id"])


def _grants() -> None:
    table, moment = "access_grants", sa.DateTime(timezone=True)
    op.create_table(
        table,
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("deposit_id", sa.String(36), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("granted_by", sa.String(36), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("until", moment),
        sa.Column("revoked_at", moment),
        _reference(table, "deposit_id", "deposits", "CASCADE"),
        _reference(table, "user_id", "users", "CASCADE"),
        _reference(table, "granted_by", "users"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )
    op.create_index("ix_access_grants_deposit_id", table, ["deposit_id"])
    op.create_index("ix_access_grants_user_id_deposit_id", table, ["user_id", "deposit_id"])


def _reference(
    table: str, column: str, target: str, ondelete: str | None = None
) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=f"fk_{table}_{column}_{target}", ondelete=ondelete
    )
