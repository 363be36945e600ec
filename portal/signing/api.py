"""REST: ``/api/v1/signing-keys``: one's keys, and what a deposit's transaction has to say."""

# flask-smorest has no type information, so its decorators have none to keep.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any

from flask import Response, jsonify
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from chain_adapter.algorithms import algorithm_of
from chain_adapter.signature import LENGTHS
from portal.api.schemas import TIME
from portal.signing.models import SCHEMES, SigningKey
from portal.signing.names import certificate_names
from portal.ui.context import current_actor, services

blueprint = Blueprint(
    "signing_api",
    __name__,
    url_prefix="/api/v1/signing-keys",
    description="Sign deposits oneself.",
)
_KEY_ID = {"example": "ed25519:3f6a3c1d8e216f9d7a520a5e4b0c9a53"}


class SigningKeySchema(Schema):
    """A key; the portal shows no private one, ever."""

    key_id = fields.String(required=True, metadata=_KEY_ID)
    scheme = fields.String(required=True, validate=validate.OneOf(SCHEMES))
    algorithm = fields.String(required=True, validate=validate.OneOf(list(LENGTHS)))
    label = fields.String(required=True, metadata={"example": "Laptop in the office"})
    subject = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Of a certificate.", "example": None},
    )
    issuer = fields.String(required=True, allow_none=True, metadata={"example": None})
    created_at = fields.String(required=True, metadata=TIME)
    revoked_at = fields.String(required=True, allow_none=True, metadata={"example": None})


class SigningSchema(Schema):
    """``platform``, ``kind`` and the ``digests`` go into the transaction that is signed."""

    platform = fields.String(required=True, metadata=_KEY_ID)
    kind = fields.String(required=True, metadata={"example": "deposit"})
    digests = fields.List(
        fields.String(),
        required=True,
        metadata={
            "description": "What is recorded of an uploaded file: all of these are signed.",
            "example": ["sha256"],
        },
    )
    keys = fields.List(fields.Nested(SigningKeySchema), required=True)


@blueprint.route("")
class SigningKeys(MethodView):
    @blueprint.doc(operationId="listSigningKeys")
    @blueprint.response(200, SigningSchema)
    def get(self) -> Response:
        """One's signing keys, and what a transaction has to name."""
        return jsonify(described())


def described() -> dict[str, Any]:
    """As :class:`SigningSchema` says."""
    signing = services().signing
    return {
        "platform": signing.platform,
        "kind": signing.kind,
        "digests": list(services().deposits.limits().algorithms),
        "keys": [shown(each) for each in signing.keys(current_actor())],
    }


def shown(key: SigningKey) -> dict[str, Any]:
    """As :class:`SigningKeySchema` says."""
    names = certificate_names(key.key)
    return {
        "key_id": key.key_id,
        "scheme": key.scheme,
        "algorithm": algorithm_of(key.key),
        "label": key.label,
        "subject": names.subject if names else None,
        "issuer": names.issuer if names else None,
        "created_at": _time(key.created_at),
        "revoked_at": _time(key.revoked_at) if key.revoked_at else None,
    }


def _time(moment: Any) -> str:
    return str(moment.isoformat()).replace("+00:00", "Z")
