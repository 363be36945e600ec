"""What a batch of digests takes and gives. Ten thousand items are read by hand, for a schema takes
longer than all the rest; what is not plainly right goes through the schema, which says why."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any, Final

from flask import Response, url_for
from flask_babel import gettext
from marshmallow import RAISE, Schema, fields, validate

from chain_adapter import Digest
from portal.api.schemas import TIME
from portal.deposits.batching import MAX_ITEMS
from portal.deposits.bodies import loaded
from portal.deposits.drafts import check_key
from portal.deposits.models import State
from portal.deposits.schemas import (
    ID_EXAMPLE,
    DigestsField,
    NewDigestSchema,
    digests_from,
    instant,
    metadata_from,
)
from portal.deposits.service import Accepted, BatchOutcome, Metadata, NewDigest
from portal.errors import words
from portal.problems import BadInput, PortalError, TooLarge
from portal.signing.reading import cosigning_from

_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TEXTS: Final = ("title", "note", "filename", "media_type")
_KNOWN: Final = frozenset({"digests", "size", "idempotency_key", *_TEXTS})


class BatchItemSchema(NewDigestSchema):
    """One deposit of digests, with a key of its own if wished."""

    idempotency_key = fields.String(
        load_default=None,
        allow_none=True,
        metadata={"pattern": "^[!-~]{1,128}$", "example": "lease-2026-11-21"},
    )


class BatchSchema(Schema):
    class Meta:
        unknown = RAISE

    items = fields.List(
        fields.Nested(BatchItemSchema), required=True, validate=validate.Length(1, MAX_ITEMS)
    )


class BatchedSchema(Schema):
    """The deposit that an item became; everything else is at its address."""

    id = fields.String(required=True, metadata={"example": ID_EXAMPLE})
    number = fields.String(required=True, metadata={"example": "NE20261121-7K3M9QXT"})
    state = fields.Enum(State, by_value=True, required=True)
    digests = DigestsField(required=True)
    received_at = fields.String(required=True, metadata=TIME)
    link = fields.String(required=True, metadata={"example": f"/api/v1/deposits/{ID_EXAMPLE}"})


class BatchErrorSchema(Schema):
    code = fields.String(required=True, metadata={"example": "digest_missing"})
    message = fields.String(
        required=True, metadata={"example": "A SHA-256 digest is always needed."}
    )
    field = fields.String(required=True, allow_none=True, metadata={"example": "sha256"})


class BatchResultSchema(Schema):
    """Either ``deposit`` or ``error`` is null."""

    index = fields.Integer(required=True, metadata={"example": 0})
    status = fields.Integer(
        required=True,
        metadata={
            "description": "201 new, 200 deposited before under its key, or the error's status.",
            "example": 201,
        },
    )
    deposit = fields.Nested(BatchedSchema, required=True, allow_none=True)
    error = fields.Nested(
        BatchErrorSchema, required=True, allow_none=True, metadata={"example": None}
    )


class BatchAnswerSchema(Schema):
    """How many came to what, and each item's own result in the order sent."""

    accepted = fields.Integer(required=True, metadata={"example": 1})
    replayed = fields.Integer(required=True, metadata={"example": 0})
    refused = fields.Integer(required=True, metadata={"example": 0})
    results = fields.List(fields.Nested(BatchResultSchema), required=True)


def batch_items(given: object, call_key: str | None) -> list[NewDigest | PortalError]:
    """The items of a request's JSON, each read or told why not.

    Raises:
        BadInput, TooLarge: the batch as a whole cannot be taken.
    """
    if not isinstance(given, dict) or not isinstance(given.get("items"), list):
        message = "A batch is a JSON object with a list of items."
        raise BadInput("batch_items", message, field="items")
    unknown = sorted(given.keys() - {"items"})
    if unknown:
        name = unknown[0][:40]
        raise BadInput("unknown_field", "Unknown field %(name)s.", field=name, name=name)
    items = given["items"]
    if len(items) > MAX_ITEMS:
        message = "A batch takes at most %(most)s items."
        raise TooLarge("batch_too_large", message, field="items", most=MAX_ITEMS)
    if not items:
        raise BadInput("batch_empty", "This batch holds no items.", field="items")
    check_key(call_key)
    prefix = _prefix(call_key)
    return [_item(each, prefix and f"{prefix}{place}") for place, each in enumerate(items)]


def batch_answer(outcomes: Sequence[BatchOutcome]) -> Response:
    """The answer, as :class:`BatchAnswerSchema` describes it."""
    base = url_for("deposits_api.DepositList")
    with words():
        results = [_result(place, each, base) for place, each in enumerate(outcomes)]
    statuses = [each["status"] for each in results]
    accepted, replayed = statuses.count(201), statuses.count(200)
    answer = {
        "accepted": accepted,
        "replayed": replayed,
        "refused": len(results) - accepted - replayed,
        "results": results,
    }
    return Response(json.dumps(answer, ensure_ascii=False), mimetype="application/json")


def _prefix(call_key: str | None) -> str | None:
    """What the keys of a call's items begin with: short enough for any call's key, and other than
    any that is likely to be given to a single deposit."""
    if call_key is None:
        return None
    return f"batch.{hashlib.sha256(call_key.encode()).hexdigest()}."


def _item(given: Any, call_key: str | None) -> NewDigest | PortalError:
    try:
        plain = _plain(given, call_key)
        return plain if plain is not None else _by_schema(given, call_key)
    except PortalError as error:
        return error


def _plain(given: Any, call_key: str | None) -> NewDigest | None:
    """The common case: known fields of the right types, one lower-case SHA-256."""
    if type(given) is not dict or not given.keys() <= _KNOWN:
        return None
    digests, size, key = given.get("digests"), given.get("size"), given.get("idempotency_key")
    if type(digests) is not dict or list(digests) != ["sha256"]:
        return None
    text = digests["sha256"]
    if type(text) is not str or _HEX.fullmatch(text) is None:
        return None
    texts = [given.get(name, "") for name in _TEXTS]
    if not all(type(each) is str for each in texts) or not (key is None or type(key) is str):
        return None
    if size is not None and (type(size) is not int or not 0 <= size < 2**53):
        return None
    return NewDigest(
        (Digest("sha256", bytes.fromhex(text)),),
        Metadata(*texts),
        size,
        call_key if key is None else key,
    )


def _by_schema(given: object, call_key: str | None) -> NewDigest:
    key = None
    if isinstance(given, dict) and "idempotency_key" in given:
        key = given["idempotency_key"]
        given = {name: value for name, value in given.items() if name != "idempotency_key"}
        if key is not None and not isinstance(key, str):
            raise BadInput("invalid", "Not a valid string.", field="idempotency_key")
    values = loaded(given)
    digests = tuple(digests_from(values["digests"]))
    own = call_key if key is None else key
    signing = cosigning_from(values["id"], values["signature"])
    return NewDigest(digests, metadata_from(values), values["size"], own, signing)


def _result(place: int, outcome: BatchOutcome, base: str) -> dict[str, Any]:
    if isinstance(outcome, Accepted):
        status, deposit = 200 if outcome.replayed else 201, outcome.deposit
        digests = {"sha256": deposit.sha256, **({"sm3": deposit.sm3} if deposit.sm3 else {})}
        shown = {
            "id": deposit.id,
            "number": deposit.number,
            "state": str(deposit.state),
            "digests": digests,
            "received_at": instant(deposit.received_at),
            "link": f"{base}/{deposit.id}",
        }
        return {"index": place, "status": status, "deposit": shown, "error": None}
    message = gettext(outcome.message, **outcome.params)
    error = {"code": outcome.code, "message": message, "field": outcome.field}
    return {"index": place, "status": outcome.status, "deposit": None, "error": error}
