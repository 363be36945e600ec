"""REST: ``/api/v1/consortium``. Reading is public; handing a message in needs an account."""

# flask-smorest has no type information, so its decorators have none to keep.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from flask import Response, jsonify, request, url_for
from flask.views import MethodView
from flask_smorest import Blueprint

from chain_adapter.consortium.shapes import MAX_CONTENT
from portal.api.schemas import ErrorSchema
from portal.consortium.schemas import (
    ConsortiumSchema,
    MemberListSchema,
    MemberSchema,
    MessageSchema,
    shown_account,
    shown_message,
    shown_overview,
)
from portal.ui.context import current_actor, services

blueprint = Blueprint(
    "consortium_api",
    __name__,
    url_prefix="/api/v1/consortium",
    description="Members who govern themselves: the rule, the accounts, and the messages that "
    "move them. What messages are and how they are signed stands in `docs/consortium.md`.",
)


@blueprint.route("")
class Consortium(MethodView):
    @blueprint.doc(operationId="getConsortium")
    @blueprint.response(200, ConsortiumSchema)
    @blueprint.alt_response(404, schema=ErrorSchema)
    def get(self) -> Response:
        """The rule in force, the offices' keys of today, and the domain of signatures."""
        return jsonify(shown_overview(services().consortium.reading.overview()))


@blueprint.route("/members")
class MemberList(MethodView):
    @blueprint.doc(operationId="listMembers")
    @blueprint.response(200, MemberListSchema)
    @blueprint.alt_response(404, schema=ErrorSchema)
    def get(self) -> Response:
        """All accounts, in the order of their first registration."""
        accounts = services().consortium.reading.accounts()
        return jsonify(items=[shown_account(each) for each in accounts])


@blueprint.route("/members/<string:identity>")
class MemberOne(MethodView):
    @blueprint.doc(operationId="getMember")
    @blueprint.response(200, MemberSchema)
    @blueprint.alt_response(404, schema=ErrorSchema)
    def get(self, identity: str) -> Response:
        """One account."""
        return jsonify(shown_account(services().consortium.reading.account(identity)))


@blueprint.route("/messages")
class MessageList(MethodView):
    @blueprint.doc(
        operationId="postMemberMessage",
        requestBody={
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
    )
    @blueprint.response(201, MessageSchema)
    @blueprint.alt_response(409, schema=ErrorSchema)
    @blueprint.alt_response(422, schema=ErrorSchema)
    def post(self) -> Response:
        """Hand in a signed message, or further signatures of one that waits for them.

        A message that only lacks signatures is `collecting` until enough have signed.
        """
        consortium = services().consortium
        given = request.stream.read(MAX_CONTENT + 1)
        row = consortium.collecting.post(current_actor(), given)
        answer = jsonify(shown_message(consortium.reading.message(row.id)))
        answer.status_code = 201
        answer.headers["Location"] = url_for("consortium_api.MessageOne", message_id=row.id)
        return answer


@blueprint.route("/messages/<string:message_id>")
class MessageOne(MethodView):
    @blueprint.doc(operationId="getMemberMessage")
    @blueprint.response(200, MessageSchema)
    @blueprint.alt_response(404, schema=ErrorSchema)
    def get(self, message_id: str) -> Response:
        """One message: its state, and who still has to sign."""
        return jsonify(shown_message(services().consortium.reading.message(message_id)))
