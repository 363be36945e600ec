"""Matters of the notary's desk, their checks, and certificates.

Revision: 0013, after 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_TABLES = (
    "matter_documents",
    "certificate_copies",
    "notary_confirmations",
    "matter_materials",
    "certificates",
    "notary_checks",
    "matter_pauses",
    "matter_parties",
    "matter_messages",
    "matter_conflicts",
    "matter_assignments",
    "archive_volumes",
    "matters",
    "office_days",
    "notary_keys",
    "certificate_numbers",
)


def upgrade() -> None:
    _certificate_numbers()
    _notary_keys()
    _office_days()
    _matters()
    _archive_volumes()
    _matter_assignments()
    _matter_conflicts()
    _matter_messages()
    _matter_parties()
    _matter_pauses()
    _notary_checks()
    _certificates()
    _matter_materials()
    _notary_confirmations()
    _certificate_copies()
    _matter_documents()
    _letters_by_digest()


def downgrade() -> None:
    op.drop_index("ix_deposits_letter_sha256", "deposits")
    for table in _TABLES:
        op.drop_table(table)


def _certificate_numbers() -> None:
    op.create_table(
        "certificate_numbers",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("office", sa.String(16), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", "office", name="pk_certificate_numbers"),
    )


def _notary_keys() -> None:
    op.create_table(
        "notary_keys",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("notary_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("certificate", sa.LargeBinary(), nullable=False),
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("not_before", _MOMENT, nullable=False),
        sa.Column("not_after", _MOMENT, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("removed_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["notary_id"], ["users.id"], name="fk_notary_keys_notary_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_notary_keys"),
    )
    op.create_index("ix_notary_keys_notary_id", "notary_keys", ["notary_id"], unique=False)


def _office_days() -> None:
    op.create_table(
        "office_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by", sa.String(36), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["by"], ["users.id"], name="fk_office_days_by_users"),
        sa.PrimaryKeyConstraint("day", name="pk_office_days"),
    )


def _matters() -> None:
    op.create_table(
        "matters",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("number", sa.String(24), nullable=False),
        sa.Column("owner_id", sa.String(36), nullable=False),
        sa.Column("organisation_id", sa.String(36), nullable=True),
        sa.Column("deposit_id", sa.String(36), nullable=False),
        sa.Column("template", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("purpose_code", sa.String(24), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("destination", sa.String(2), nullable=False),
        sa.Column("language", sa.String(8), nullable=False),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("fee", sa.Text(), nullable=False),
        sa.Column("informed_edition", sa.String(16), nullable=True),
        sa.Column("informed_sha256", sa.String(64), nullable=True),
        sa.Column("informed_by", sa.String(36), nullable=True),
        sa.Column("informed_at", _MOMENT, nullable=True),
        sa.Column("second_needed", sa.Boolean(), nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.Column("submitted_at", _MOMENT, nullable=True),
        sa.Column("accepted_at", _MOMENT, nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("ended_reason", sa.String(32), nullable=True),
        sa.Column("ended_note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["deposits.id"], name="fk_matters_deposit_id_deposits"
        ),
        sa.ForeignKeyConstraint(["informed_by"], ["users.id"], name="fk_matters_informed_by_users"),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name="fk_matters_organisation_id_organisations",
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name="fk_matters_owner_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_matters"),
        sa.UniqueConstraint("number", name="uq_matters_number"),
    )
    op.create_index("ix_matters_deposit_id", "matters", ["deposit_id"], unique=False)
    op.create_index(
        "ix_matters_organisation_id_created_at",
        "matters",
        ["organisation_id", "created_at"],
        unique=False,
    )
    op.create_index(
        "ix_matters_owner_id_created_at", "matters", ["owner_id", "created_at"], unique=False
    )
    op.create_index("ix_matters_state_due_on", "matters", ["state", "due_on"], unique=False)


def _archive_volumes() -> None:
    op.create_table(
        "archive_volumes",
        sa.Column("matter_id", sa.String(36), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", _MOMENT, nullable=False),
        sa.Column("asked_by", sa.String(36), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("made_at", _MOMENT, nullable=True),
        sa.Column("deposit_id", sa.String(36), nullable=True),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["users.id"], name="fk_archive_volumes_asked_by_users"
        ),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["deposits.id"], name="fk_archive_volumes_deposit_id_deposits"
        ),
        sa.ForeignKeyConstraint(
            ["matter_id"], ["matters.id"], name="fk_archive_volumes_matter_id_matters"
        ),
        sa.PrimaryKeyConstraint("matter_id", name="pk_archive_volumes"),
    )
    op.create_index("ix_archive_volumes_state", "archive_volumes", ["state"], unique=False)


def _matter_assignments() -> None:
    op.create_table(
        "matter_assignments",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("matter_id", sa.String(36), nullable=False),
        sa.Column("notary_id", sa.String(36), nullable=False),
        sa.Column("part", sa.String(8), nullable=False),
        sa.Column("by", sa.String(36), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["users.id"], name="fk_matter_assignments_by_users"),
        sa.ForeignKeyConstraint(
            ["matter_id"], ["matters.id"], name="fk_matter_assignments_matter_id_matters"
        ),
        sa.ForeignKeyConstraint(
            ["notary_id"], ["users.id"], name="fk_matter_assignments_notary_id_users"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_matter_assignments"),
    )
    op.create_index(
        "ix_matter_assignments_matter_id", "matter_assignments", ["matter_id"], unique=False
    )
    op.create_index(
        "ix_matter_assignments_notary_id_ended_at",
        "matter_assignments",
        ["notary_id", "ended_at"],
        unique=False,
    )


def _matter_conflicts() -> None:
    op.create_table(
        "matter_conflicts",
        sa.Column("matter_id", sa.String(36), nullable=False),
        sa.Column("notary_id", sa.String(36), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(36), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["by"], ["users.id"], name="fk_matter_conflicts_by_users"),
        sa.ForeignKeyConstraint(
            ["matter_id"], ["matters.id"], name="fk_matter_conflicts_matter_id_matters"
        ),
        sa.ForeignKeyConstraint(
            ["notary_id"], ["users.id"], name="fk_matter_conflicts_notary_id_users"
        ),
        sa.PrimaryKeyConstraint("matter_id", "notary_id", name="pk_matter_conflicts"),
    )


def _matter_messages() -> None:
    op.create_table(
        "matter_messages",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("matter_id", sa.String(36), nullable=False),
        sa.Column("side", sa.String(16), nullable=False),
        sa.Column("author_id", sa.String(36), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("read_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name="fk_matter_messages_author_id_users"
        ),
        sa.ForeignKeyConstraint(
            ["matter_id"], ["matters.id"], name="fk_matter_messages_matter_id_matters"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_matter_messages"),
    )
    op.create_index(
        "ix_matter_messages_matter_id_at", "matter_messages", ["matter_id", "at"], unique=False
    )


def _matter_parties() -> None:
    op.create_table(
        "matter_parties",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("matter_id", sa.String(36), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("masked_name", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("acts_for", sa.String(36), nullable=True),
        sa.Column("checked_by", sa.String(36), nullable=True),
        sa.Column("checked_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["acts_for"], ["matter_parties.id"], name="fk_matter_parties_acts_for_matter_parties"
        ),
        sa.ForeignKeyConstraint(
            ["checked_by"], ["users.id"], name="fk_matter_parties_checked_by_users"
        ),
        sa.ForeignKeyConstraint(
            ["matter_id"], ["matters.id"], name="fk_matter_parties_matter_id_matters"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_matter_parties"),
    )
    op.create_index("ix_matter_parties_matter_id", "matter_parties", ["matter_id"], unique=False)


def _matter_pauses() -> None:
    op.create_table(
        "matter_pauses",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("matter_id", sa.String(36), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("by", sa.String(36), nullable=False),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("ended_by", sa.String(36), nullable=True),
        sa.ForeignKeyConstraint(["by"], ["users.id"], name="fk_matter_pauses_by_users"),
        sa.ForeignKeyConstraint(["ended_by"], ["users.id"], name="fk_matter_pauses_ended_by_users"),
        sa.ForeignKeyConstraint(
            ["matter_id"], ["matters.id"], name="fk_matter_pauses_matter_id_matters"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_matter_pauses"),
    )
    op.create_index("ix_matter_pauses_matter_id", "matter_pauses", ["matter_id"], unique=False)


def _notary_checks() -> None:
    op.create_table(
        "notary_checks",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("matter_id", sa.String(36), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("stage", sa.String(32), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", _MOMENT, nullable=False),
        sa.Column("lease_until", _MOMENT, nullable=True),
        sa.Column("begun_by", sa.String(36), nullable=False),
        sa.Column("begun_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("outcome", sa.String(8), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.String(64), nullable=True),
        sa.ForeignKeyConstraint(["begun_by"], ["users.id"], name="fk_notary_checks_begun_by_users"),
        sa.ForeignKeyConstraint(
            ["matter_id"], ["matters.id"], name="fk_notary_checks_matter_id_matters"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_notary_checks"),
        sa.UniqueConstraint("matter_id", "n", name="uq_notary_checks_matter_id_n"),
    )
    op.create_index("ix_notary_checks_state", "notary_checks", ["state"], unique=False)


def _certificates() -> None:
    op.create_table(
        "certificates",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("matter_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("predecessor_id", sa.String(36), nullable=True),
        sa.Column("template", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("testimony_zh", sa.Text(), nullable=False),
        sa.Column("testimony_en", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("check_id", sa.String(36), nullable=True),
        sa.Column("drafted_by", sa.String(36), nullable=False),
        sa.Column("drafted_at", _MOMENT, nullable=False),
        sa.Column("approved_by", sa.String(36), nullable=True),
        sa.Column("approved_at", _MOMENT, nullable=True),
        sa.Column("approved_revision", sa.Integer(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("office", sa.String(16), nullable=True),
        sa.Column("serial", sa.Integer(), nullable=True),
        sa.Column("number", sa.String(40), nullable=True),
        sa.Column("issued_by", sa.String(36), nullable=True),
        sa.Column("issued_at", _MOMENT, nullable=True),
        sa.Column("record", sa.Text(), nullable=True),
        sa.Column("pdf_key", sa.String(200), nullable=True),
        sa.Column("pdf_sha256", sa.String(64), nullable=True),
        sa.Column("deposit_id", sa.String(36), nullable=True),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["users.id"], name="fk_certificates_approved_by_users"
        ),
        sa.ForeignKeyConstraint(
            ["check_id"], ["notary_checks.id"], name="fk_certificates_check_id_notary_checks"
        ),
        sa.ForeignKeyConstraint(
            ["deposit_id"], ["deposits.id"], name="fk_certificates_deposit_id_deposits"
        ),
        sa.ForeignKeyConstraint(
            ["drafted_by"], ["users.id"], name="fk_certificates_drafted_by_users"
        ),
        sa.ForeignKeyConstraint(
            ["issued_by"], ["users.id"], name="fk_certificates_issued_by_users"
        ),
        sa.ForeignKeyConstraint(
            ["matter_id"], ["matters.id"], name="fk_certificates_matter_id_matters"
        ),
        sa.ForeignKeyConstraint(
            ["predecessor_id"],
            ["certificates.id"],
            name="fk_certificates_predecessor_id_certificates",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_certificates"),
        sa.UniqueConstraint("number", name="uq_certificates_number"),
        sa.UniqueConstraint("predecessor_id", name="uq_certificates_predecessor_id"),
        sa.UniqueConstraint("year", "office", "serial", name="uq_certificates_year_office_serial"),
    )
    op.create_index("ix_certificates_matter_id", "certificates", ["matter_id"], unique=False)
    op.create_index("ix_certificates_pdf_sha256", "certificates", ["pdf_sha256"], unique=False)
    op.create_index(
        "ix_certificates_state_issued_at", "certificates", ["state", "issued_at"], unique=False
    )


def _matter_materials() -> None:
    op.create_table(
        "matter_materials",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("matter_id", sa.String(36), nullable=False),
        sa.Column("party_id", sa.String(36), nullable=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("asked_by", sa.String(36), nullable=True),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("decided_by", sa.String(36), nullable=True),
        sa.Column("decided_at", _MOMENT, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["asked_by"], ["users.id"], name="fk_matter_materials_asked_by_users"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"], ["users.id"], name="fk_matter_materials_decided_by_users"
        ),
        sa.ForeignKeyConstraint(
            ["matter_id"], ["matters.id"], name="fk_matter_materials_matter_id_matters"
        ),
        sa.ForeignKeyConstraint(
            ["party_id"], ["matter_parties.id"], name="fk_matter_materials_party_id_matter_parties"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_matter_materials"),
    )
    op.create_index(
        "ix_matter_materials_matter_id", "matter_materials", ["matter_id"], unique=False
    )


def _notary_confirmations() -> None:
    op.create_table(
        "notary_confirmations",
        sa.Column("check_id", sa.String(36), nullable=False),
        sa.Column("group", sa.String(16), nullable=False),
        sa.Column("by", sa.String(36), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["by"], ["users.id"], name="fk_notary_confirmations_by_users"),
        sa.ForeignKeyConstraint(
            ["check_id"],
            ["notary_checks.id"],
            name="fk_notary_confirmations_check_id_notary_checks",
        ),
        sa.PrimaryKeyConstraint("check_id", "group", "by", name="pk_notary_confirmations"),
    )


def _certificate_copies() -> None:
    op.create_table(
        "certificate_copies",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("certificate_id", sa.String(36), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("party_id", sa.String(36), nullable=False),
        sa.Column("how", sa.String(16), nullable=True),
        sa.Column("by", sa.String(36), nullable=True),
        sa.Column("handed_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["by"], ["users.id"], name="fk_certificate_copies_by_users"),
        sa.ForeignKeyConstraint(
            ["certificate_id"],
            ["certificates.id"],
            name="fk_certificate_copies_certificate_id_certificates",
        ),
        sa.ForeignKeyConstraint(
            ["party_id"],
            ["matter_parties.id"],
            name="fk_certificate_copies_party_id_matter_parties",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_certificate_copies"),
        sa.UniqueConstraint("certificate_id", "n", name="uq_certificate_copies_certificate_id_n"),
    )


def _matter_documents() -> None:
    op.create_table(
        "matter_documents",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("matter_id", sa.String(36), nullable=False),
        sa.Column("material_id", sa.String(36), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("media_type", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("vault_key", sa.String(200), nullable=True),
        sa.Column("added_by", sa.String(36), nullable=False),
        sa.Column("added_at", _MOMENT, nullable=False),
        sa.Column("removed_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["added_by"], ["users.id"], name="fk_matter_documents_added_by_users"
        ),
        sa.ForeignKeyConstraint(
            ["material_id"],
            ["matter_materials.id"],
            name="fk_matter_documents_material_id_matter_materials",
        ),
        sa.ForeignKeyConstraint(
            ["matter_id"], ["matters.id"], name="fk_matter_documents_matter_id_matters"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_matter_documents"),
    )
    op.create_index(
        "ix_matter_documents_matter_id", "matter_documents", ["matter_id"], unique=False
    )


def _letters_by_digest() -> None:
    """Whoever verifies a letter asks for it by its digest."""
    where = sa.text("letter_sha256 IS NOT NULL")
    op.create_index(
        "ix_deposits_letter_sha256",
        "deposits",
        ["letter_sha256"],
        sqlite_where=where,
        postgresql_where=where,
    )
