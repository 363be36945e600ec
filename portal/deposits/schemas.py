"""What the API takes and gives, as its OpenAPI description says it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from chain_adapter import Digest, InvalidDigest
from portal.deposits.filenames import shown_name
from portal.deposits.models import Deposit, State
from portal.deposits.rail import Progress, steps
from portal.deposits.reading import MAX_PAGE
from portal.deposits.records import Metadata
from portal.problems import BadInput

_TIME = {"format": "date-time"}


class NewDigestSchema(Schema):
    """A deposit of digests; the file stays with its owner."""

    class Meta:
        unknown = RAISE

    digests = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={
            "description": "Algorithm to hexadecimal digest: sha256 always, sm3 beside it.",
            "example": {
                "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            },
        },
    )
    title = fields.String(load_default="")
    note = fields.String(load_default="")
    filename = fields.String(load_default="")
    media_type = fields.String(load_default="")
    size = fields.Integer(
        load_default=None,
        allow_none=True,
        strict=True,
        validate=validate.Range(0, 2**53 - 1),
        metadata={"description": "The file's size in bytes, as its owner states it."},
    )


class QuerySchema(Schema):
    """Which deposits a page lists."""

    state = fields.Enum(State, by_value=True, load_default=None)
    text = fields.String(load_default="", validate=validate.Length(max=200))
    since = fields.AwareDateTime(load_default=None)
    until = fields.AwareDateTime(load_default=None)
    cursor = fields.String(load_default=None, validate=validate.Length(max=200))
    size = fields.Integer(load_default=50, validate=validate.Range(1, MAX_PAGE))


class PackageQuerySchema(Schema):
    original = fields.Boolean(load_default=False)


class StepSchema(Schema):
    """One of the five steps; a waiting one says why and when it is tried again."""

    code = fields.String()
    state = fields.Enum(Progress, by_value=True)
    at = fields.String(allow_none=True, metadata=_TIME)
    reason = fields.String(allow_none=True)
    detail = fields.String(allow_none=True)
    next_at = fields.String(allow_none=True, metadata=_TIME)


class DepositSchema(Schema):
    """A deposit and how far it has come."""

    id = fields.String()
    number = fields.String()
    code = fields.String()
    kind = fields.String(validate=validate.OneOf(["file", "digest"]))
    state = fields.Enum(State, by_value=True)
    title = fields.String()
    note = fields.String()
    filename = fields.String(metadata={"description": "As given."})
    shown_filename = fields.String(metadata={"description": "With invisible characters escaped."})
    media_type = fields.String()
    size = fields.Integer(allow_none=True)
    digests = fields.Dict(keys=fields.String(), values=fields.String())
    received_at = fields.String(metadata=_TIME)
    issued_at = fields.String(allow_none=True, metadata=_TIME)
    steps = fields.List(fields.Nested(StepSchema))
    links = fields.Dict(keys=fields.String(), values=fields.String())


class DepositPageSchema(Schema):
    """Newest first; ``cursor`` asks for the next page."""

    items = fields.List(fields.Nested(DepositSchema))
    cursor = fields.String(allow_none=True)


class ErrorBodySchema(Schema):
    code = fields.String()
    message = fields.String()
    field = fields.String(allow_none=True)
    request_id = fields.String()


class ErrorSchema(Schema):
    """The one shape of every error."""

    error = fields.Nested(ErrorBodySchema)


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
        try:
            digests.append(Digest.parse(name, text[:300]))
        except InvalidDigest as error:
            message = "%(reason)s"
            raise BadInput("digest", message, field=f"digests.{name}", reason=str(error)) from error
    return digests


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
            }
            for step in steps(deposit)
        ],
        "links": links,
    }


def instant(moment: datetime | None) -> str | None:
    """RFC 3339, UTC."""
    return moment.isoformat().replace("+00:00", "Z") if moment else None
