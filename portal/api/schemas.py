"""Schemas that every endpoint shares."""

from __future__ import annotations

from marshmallow import Schema, fields

TIME = {"format": "date-time", "example": "2026-11-21T08:30:00.123456+00:00"}


class ErrorBodySchema(Schema):
    """``code`` is for programs and stays; ``message`` is a sentence for people."""

    code = fields.String(required=True, metadata={"example": "digest_missing"})
    message = fields.String(
        required=True, metadata={"example": "A SHA-256 digest is always needed."}
    )
    field = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "The input at fault, null when it is no single one.",
            "example": "sha256",
        },
    )
    request_id = fields.String(
        required=True,
        metadata={
            "description": "Found again in the portal's log; quote it when asking for help.",
            "example": "4f1c0f6f2b7a4e7c",
        },
    )


class ErrorSchema(Schema):
    """The one shape of every error."""

    error = fields.Nested(ErrorBodySchema, required=True)
