"""REST: ``/api/v1/key``. A program asks which key it was given, and what it may do with it."""

# flask-smorest has no type information, so its decorators have none to keep.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from flask import Response, g, jsonify
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields, validate

from portal.accounts.keys import SCOPES, KeyHolder, key_of
from portal.api.schemas import TIME, ErrorSchema
from portal.problems import NotFound
from portal.ui.context import services

blueprint = Blueprint(
    "key_api",
    __name__,
    url_prefix="/api/v1/key",
    description="What the key you send is and may do.",
)


class KeySchema(Schema):
    """A key; its secret half is shown nowhere."""

    id = fields.String(
        required=True,
        metadata={"description": "What follows `nep_`.", "example": "3k7m9qxt2c4e6g8j"},
    )
    name = fields.String(required=True, metadata={"example": "Archive of the sales office"})
    scopes = fields.List(
        fields.String(validate=validate.OneOf(SCOPES)),
        required=True,
        metadata={"example": list(SCOPES)},
    )
    holder = fields.String(
        required=True, metadata={"description": "Whom it speaks for.", "example": "Li Ming"}
    )
    roles = fields.List(fields.String(), required=True, metadata={"example": ["depositor"]})
    organisation = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Id of the organisation it acts for.", "example": None},
    )
    created_at = fields.String(required=True, metadata=TIME)
    expires_at = fields.String(required=True, allow_none=True, metadata=TIME)
    last_used_at = fields.String(
        required=True,
        allow_none=True,
        metadata=TIME | {"description": "Kept to about five minutes."},
    )


@blueprint.route("")
class OwnKey(MethodView):
    @blueprint.doc(operationId="getKey")
    @blueprint.response(200, KeySchema)
    @blueprint.alt_response(404, schema=ErrorSchema)
    def get(self) -> Response:
        """The key this very request was sent with."""
        holder: KeyHolder | None = g.get("api_key")
        if holder is None:
            raise NotFound("no_key", "This request was sent by a browser's session, without a key.")
        key = key_of(services().database, holder)
        return jsonify(
            id=key.id,
            name=key.name,
            scopes=key.scopes.split(),
            holder=holder.name,
            roles=sorted(holder.roles),
            organisation=holder.organisation_id,
            created_at=key.created_at.isoformat(),
            expires_at=key.expires_at.isoformat() if key.expires_at else None,
            last_used_at=key.last_used_at.isoformat() if key.last_used_at else None,
        )
