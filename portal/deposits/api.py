"""REST: ``/api/v1/deposits``. A file as multipart/form-data, or digests as JSON."""

# flask-smorest has no type information, so its decorators have none to keep.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, request, url_for
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from portal.deposits.attachments import attachment
from portal.deposits.models import Deposit
from portal.deposits.reading import DepositFilter
from portal.deposits.records import Metadata
from portal.deposits.schemas import (
    DepositPageSchema,
    DepositSchema,
    ErrorSchema,
    NewDigestSchema,
    PackageQuerySchema,
    QuerySchema,
    digests_from,
    metadata_from,
    shown,
)
from portal.deposits.service import Accepted
from portal.deposits.uploads import intake_of
from portal.problems import BadInput
from portal.ui.context import current_actor, services

blueprint = Blueprint(
    "deposits_api",
    __name__,
    url_prefix="/api/v1/deposits",
    description="Deposit a file or its digests, follow it, take the evidence away.",
)
_NEW_DIGEST = NewDigestSchema()
_FORM_FIELDS = frozenset({"title", "note", "filename", "sha256", "sm3", "csrf_token"})
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key with the same request answers with the same deposit (200).",
    "schema": {"type": "string", "maxLength": 128},
}
_FORM = {
    "type": "object",
    "required": ["file"],
    "additionalProperties": False,
    "properties": {
        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
        "title": {"type": "string"},
        "note": {"type": "string"},
        "filename": {"type": "string", "description": "In place of the file part's own name."},
        "sha256": {"type": "string", "description": "What the file must have."},
        "sm3": {"type": "string"},
    },
}


@blueprint.route("")
class DepositList(MethodView):
    """All deposits of the caller."""

    @blueprint.arguments(QuerySchema, location="query")
    @blueprint.response(200, DepositPageSchema)
    @blueprint.alt_response(422, schema=ErrorSchema)
    def get(self, query: dict[str, Any]) -> Response:
        """List one's deposits, newest first."""
        wanted = DepositFilter(query["state"], query["text"], query["since"], query["until"])
        page = services().deposits.page(current_actor(), wanted, query["cursor"], query["size"])
        return jsonify(items=[_shown(each) for each in page.items], cursor=page.cursor)

    @blueprint.doc(
        parameters=[_IDEMPOTENCY],
        requestBody={
            "required": True,
            "content": {
                "application/json": {"schema": NewDigestSchema},
                "multipart/form-data": {"schema": _FORM},
            },
        },
    )
    @blueprint.response(201, DepositSchema)
    @blueprint.alt_response(200, schema=DepositSchema, description="Accepted before")
    @blueprint.alt_response(409, schema=ErrorSchema)
    @blueprint.alt_response(413, schema=ErrorSchema)
    @blueprint.alt_response(415, schema=ErrorSchema)
    @blueprint.alt_response(422, schema=ErrorSchema)
    @blueprint.alt_response(503, schema=ErrorSchema)
    def post(self) -> Response:
        """Deposit a file (multipart) or digests (JSON). Accepted means durably recorded."""
        if request.mimetype == "application/json":
            accepted = _deposit_digests()
        elif request.mimetype == "multipart/form-data":
            accepted = _deposit_file()
        else:
            raise UnsupportedMediaType("Send multipart/form-data or application/json.")
        answer = jsonify(_shown(accepted.deposit))
        answer.status_code = 200 if accepted.replayed else 201
        answer.headers["Location"] = _link(accepted.deposit, "One")
        return answer


@blueprint.route("/<string:deposit_id>")
class DepositOne(MethodView):
    @blueprint.response(200, DepositSchema)
    @blueprint.alt_response(404, schema=ErrorSchema)
    def get(self, deposit_id: str) -> Response:
        """One deposit: its state, and which step waits for what."""
        return jsonify(_shown(services().deposits.get(current_actor(), deposit_id)))


@blueprint.route("/<string:deposit_id>/letter")
class DepositLetter(MethodView):
    @blueprint.response(200, {"type": "string"}, content_type="application/pdf")
    @blueprint.alt_response(404, schema=ErrorSchema)
    @blueprint.alt_response(409, schema=ErrorSchema)
    def get(self, deposit_id: str) -> Response:
        """The sealed letter, PDF/A-3b."""
        return attachment(services().deposits.letter(current_actor(), deposit_id))


@blueprint.route("/<string:deposit_id>/token")
class DepositToken(MethodView):
    @blueprint.response(200, {"type": "string"}, content_type="application/timestamp-reply")
    @blueprint.alt_response(404, schema=ErrorSchema)
    @blueprint.alt_response(409, schema=ErrorSchema)
    def get(self, deposit_id: str) -> Response:
        """The RFC 3161 response, as ``openssl ts -verify -in`` reads it."""
        return attachment(services().deposits.token(current_actor(), deposit_id))


@blueprint.route("/<string:deposit_id>/receipt")
class DepositReceipt(MethodView):
    @blueprint.response(200, {"type": "object"})
    @blueprint.alt_response(404, schema=ErrorSchema)
    @blueprint.alt_response(409, schema=ErrorSchema)
    def get(self, deposit_id: str) -> Response:
        """The ledger's receipt, RFC 8785 JSON."""
        return attachment(services().deposits.receipt(current_actor(), deposit_id))


@blueprint.route("/<string:deposit_id>/package")
class DepositPackage(MethodView):
    @blueprint.arguments(PackageQuerySchema, location="query")
    @blueprint.response(200, {"type": "string"}, content_type="application/zip")
    @blueprint.alt_response(404, schema=ErrorSchema)
    @blueprint.alt_response(409, schema=ErrorSchema)
    def get(self, query: dict[str, Any], deposit_id: str) -> Response:
        """The proof package, with the original when asked."""
        package = services().deposits.package(current_actor(), deposit_id, query["original"])
        return attachment(package)


@blueprint.route("/<string:deposit_id>/original")
class DepositOriginal(MethodView):
    @blueprint.response(200, {"type": "string"}, content_type="application/octet-stream")
    @blueprint.alt_response(404, schema=ErrorSchema)
    def get(self, deposit_id: str) -> Response:
        """The deposited bytes."""
        return attachment(services().deposits.original(current_actor(), deposit_id))


def _deposit_digests() -> Accepted:
    given = request.get_json()
    if not isinstance(given, dict):
        raise BadInput("json_object", "The JSON must be an object.")
    try:
        values: dict[str, Any] = _NEW_DIGEST.load(given)
    except ValidationError as error:
        field, reason = _first(error.messages)
        raise BadInput("invalid", "%(reason)s", field=field, reason=reason) from error
    return services().deposits.receive_digest(
        current_actor(),
        digests_from(values["digests"]),
        metadata_from(values),
        request.headers.get("Idempotency-Key"),
        values["size"],
    )


def _deposit_file() -> Accepted:
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
    )


def _first(messages: Any, path: str = "") -> tuple[str | None, str]:
    """The first finding of a schema: where, and what."""
    if isinstance(messages, dict) and messages:
        key, inner = next(iter(messages.items()))
        return _first(inner, f"{path}.{key}".strip("."))
    if isinstance(messages, list) and messages:
        return _first(messages[0], path)
    return path or None, str(messages)


def _shown(deposit: Deposit) -> dict[str, Any]:
    links = {"self": _link(deposit, "One")}
    links |= {"token": _link(deposit, "Token")} if deposit.token else {}
    links |= {"receipt": _link(deposit, "Receipt")} if deposit.receipts else {}
    if deposit.letter_key:
        links |= {"letter": _link(deposit, "Letter"), "package": _link(deposit, "Package")}
    links |= {"original": _link(deposit, "Original")} if deposit.vault_key else {}
    return shown(deposit, links)


def _link(deposit: Deposit, what: str) -> str:
    return url_for(f"deposits_api.Deposit{what}", deposit_id=deposit.id)
