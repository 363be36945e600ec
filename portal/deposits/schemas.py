"""What the API takes and gives, as its OpenAPI description says it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from chain_adapter import Digest, InvalidDigest
from portal.api.schemas import TIME
from portal.deposits.filenames import MAX_NAME, shown_name
from portal.deposits.models import Deposit, State
from portal.deposits.rail import Progress, steps
from portal.deposits.reading import MAX_PAGE
from portal.deposits.records import MAX_NOTE, MAX_TITLE, Metadata
from portal.problems import BadInput

ID_EXAMPLE = "6f9d7a52-0a5e-4b0c-9a53-3f6a3c1d8e21"
_SHA256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
#: c2sp.org/tlog-proof, as examples show it
PROOF = """\
c2sp.org/tlog-proof@v1
index 41
rOm7XpbvK8bE0MkUlxOlLwIxE7hdVhOqV1uY1XvTv0I=

ledger.example.com
42
w9cMlTjVxHbLRzHnVYkVYi1Ni1HE0aXb7uXvI1bPUwo=

— ledger.example.com 5Yh2ZAAAAABn…
"""
#: RFC 8785 JSON as :class:`chain_adapter.Receipt` writes it.
RECEIPT = {
    "type": "object",
    "required": ["v", "ledger", "scheme", "key", "entry_hash", "position", "status", "time"],
    "example": {
        "v": 1,
        "ledger": "ledger.example.com",
        "scheme": "tlog",
        "key": f"deposit:{ID_EXAMPLE}",
        "entry_hash": _SHA256,
        "position": 41,
        "status": "final",
        "time": "2026-11-21T08:30:00Z",
        "checkpoint": PROOF.partition("\n\n")[2],
    },
}
_HEX = {"type": "string", "pattern": "^[0-9a-fA-F]{64}$", "example": _SHA256}
#: What whoever signs a deposit says of it.
CHOSEN_ID = {
    "description": "Of a signed deposit alone: its id, a random UUID (version 4 or 7) chosen by "
    "whoever signs. Taken once.",
    "format": "uuid",
}
SIGNATURE = {
    "type": "object",
    "description": "The depositor's own signature of the deposit's transaction, which is the bytes "
    "`notary/transaction/v1` LF, then RFC 8785 of {v: 1, kind, id, digests, by, platform}; "
    "`GET /api/v1/signing-keys` gives kind and platform. `by` is the key's id. Without `algorithm` "
    "and `value`, of a key that the portal holds: the portal signs.",
    "properties": {
        "key_id": {"type": "string", "description": "One of your signing keys."},
        "certificate": {"type": "string", "description": "In its place: a certificate, PEM."},
        "algorithm": {
            "type": "string",
            "enum": ["ed25519", "ecdsa-p256-sha256", "rsa-pkcs1-sha256"],
        },
        "value": {
            "type": "string",
            "pattern": "^[0-9a-f]*$",
            "maxLength": 1024,
            "description": "Hexadecimal. ECDSA: r and s, 32 bytes each, with the smaller s.",
        },
    },
    "additionalProperties": False,
}


class DigestsField(fields.Field[dict[str, str]]):
    """Algorithm → hexadecimal digest. What digests must be, ``digests_from`` says."""

    _inner = fields.Dict(keys=fields.String(), values=fields.String())

    def __init__(self, **more: Any) -> None:
        described = {
            "type": "object",
            "description": "SHA-256 always, and SM3 beside it if wished; 64 hexadecimal digits.",
            "properties": {"sha256": _HEX, "sm3": {**_HEX, "example": "66c7f0f4" * 8}},
            "required": ["sha256"],
            "additionalProperties": False,
            "example": {"sha256": _SHA256},
        }
        super().__init__(metadata=described, **more)

    def _deserialize(self, value: Any, attr: Any, data: Any, **more: Any) -> dict[str, str]:
        found: dict[str, str] = self._inner.deserialize(value, attr, data)
        return found


def _text(most: int, example: str, sentence: str = "") -> fields.String:
    """A text of at most ``most`` characters; the service itself refuses longer ones."""
    described = {"maxLength": most, "example": example}
    return fields.String(
        load_default="", metadata=described | ({"description": sentence} if sentence else {})
    )


class SignatureField(fields.Field[dict[str, Any]]):
    """The depositor's signature of the deposit's transaction; ``portal.signing`` judges it."""

    def __init__(self, **more: Any) -> None:
        super().__init__(load_default=None, metadata=SIGNATURE, **more)

    def _deserialize(self, value: Any, attr: Any, data: Any, **more: Any) -> Any:
        return value


class NewDigestSchema(Schema):
    """A deposit of digests; the file stays with its owner."""

    class Meta:
        unknown = RAISE

    digests = DigestsField(required=True)
    id = fields.String(load_default=None, metadata=CHOSEN_ID)
    signature = SignatureField()
    title = _text(MAX_TITLE, "Lease of 12 Harbour Road")
    note = _text(MAX_NOTE, "Signed on 20 November; the paper stays in the safe.")
    filename = _text(MAX_NAME, "lease.pdf", "Kept as given and never used as a path.")
    media_type = _text(200, "application/pdf")
    size = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(0, 2**53 - 1),
        metadata={
            "description": "The file's size in bytes, as its owner states it.",
            "example": 183_040,
        },
    )


class QuerySchema(Schema):
    """Which deposits a page lists."""

    state = fields.Enum(
        State, by_value=True, load_default=None, metadata={"description": "Only this state."}
    )
    text = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "Stands in title, file name, number or digest."},
    )
    since = fields.AwareDateTime(
        load_default=None,
        metadata={"description": "Received at this time or later; with its zone."},
    )
    until = fields.AwareDateTime(
        load_default=None, metadata={"description": "Received before this time; with its zone."}
    )
    cursor = fields.String(
        load_default=None,
        validate=validate.Length(max=200),
        metadata={"description": "The `cursor` of the page before; none for the first."},
    )
    size = fields.Integer(
        load_default=50,
        validate=validate.Range(1, MAX_PAGE),
        metadata={"description": "Deposits on a page."},
    )


class PackageQuerySchema(Schema):
    original = fields.Boolean(
        load_default=False, metadata={"description": "Put the deposited file in as well."}
    )


class StepSchema(Schema):
    """One of the five steps; a waiting one says why and when it is tried again."""

    code = fields.String(
        required=True,
        validate=validate.OneOf(["received", "hashed", "timestamped", "anchored", "issued"]),
    )
    state = fields.Enum(Progress, by_value=True, required=True)
    at = fields.String(required=True, allow_none=True, metadata=TIME)
    reason = fields.String(required=True, allow_none=True, metadata={"example": None})
    detail = fields.String(required=True, allow_none=True, metadata={"example": None})
    next_at = fields.String(
        required=True, allow_none=True, metadata={"format": "date-time", "example": None}
    )
    awaited = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "Who is waited for, by name: nodes of the ledger, further ledgers.",
            "example": [],
        },
    )


class DepositSchema(Schema):
    """A deposit and how far it has come."""

    id = fields.String(required=True, metadata={"example": ID_EXAMPLE})
    number = fields.String(required=True, metadata={"example": "NE20261121-7K3M9QXT"})
    code = fields.String(required=True, metadata={"example": "7K3M9QXT"})
    kind = fields.String(required=True, metadata={"example": "file"})
    state = fields.Enum(State, by_value=True, required=True)
    title = fields.String(required=True, metadata={"example": "Lease of 12 Harbour Road"})
    note = fields.String(required=True, metadata={"example": ""})
    filename = fields.String(
        required=True, metadata={"description": "As given.", "example": "lease.pdf"}
    )
    shown_filename = fields.String(
        required=True,
        metadata={"description": "With invisible characters escaped.", "example": "lease.pdf"},
    )
    media_type = fields.String(required=True, metadata={"example": "application/pdf"})
    size = fields.Integer(required=True, allow_none=True, metadata={"example": 183_040})
    digests = DigestsField(required=True)
    signed_by = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Key id of the depositor's own signature, if there is one.",
            "example": None,
        },
    )
    signed_scheme = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Whose key that is: `local`, `certificate`, or `platform` (held by the "
            "portal).",
            "example": None,
        },
    )
    received_at = fields.String(required=True, metadata=TIME)
    issued_at = fields.String(required=True, allow_none=True, metadata=TIME)
    steps = fields.List(fields.Nested(StepSchema), required=True)
    links = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={
            "description": "What there is already, by name.",
            "example": {"self": f"/api/v1/deposits/{ID_EXAMPLE}"},
        },
    )


class DepositPageSchema(Schema):
    """Newest first; ``cursor`` asks for the next page."""

    items = fields.List(fields.Nested(DepositSchema), required=True)
    cursor = fields.String(
        required=True, allow_none=True, metadata={"example": "MjAyNi0xMS0yMSA2ZjlkN2E1Mg=="}
    )


def digests_from(values: dict[str, str]) -> list[Digest]:
    """Digests as a request names them.

    Raises:
        BadInput: naming the algorithm or what is wrong with its digest.
    """
    digests = []
    for name, text in values.items():
        if name not in ("sha256", "sm3"):
            message = "%(name)s is not a digest algorithm taken here; sha256 and sm3 are."
            raise BadInput("digest_algorithm", message, field="digests", name=name[:40])
        digests.append(digest_from(name, text, f"digests.{name}"))
    return digests


def digest_from(algorithm: str, text: str, field: str) -> Digest:
    """One digest. Raises BadInput about ``field``."""
    try:
        return Digest.parse(algorithm, text[:300])
    except InvalidDigest as error:
        message = "A digest is written as 64 characters from 0–9 and a–f."
        raise BadInput("digest", message, field=field) from error


def metadata_from(values: dict[str, Any]) -> Metadata:
    return Metadata(values["title"], values["note"], values["filename"], values["media_type"])


def shown(deposit: Deposit, links: dict[str, str]) -> dict[str, Any]:
    """A deposit as :class:`DepositSchema` describes it."""
    digests = {"sha256": deposit.sha256, "sm3": deposit.sm3}
    return {
        "id": deposit.id,
        "number": deposit.number,
        "code": deposit.code,
        "kind": deposit.kind,
        "state": str(deposit.state),
        "title": deposit.title,
        "note": deposit.note,
        "filename": deposit.filename,
        "shown_filename": shown_name(deposit.filename),
        "media_type": deposit.media_type,
        "size": deposit.size,
        "digests": {name: value for name, value in digests.items() if value},
        "signed_by": deposit.signed_by,
        "signed_scheme": deposit.signed_scheme,
        "received_at": instant(deposit.received_at),
        "issued_at": instant(deposit.issued_at),
        "steps": [
            {
                "code": step.code,
                "state": str(step.state),
                "at": instant(step.at),
                "reason": step.reason,
                "detail": step.detail,
                "next_at": instant(step.next_at),
                "awaited": list(step.awaited),
            }
            for step in steps(deposit)
        ],
        "links": links,
    }


def instant(moment: datetime | None) -> str | None:
    """RFC 3339, UTC."""
    return moment.isoformat().replace("+00:00", "Z") if moment else None
