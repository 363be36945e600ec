"""REST: ``/api/v1/ledger/nodes``. Anybody may see who watches the ledger."""

# flask-smorest has no type information, so its decorators have none to keep.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from portal.nodes.service import Node, Standing
from portal.ui.context import services

blueprint = Blueprint(
    "nodes_api",
    __name__,
    url_prefix="/api/v1/ledger",
    description="The nodes that cosign the ledger, and further ledgers that follow it.",
)


class NodeSchema(Schema):
    """One node. ``size`` and ``time`` are those of its newest cosignature that this portal holds;
    ``claimed``, ``block`` and ``trouble`` are its own words or about them."""

    name = fields.String(required=True, metadata={"example": "node-a.example"})
    key = fields.String(required=True)
    standing = fields.String(
        required=True, validate=validate.OneOf([each.value for each in Standing])
    )
    size = fields.Integer(required=True, metadata={"example": 42})
    missing = fields.Integer(required=True, metadata={"example": 0})
    time = fields.String(required=True, allow_none=True, metadata={"format": "date-time"})
    claimed = fields.Integer(required=True, allow_none=True)
    block = fields.Integer(required=True, allow_none=True, metadata={"example": 7})
    trouble = fields.String(required=True)


class OtherSchema(Schema):
    """A further ledger."""

    ledger = fields.String(required=True)
    ok = fields.Boolean(required=True)
    size = fields.Integer(required=True, allow_none=True)


class MapSchema(Schema):
    """``cosigned`` of the ``size`` entries stand under a tree that ``need`` nodes have cosigned."""

    origin = fields.String(required=True, metadata={"example": "ledger.example.com"})
    size = fields.Integer(required=True, metadata={"example": 42})
    need = fields.Integer(required=True, metadata={"example": 3})
    cosigned = fields.Integer(required=True, metadata={"example": 42})
    awaited = fields.List(fields.String(), required=True)
    nodes = fields.List(fields.Nested(NodeSchema), required=True)
    others = fields.List(fields.Nested(OtherSchema), required=True)


@blueprint.route("/nodes")
class Nodes(MethodView):
    @blueprint.doc(operationId="getLedgerNodes")
    @blueprint.response(200, MapSchema)
    def get(self) -> Response:
        """The ledger's nodes and how each stands."""
        seen = services().nodes.now()
        answer = jsonify(
            origin=seen.origin,
            size=seen.size,
            need=seen.need,
            cosigned=seen.cosigned,
            awaited=list(seen.awaited),
            nodes=[_node(each) for each in seen.nodes],
            others=[
                {"ledger": each.ledger, "ok": each.ok, "size": each.size} for each in seen.others
            ],
        )
        answer.headers["Cache-Control"] = "public, max-age=2"
        return answer


def _node(node: Node) -> dict[str, Any]:
    view = node.view
    return {
        "name": view.name,
        "key": view.vkey,
        "standing": str(node.standing),
        "size": view.size,
        "missing": node.missing,
        "time": view.time.isoformat().replace("+00:00", "Z") if view.time else None,
        "claimed": view.claimed,
        "block": view.block[0] if view.block else None,
        "trouble": node.trouble,
    }
