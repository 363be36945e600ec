"""What the verification endpoints take and give."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from chain_adapter.verdict import Outcome
from portal.api.schemas import TIME
from portal.verification.report import Answer, Area

_SHA256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"


class QuestionSchema(Schema):
    """A file's digest, or a number, or both: is this the file of that letter or certificate?"""

    class Meta:
        unknown = RAISE

    sha256 = fields.String(
        load_default="",
        validate=validate.Length(max=100),
        metadata={
            "description": "64 hexadecimal digits. The file itself stays with you.",
            "example": _SHA256,
        },
    )
    number = fields.String(
        load_default="",
        validate=validate.Length(max=100),
        metadata={
            "description": "A letter's number or its short code, or a certificate's number, as "
            "people type them.",
            "example": "NE20261121-7K3M9QXT",
        },
    )

    @validates_schema
    def _one_of_them(self, values: dict[str, Any], **_: Any) -> None:
        if not any(text.strip() for text in values.values()):
            raise ValidationError("Give a sha256 or a number.", "sha256")


class WordsSchema(Schema):
    """The same in Chinese and English, word for word as the page and the command line say it."""

    zh = fields.String(required=True, metadata={"example": "文件一致。"})
    en = fields.String(required=True, metadata={"example": "The file matches."})


def _words() -> fields.Nested:
    return fields.Nested(WordsSchema, required=True)


class CheckSchema(Schema):
    """One numbered step of a verifier."""

    number = fields.Integer(required=True, metadata={"example": 1})
    label = fields.String(
        required=True,
        metadata={"description": "Its number among all checks: 7.3 is step 3 of check 7."},
    )
    code = fields.String(required=True, metadata={"example": "imprint"})
    title = fields.String(
        required=True, metadata={"example": "The time-stamp is over the digest examined"}
    )
    titles = _words()
    outcome = fields.Enum(Outcome, by_value=True, required=True)
    detail = fields.String(required=True, metadata={"example": ""})


class TickSchema(Schema):
    """The checks that answer one question, and what they come to."""

    area = fields.Enum(Area, by_value=True, required=True)
    label = _words()
    word = _words()
    reason = _words()
    outcome = fields.Enum(Outcome, by_value=True, required=True)
    checks = fields.List(fields.Nested(CheckSchema), required=True)


class FoundSchema(Schema):
    """What anybody may know of a deposit: no names, no file names."""

    number = fields.String(required=True, metadata={"example": "NE20261121-7K3M9QXT"})
    state = fields.String(required=True, metadata={"example": "issued"})
    received_at = fields.String(required=True, allow_none=True, metadata=TIME)
    gen_time = fields.String(required=True, allow_none=True, metadata=TIME)
    anchored_at = fields.String(required=True, allow_none=True, metadata=TIME)
    position = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "Its place in the ledger.", "example": 41},
    )
    file_seen = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={
            "description": "Whether the portal received the file or a digest alone.",
            "example": True,
        },
    )

    part = fields.Boolean(
        required=True, metadata={"description": "Whether the file is one of several in it."}
    )
    files = fields.Integer(required=True, allow_none=True, metadata={"example": 40})
    erased_at = fields.String(required=True, allow_none=True, metadata=TIME)


class LinkSchema(Schema):
    """A certificate before or behind another one."""

    number = fields.String(required=True, metadata={"example": "2026-DEMO-000124"})
    kind = fields.String(required=True, metadata={"example": "correction"})
    issued_at = fields.String(required=True, metadata=TIME)
    reason = fields.String(required=True, metadata={"example": ""})


class CertificateSchema(Schema):
    """What the office's register says of a certificate; no names of parties."""

    number = fields.String(required=True, metadata={"example": "2026-DEMO-000123"})
    kind = fields.String(required=True, metadata={"example": "certificate"})
    status = fields.String(
        required=True,
        validate=validate.OneOf(("in-force", "corrected", "revoked")),
        metadata={"example": "in-force"},
    )
    issued_at = fields.String(required=True, metadata=TIME)
    by = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "What corrected or revoked it.", "example": "2026-DEMO-000124"},
    )
    changed_at = fields.String(required=True, allow_none=True, metadata=TIME)
    subject_number = fields.String(required=True, allow_none=True)
    deposit_number = fields.String(required=True, allow_none=True)
    pdf_sha256 = fields.String(required=True, allow_none=True)
    chain = fields.List(fields.Nested(LinkSchema), required=True)


class AnchorSchema(Schema):
    """A fingerprint the verdict hangs on."""

    kind = fields.String(required=True, metadata={"example": "root"})
    name = fields.String(required=True)
    value = fields.String(required=True)


class SoftwareSchema(Schema):
    """Which verifier it was; the command line names the same."""

    name = fields.String(required=True)
    version = fields.String(required=True)
    sha256 = fields.String(required=True)


class ReportSchema(Schema):
    """The answer first, then what it rests on.

    `matches`: everything holds. `differs`: something does not; see the failed checks. `missing`:
    nothing is deposited under this here. `unknown`: it cannot be decided with what is at hand, for
    instance because the deposit is still on its way.
    """

    answer = fields.Enum(Answer, by_value=True, required=True)
    subject = fields.String(
        required=True,
        metadata={
            "description": "What was examined: record, number, letter, package, notarial (a "
            "certificate by itself), certificate (one in the register), or "
            "upload for what is none of these.",
            "example": "record",
        },
    )
    word = _words()
    sentence = _words()
    detail = _words()
    summary = fields.Nested(
        WordsSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Of letters and packages: the check that decided."},
    )
    ticks = fields.List(fields.Nested(TickSchema), required=True)
    found = fields.Nested(FoundSchema, required=True, allow_none=True)
    others = fields.List(
        fields.Nested(FoundSchema),
        required=True,
        metadata={"description": "Later deposits of the same digest."},
    )
    certificate = fields.Nested(CertificateSchema, required=True, allow_none=True)
    anchors = fields.List(fields.Nested(AnchorSchema), required=True)
    anchors_given = fields.Boolean(required=True)
    software = fields.Nested(SoftwareSchema, required=True)
