"""REST: ``/api/v1/deposits``. A file as multipart/form-data, or digests as JSON."""

# flask-smorest has no type information, so its decorators have none to keep.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any, Final

from flask import Response, jsonify, request
from flask.sansio.blueprints import BlueprintSetupState
from flask.views import MethodView
from flask_smorest import Blueprint
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.routing import BaseConverter

from portal.api.schemas import ErrorSchema
from portal.deposits.batch import BatchAnswerSchema, BatchSchema, batch_answer, batch_items
from portal.deposits.bodies import FORM, deposit_digests, deposit_file
from portal.deposits.models import Deposit
from portal.deposits.schemas import (
    PROOF,
    RECEIPT,
    DepositPageSchema,
    DepositSchema,
    NewDigestSchema,
    PackageQuerySchema,
    QuerySchema,
    shown,
)
from portal.deposits.service import DepositFilter, NewDigest
from portal.headers import send_with
from portal.ui.attachments import attachment
from portal.ui.context import current_actor, services, this_request

_PREFIX: Final = "/api/v1/deposits"
blueprint = Blueprint(
    "deposits_api",
    __name__,
    url_prefix=_PREFIX,
    description="Deposit a file or its digests, follow it, take the evidence away.",
)
_IDEMPOTENCY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key with the same request answers with the same deposit (200).",
    "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
    "example": "lease-2026-11-21",
}
_BYTES = {"type": "string", "format": "binary"}


class DepositConverter(BaseConverter):
    """A deposit's id in an address; no id is the word that names the batch."""

    regex = "(?!batch$)[^/]+"


@blueprint.record_once
def _addresses(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["deposit"] = DepositConverter


@blueprint.route("")
class DepositList(MethodView):
    """All deposits of the caller."""

    @blueprint.doc(operationId="listDeposits")
    @blueprint.arguments(QuerySchema, location="query")
    @blueprint.response(200, DepositPageSchema)
    def get(self, query: dict[str, Any]) -> Response:
        """List one's deposits, newest first."""
        wanted = DepositFilter(query["state"], query["text"], query["since"], query["until"])
        page = services().deposits.page(current_actor(), wanted, query["cursor"], query["size"])
        return jsonify(items=[_shown(each) for each in page.items], cursor=page.cursor)

    @blueprint.doc(
        parameters=[_IDEMPOTENCY],
        operationId="createDeposit",
        requestBody={
            "required": True,
            "content": {
                "application/json": {"schema": NewDigestSchema},
                "multipart/form-data": {"schema": FORM},
            },
        },
    )
    @blueprint.response(201, DepositSchema)
    @blueprint.alt_response(200, schema=DepositSchema, description="Accepted before")
    @blueprint.alt_response(409, schema=ErrorSchema)
    def post(self) -> Response:
        """Deposit a file (multipart) or digests (JSON). Accepted means durably recorded."""
        if request.mimetype == "application/json":
            accepted = deposit_digests()
        elif request.mimetype == "multipart/form-data":
            accepted = deposit_file()
        else:
            raise UnsupportedMediaType("Send multipart/form-data or application/json.")
        deposit = _shown(accepted.deposit)
        answer = jsonify(deposit)
        answer.status_code = 200 if accepted.replayed else 201
        send_with(answer, "Location", deposit["links"]["self"])
        return answer


@blueprint.route("/batch")
class DepositBatch(MethodView):
    @blueprint.doc(
        operationId="createDeposits",
        parameters=[_IDEMPOTENCY],
        requestBody={
            "required": True,
            "content": {"application/json": {"schema": BatchSchema}},
        },
    )
    @blueprint.response(200, BatchAnswerSchema, description="Each item's own answer, in order")
    def post(self) -> Response:
        """Deposit up to 10,000 digests at once, each answered for itself.

        The answer is 200 also when items were refused: what became of item *i* stands in
        `results[i]`, with the status and the error that a single deposit would have been given. A
        refused item holds up none of its neighbours.

        Each item may have an `idempotency_key` of its own. With the header `Idempotency-Key` every
        item without one gets one from the header and its place, so that the whole call may be sent
        again unchanged.
        """
        request.max_content_length = services().settings.max_batch_bytes
        items = batch_items(request.get_json(), request.headers.get("Idempotency-Key"))
        good = [each for each in items if isinstance(each, NewDigest)]
        outcomes = iter(services().deposits.receive_many(current_actor(), good))
        return batch_answer(
            [next(outcomes) if isinstance(each, NewDigest) else each for each in items]
        )


@blueprint.route("/<deposit:deposit_id>")
class DepositOne(MethodView):
    @blueprint.doc(operationId="getDeposit")
    @blueprint.response(200, DepositSchema)
    def get(self, deposit_id: str) -> Response:
        """One deposit: its state, and which step waits for what."""
        return jsonify(_shown(services().deposits.get(current_actor(), deposit_id)))


@blueprint.route("/<deposit:deposit_id>/letter")
class DepositLetter(MethodView):
    @blueprint.doc(operationId="getLetter")
    @blueprint.response(200, _BYTES, content_type="application/pdf")
    @blueprint.alt_response(409, schema=ErrorSchema)
    def get(self, deposit_id: str) -> Response:
        """The sealed letter, PDF/A-3b."""
        return attachment(services().deposits.letter(current_actor(), deposit_id))


@blueprint.route("/<deposit:deposit_id>/token")
class DepositToken(MethodView):
    @blueprint.doc(operationId="getToken")
    @blueprint.response(200, _BYTES, content_type="application/timestamp-reply")
    @blueprint.alt_response(409, schema=ErrorSchema)
    def get(self, deposit_id: str) -> Response:
        """The RFC 3161 response, as openssl ts -verify -in reads it."""
        return attachment(services().deposits.token(current_actor(), deposit_id))


@blueprint.route("/<deposit:deposit_id>/receipt")
class DepositReceipt(MethodView):
    @blueprint.doc(operationId="getReceipt")
    @blueprint.response(200, RECEIPT)
    @blueprint.alt_response(409, schema=ErrorSchema)
    def get(self, deposit_id: str) -> Response:
        """The ledger's receipt, RFC 8785 JSON."""
        return attachment(services().deposits.receipt(current_actor(), deposit_id))


@blueprint.route("/<deposit:deposit_id>/proof")
class DepositProof(MethodView):
    @blueprint.doc(operationId="getProof")
    @blueprint.response(200, {"type": "string"}, content_type="text/plain", example=PROOF)
    @blueprint.alt_response(409, schema=ErrorSchema)
    def get(self, deposit_id: str) -> Response:
        """The proof that the entry is on the ledger, as c2sp.org/tlog-proof writes it."""
        return attachment(services().deposits.proof(current_actor(), deposit_id))


@blueprint.route("/<deposit:deposit_id>/package")
class DepositPackage(MethodView):
    @blueprint.doc(operationId="getPackage")
    @blueprint.arguments(PackageQuerySchema, location="query")
    @blueprint.response(200, _BYTES, content_type="application/zip")
    @blueprint.alt_response(409, schema=ErrorSchema)
    @blueprint.alt_response(410, schema=ErrorSchema)
    def get(self, query: dict[str, Any], deposit_id: str) -> Response:
        """The proof package, with the original when asked."""
        package = services().deposits.package(current_actor(), deposit_id, query["original"])
        return attachment(package)


@blueprint.route("/<deposit:deposit_id>/original")
class DepositOriginal(MethodView):
    @blueprint.doc(operationId="getOriginal")
    @blueprint.response(200, _BYTES, content_type="application/octet-stream")
    @blueprint.alt_response(410, schema=ErrorSchema)
    def get(self, deposit_id: str) -> Response:
        """The deposited bytes."""
        return attachment(services().deposits.original(current_actor(), deposit_id))


def _shown(deposit: Deposit) -> dict[str, Any]:
    # As the rules above are written: asking the router takes longer than all the rest of this.
    here = f"{this_request().script_root}{_PREFIX}/{deposit.id}"
    parts = ["token"] if deposit.token else []
    parts += ["receipt", "proof"] if deposit.receipts else []
    parts += ["letter", "package"] if deposit.has_letter else []
    parts += ["original"] if deposit.vault_key else []
    return shown(deposit, {"self": here, **{part: f"{here}/{part}" for part in parts}})
