"""What the verification endpoints take and give."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from chain_adapter.verdict import Outcome
from portal.api.schemas import TIME
from portal.verification.report import Answer, Area

_SHA256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"


class QuestionSchema(Schema):
    """A file's digest, or a letter's number, or both: is this the file of that letter?"""

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
            "description": "A letter's number or its short code, as people type them.",
            "example": "NE20261121-7K3M9QXT",
        },
    )

    @validates_schema
    def _one_of_them(self, values: dict[str, Any], **_: Any) -> None:
        if not any(text.strip() for text in values.values()):
            raise ValidationError("Give a sha256 or a number.", "sha256")


class CheckSchema(Schema):
    """One numbered step of a verifier."""

    number = fields.Integer(required=True, metadata={"example": 1})
    code = fields.String(required=True, metadata={"example": "imprint"})
    title = fields.String(
        required=True, metadata={"example": "The time-stamp is over the digest examined"}
    )
    outcome = fields.Enum(Outcome, by_value=True, required=True)
    detail = fields.String(required=True, metadata={"example": ""})


class TickSchema(Schema):
    """The checks that answer one question, and what they come to."""

    area = fields.Enum(Area, by_value=True, required=True)
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
            "description": "What was examined: record, number, letter or package.",
            "example": "record",
        },
    )
    ticks = fields.List(fields.Nested(TickSchema), required=True)
    found = fields.Nested(FoundSchema, required=True, allow_none=True)
    others = fields.List(
        fields.Nested(FoundSchema),
        required=True,
        metadata={"description": "Later deposits of the same digest."},
    )
