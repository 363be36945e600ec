"""Second factors, sign-ins, identities, mail.

Revision: 0003, after 0002
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("users", sa.Column("confirmed_at", _MOMENT, nullable=True))
    # Whoever has an account already was let in before addresses were confirmed.
    op.execute("UPDATE users SET confirmed_at = created_at")
    _create_sign_ins()
    _create_factors()
    _create_identities()
    _create_mail()


def downgrade() -> None:
    for table in (
        "outbox_mails",
        "identities",
        "used_challenges",
        "recovery_codes",
        "passkeys",
        "authenticators",
        "sign_ins",
    ):
        op.drop_table(table)
    # In place on either database: copying the table would cascade through everything of a person's.
    op.execute("ALTER TABLE users DROP COLUMN confirmed_at")


def _create_sign_ins() -> None:
    op.create_table(
        "sign_ins",
        sa.Column("id", sa.String(32), nullable=False),
        *_owner("sign_ins", key=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("browser", sa.String(80), nullable=False),
        sa.Column("seen_at", _MOMENT),
        sa.Column("expires_at", _MOMENT),
        sa.Column("ended_at", _MOMENT),
        sa.Column("confirmed_at", _MOMENT),
        sa.Column("strong", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_ins"),
    )
    _index("sign_ins", "user_id", "at")
    _index("sign_ins", "at")


def _create_factors() -> None:
    op.create_table(
        "authenticators",
        *_owner("authenticators"),
        sa.Column("secret", sa.LargeBinary()),
        sa.Column("pending", sa.LargeBinary()),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.Column("since", _MOMENT),
        sa.Column("last_used_at", _MOMENT),
    )
    op.create_table(
        "passkeys",
        sa.Column("id", sa.String(36), nullable=False),
        *_owner("passkeys", key=False),
        sa.Column("credential", sa.String(1400), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("transports", sa.String(100), nullable=False),
        sa.Column("backed_up", sa.Boolean(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("last_used_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.UniqueConstraint("credential", name="uq_passkeys_credential"),
    )
    _index("passkeys", "user_id")
    op.create_table(
        "recovery_codes",
        sa.Column("digest", sa.String(64), nullable=False),
        *_owner("recovery_codes", key=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("used_at", _MOMENT),
        sa.PrimaryKeyConstraint("digest", name="pk_recovery_codes"),
    )
    _index("recovery_codes", "user_id")
    op.create_table(
        "used_challenges",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_used_challenges"),
    )
    _index("used_challenges", "expires_at")


def _create_identities() -> None:
    op.create_table(
        "identities",
        *_owner("identities"),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("base_level", sa.String(24), nullable=False),
        sa.Column("submitted_at", _MOMENT, nullable=False),
        sa.Column("decided_at", _MOMENT),
        sa.Column("decided_by", sa.String(36), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("masked_name", sa.String(100), nullable=False),
        sa.Column("document", sa.String(24), nullable=False),
        sa.Column("masked_number", sa.String(64), nullable=False),
        sa.Column("valid_until", sa.Date()),
    )
    _index("identities", "state", "submitted_at")


def _create_mail() -> None:
    op.create_table(
        "outbox_mails",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("recipient", sa.String(254), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", _MOMENT, nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("sent_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_mails"),
    )
    _index("outbox_mails", "state", "next_attempt_at")


def _owner(table: str, key: bool = True) -> Sequence[sa.schema.SchemaItem]:
    """The person a row belongs to; with ``key`` there is one row a person."""
    column = sa.Column("user_id", sa.String(36), nullable=False)
    link = sa.ForeignKeyConstraint(
        ["user_id"], ["users.id"], name=f"fk_{table}_user_id_users", ondelete="CASCADE"
    )
    if not key:
        return column, link
    return column, link, sa.PrimaryKeyConstraint("user_id", name=f"pk_{table}")


def _index(table: str, *columns: str) -> None:
    op.create_index("_".join(("ix", table, *columns)), table, list(columns))
