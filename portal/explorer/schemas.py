"""What the ledger's endpoints take and give."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

_HASH = {
    "pattern": "^[0-9a-f]{64}$",
    "example": "acea3b5e9a6f2bc6c4d0c914971c4e2f02311 3b85d5613aa575b98d57bd3bf42".replace(" ", ""),
}
NOTE = """\
ledger.example.com
42
w9cMlTjVxHbLRzHnVYkVYi1Ni1HE0aXb7uXvI1bPUwo=

— ledger.example.com 5Yh2ZAAAAABn…
"""
PROOF = f"""\
c2sp.org/tlog-proof@v1
index 41
rOm7XpbvK8bE0MkUlxOlLwIxE7hdVhOqV1uY1XvTv0I=

{NOTE}"""
CONSISTENCY = f"""\
old 40
rOm7XpbvK8bE0MkUlxOlLwIxE7hdVhOqV1uY1XvTv0I=

{NOTE}"""
_PLACES = validate.Range(0, 2**62)


class CheckpointSchema(Schema):
    """What the ledger says of itself, signed."""

    origin = fields.String(required=True, metadata={"example": "ledger.example.com"})
    size = fields.Integer(
        required=True, metadata={"description": "Entries under it.", "example": 42}
    )
    root = fields.String(required=True, metadata={"description": "RFC 6962 tree hash.", **_HASH})
    time = fields.String(
        required=True,
        metadata={
            "format": "date-time",
            "description": "When it was signed; the signature covers this time.",
            "example": "2026-11-21T08:30:00+00:00",
        },
    )
    note = fields.String(
        required=True,
        metadata={
            "description": "The signed note itself, c2sp.org/tlog-checkpoint.",
            "example": NOTE,
        },
    )
    key = fields.String(
        required=True,
        metadata={
            "description": "The ledger's verifier key, c2sp.org/signed-note.",
            "example": "ledger.example.com+e5887664+AbcdEfgh…",
        },
    )


class InclusionSchema(Schema):
    """The way from the leaf to the root under a checkpoint, the leaf's sibling first."""

    size = fields.Integer(required=True, metadata={"example": 42})
    root = fields.String(required=True, metadata=_HASH)
    path = fields.List(fields.String(metadata=_HASH), required=True)
    text = fields.String(
        required=True, metadata={"description": "The same, c2sp.org/tlog-proof.", "example": PROOF}
    )


class EntrySchema(Schema):
    """One entry. Entries hold digests and key ids, never names."""

    position = fields.Integer(required=True, metadata={"example": 41})
    leaf_hash = fields.String(required=True, metadata=_HASH)
    encoded = fields.String(
        required=True,
        metadata={
            "description": "The bytes that were hashed: RFC 8785 JSON.",
            "example": '{"by":"user:5d41402abc4b2a76b9719d911017c592","digests":{"sha256":"…"}}',
        },
    )
    inclusion = fields.Nested(InclusionSchema, required=True)


class SizesSchema(Schema):
    """Between which two sizes of the tree."""

    old = fields.Integer(
        required=True,
        strict=False,
        validate=_PLACES,
        metadata={"description": "Entries under the checkpoint you hold.", "example": 40},
    )
    new = fields.Integer(
        load_default=None,
        validate=_PLACES,
        metadata={"description": "Entries under the later one; the newest when left out."},
    )


class OldSizeSchema(Schema):
    old = fields.Integer(
        required=True,
        validate=_PLACES,
        metadata={"description": "Entries under the checkpoint you hold.", "example": 40},
    )


class ConsistencySchema(Schema):
    """That the larger tree only adds to the smaller one, RFC 6962 §2.1.2."""

    old = fields.Integer(required=True, metadata={"example": 40})
    new = fields.Integer(required=True, metadata={"example": 42})
    path = fields.List(fields.String(metadata=_HASH), required=True)
