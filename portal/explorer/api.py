"""REST: ``/api/v1/ledger``. Anybody may audit the ledger: checkpoint, entries, proofs."""

# flask-smorest has no type information, so its decorators have none to keep.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from base64 import b64encode
from typing import Any

from flask import Response, jsonify
from flask.views import MethodView
from flask_smorest import Blueprint

from chain_adapter import NotFound as NoEntry
from portal.api.schemas import ErrorSchema
from portal.explorer import service
from portal.explorer.schemas import (
    CONSISTENCY,
    PROOF,
    CheckpointSchema,
    ConsistencySchema,
    EntrySchema,
    OldSizeSchema,
    SizesSchema,
)
from portal.explorer.views import the_ledger
from portal.problems import NotFound

blueprint = Blueprint(
    "ledger_api",
    __name__,
    url_prefix="/api/v1/ledger",
    description="The public ledger: its newest checkpoint, its entries, and proofs about both. "
    "Raw tiles for auditing tools are at `/ledger/tile/…` (c2sp.org/tlog-tiles).",
)


@blueprint.route("/checkpoint")
class Checkpoint(MethodView):
    @blueprint.doc(operationId="getCheckpoint")
    @blueprint.response(200, CheckpointSchema)
    @blueprint.alt_response(404, schema=ErrorSchema)
    def get(self) -> Response:
        """The newest signed checkpoint."""
        top = service.head(the_ledger())
        return jsonify(
            origin=top.origin,
            size=top.size,
            root=top.root.hex(),
            time=top.time.isoformat(),
            note=top.note,
            key=top.vkey,
        )


@blueprint.route("/entries/<int:position>")
class LedgerEntry(MethodView):
    @blueprint.doc(operationId="getLedgerEntry")
    @blueprint.response(200, EntrySchema)
    def get(self, position: int) -> Response:
        """The entry at a position (from 0), and the proof that it is on the ledger."""
        top, found = _record(position)
        inclusion = {
            "size": top.size,
            "root": top.root.hex(),
            "path": [each.hex() for each in found.proof.path],
            "text": found.proof.encode().decode(),
        }
        return jsonify(
            position=found.index,
            leaf_hash=found.leaf.hex(),
            encoded=found.entry.encode().decode(),
            inclusion=inclusion,
        )


@blueprint.route("/entries/<int:position>/proof")
class LedgerProof(MethodView):
    @blueprint.doc(operationId="getLedgerEntryProof")
    @blueprint.response(200, {"type": "string"}, content_type="text/plain", example=PROOF)
    def get(self, position: int) -> Response:
        """The proof of inclusion as text, c2sp.org/tlog-proof."""
        _, found = _record(position)
        return Response(found.proof.encode(), mimetype="text/plain")


@blueprint.route("/consistency")
class Consistency(MethodView):
    @blueprint.arguments(SizesSchema, location="query")
    @blueprint.doc(operationId="getConsistency")
    @blueprint.response(200, ConsistencySchema)
    @blueprint.alt_response(404, schema=ErrorSchema)
    def get(self, query: dict[str, Any]) -> Response:
        """The proof that the ledger only grew between two sizes."""
        old, new, path, _ = _consistency(query["old"], query["new"])
        return jsonify(old=old, new=new, path=[each.hex() for each in path])


@blueprint.route("/consistency/proof")
class ConsistencyProof(MethodView):
    @blueprint.arguments(OldSizeSchema, location="query")
    @blueprint.doc(operationId="getConsistencyProof")
    @blueprint.response(200, {"type": "string"}, content_type="text/plain", example=CONSISTENCY)
    @blueprint.alt_response(404, schema=ErrorSchema)
    def get(self, query: dict[str, Any]) -> Response:
        """From the size you hold to the newest checkpoint, as text.

        It is what a witness is sent (c2sp.org/tlog-witness, add-checkpoint): the old size, the
        hashes in base64, an empty line, and the checkpoint.
        """
        old, _, path, note = _consistency(query["old"], None)
        lines = [f"old {old}", *(b64encode(each).decode() for each in path), "", note]
        return Response("\n".join(lines), mimetype="text/plain")


def _record(position: int) -> tuple[service.Head, service.Record]:
    ledger = the_ledger()
    top = service.head(ledger)
    try:
        return top, service.record(ledger, top, position)
    except NoEntry as error:
        message = (
            "The ledger has %(size)s entries, numbered from 0; there is none with this number."
        )
        raise NotFound("no_entry", message, size=top.size) from error


def _consistency(old: int, new: int | None) -> tuple[int, int, tuple[bytes, ...], str]:
    """Both sizes, the path, and the newest checkpoint."""
    ledger = the_ledger()
    top = service.head(ledger)
    larger = top.size if new is None else new
    try:
        return old, larger, ledger.consistency(old, larger), top.note
    except NoEntry as error:
        message = "The ledger has %(size)s entries, and the larger size comes second."
        raise NotFound("no_consistency", message, size=top.size) from error
