"""Reading what a single deposit's request carries: digests as JSON, or a file as a form."""

from __future__ import annotations

from typing import Any, Final

from flask import request
from marshmallow import ValidationError

from portal.deposits.filenames import MAX_NAME
from portal.deposits.records import MAX_NOTE, MAX_TITLE, Metadata
from portal.deposits.schemas import CHOSEN_ID, NewDigestSchema, digests_from, metadata_from
from portal.deposits.service import Accepted
from portal.deposits.uploads import intake_of
from portal.problems import BadInput
from portal.signing.reading import cosigning_from, cosigning_from_text
from portal.ui.context import current_actor, services

_NEW_DIGEST: Final = NewDigestSchema()
_TEXTS: Final = ("title", "note", "filename", "media_type")
_FIELDS: Final = frozenset({"digests", "size", *_TEXTS})
_FORM_FIELDS: Final = frozenset(
    {"title", "note", "filename", "sha256", "sm3", "csrf_token", "id", "signature"}
)
#: The form, as OpenAPI describes it.
FORM: Final = {
    "type": "object",
    "required": ["file"],
    "additionalProperties": False,
    "properties": {
        "file": {"type": "string", "format": "binary"},
        "title": {"type": "string", "maxLength": MAX_TITLE},
        "note": {"type": "string", "maxLength": MAX_NOTE},
        "filename": {
            "type": "string",
            "maxLength": MAX_NAME,
            "description": "In place of the file part's own name.",
        },
        "sha256": {"type": "string", "description": "What the file must have."},
        "sm3": {"type": "string", "description": "What the file must have."},
        "id": {"type": "string", **CHOSEN_ID},
        "signature": {
            "type": "string",
            "description": "As in the JSON of a deposit of digests, as JSON text.",
        },
    },
    "example": {"title": "Lease of 12 Harbour Road"},
}


def deposit_digests() -> Accepted:
    """Deposit the digests of this request's JSON."""
    values = loaded(request.get_json())
    return services().deposits.receive_digest(
        current_actor(),
        digests_from(values["digests"]),
        metadata_from(values),
        request.headers.get("Idempotency-Key"),
        values["size"],
        cosigning_from(values["id"], values["signature"]),
    )


def deposit_file() -> Accepted:
    """Deposit the file of this request's form; it has been streamed into the vault already."""
    form, file = request.form, request.files.get("file")
    unknown = sorted((form.keys() - _FORM_FIELDS) | (request.files.keys() - {"file"}))
    if unknown:
        name = unknown[0][:40]
        raise BadInput("unknown_field", "Unknown field %(name)s.", field=name, name=name)
    intake = intake_of(file)
    claimed = {name: form[name] for name in ("sha256", "sm3") if form.get(name)}
    metadata = Metadata(
        form.get("title", ""),
        form.get("note", ""),
        form.get("filename") or (file.filename or "" if file else ""),
        file.mimetype if file else "",
    )
    return services().deposits.receive_file(
        current_actor(),
        intake,
        metadata,
        request.headers.get("Idempotency-Key"),
        digests_from(claimed),
        cosigning_from_text(form.get("id"), form.get("signature")),
    )


def loaded(given: object) -> dict[str, Any]:
    """What a deposit of digests says.

    Raises:
        BadInput: naming the first field that is not right.
    """
    if not isinstance(given, dict):
        raise BadInput("json_object", "The JSON must be an object.")
    if (plain := plainly_right(given)) is not None:
        return plain
    try:
        values: dict[str, Any] = _NEW_DIGEST.load(given)
    except ValidationError as error:
        field, reason = _first(error.messages)
        raise BadInput("invalid", reason, field=field) from error
    return values


def plainly_right(given: dict[Any, Any]) -> dict[str, Any] | None:
    """What the schema would make of ``given``, when that can be seen at a glance; None leaves it to
    the schema, which decides everything else and words every refusal. A test holds this to the
    schema, which takes several times as long to say the same."""
    if not given.keys() <= _FIELDS:
        return None
    digests, size = given.get("digests"), given.get("size")
    if type(digests) is not dict or (size is not None and type(size) is not int):
        return None
    texts = {name: given.get(name, "") for name in _TEXTS}
    if any(type(each) is not str for each in (*texts.values(), *digests, *digests.values())):
        return None
    if size is not None and not 0 <= size < 2**53:
        return None
    return {"digests": digests, "size": size, "id": None, "signature": None, **texts}


def _first(messages: Any, path: str = "") -> tuple[str | None, str]:
    """The first finding of a schema: where, and what."""
    if isinstance(messages, dict) and messages:
        key, inner = next(iter(messages.items()))
        return _first(inner, f"{path}.{key}".strip("."))
    if isinstance(messages, list) and messages:
        return _first(messages[0], path)
    return path or None, str(messages)
