"""REST: ``/api/v1/webhooks``."""

# flask-smorest has no type information, so its decorators have none to keep.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, make_response, url_for
from flask.views import MethodView
from flask_smorest import Blueprint

from portal.api.schemas import ErrorSchema
from portal.ui.context import current_actor, services
from portal.webhooks.schemas import (
    AttemptSchema,
    ChangedWebhookSchema,
    DeliveryPageSchema,
    DeliveryQuerySchema,
    DeliverySchema,
    NewWebhookSchema,
    SecretSchema,
    WebhookListSchema,
    WebhookSchema,
    WebhookWithSecretSchema,
    shown,
    shown_attempt,
    shown_delivery,
)

blueprint = Blueprint(
    "webhooks_api",
    __name__,
    url_prefix="/api/v1/webhooks",
    description="Be told what happens to one's deposits, by Standard Webhooks.",
)


@blueprint.route("")
class WebhookList(MethodView):
    @blueprint.doc(operationId="listWebhooks")
    @blueprint.response(200, WebhookListSchema)
    def get(self) -> Response:
        """List the endpoints of whom the caller acts for."""
        return jsonify(items=[shown(each) for each in services().webhooks.listed(current_actor())])

    @blueprint.doc(operationId="createWebhook")
    @blueprint.arguments(NewWebhookSchema)
    @blueprint.response(201, WebhookWithSecretSchema)
    @blueprint.alt_response(409, schema=ErrorSchema)
    def post(self, given: dict[str, Any]) -> Response:
        """Add an endpoint. Its secret is in this answer and in no later one."""
        endpoint, secret = services().webhooks.create(
            current_actor(), given["url"], given["events"], given["description"]
        )
        answer = jsonify(shown(endpoint) | {"secret": secret})
        answer.status_code = 201
        answer.headers["Location"] = url_for("webhooks_api.WebhookOne", webhook_id=endpoint.id)
        return answer


@blueprint.route("/<string:webhook_id>")
class WebhookOne(MethodView):
    @blueprint.doc(operationId="getWebhook")
    @blueprint.response(200, WebhookSchema)
    def get(self, webhook_id: str) -> Response:
        """One endpoint."""
        return jsonify(shown(services().webhooks.get(current_actor(), webhook_id)))

    @blueprint.doc(operationId="changeWebhook")
    @blueprint.arguments(ChangedWebhookSchema)
    @blueprint.response(200, WebhookSchema)
    def patch(self, given: dict[str, Any], webhook_id: str) -> Response:
        """Change the address, the events, the description; enable or disable."""
        webhooks, actor = services().webhooks, current_actor()
        enabled = given.pop("enabled")
        if any(value is not None for value in given.values()):
            webhooks.change(actor, webhook_id, given["url"], given["events"], given["description"])
        if enabled is not None:
            (webhooks.enable if enabled else webhooks.disable)(actor, webhook_id)
        return jsonify(shown(webhooks.get(actor, webhook_id)))

    @blueprint.doc(operationId="removeWebhook")
    @blueprint.response(204)
    def delete(self, webhook_id: str) -> Response:
        """Remove an endpoint and its log."""
        services().webhooks.remove(current_actor(), webhook_id)
        return make_response("", 204)


@blueprint.route("/<string:webhook_id>/secret")
class WebhookSecret(MethodView):
    @blueprint.doc(operationId="rotateWebhookSecret")
    @blueprint.response(201, SecretSchema)
    def post(self, webhook_id: str) -> Response:
        """Make a new secret. For a day messages are signed with the old one too."""
        secret = services().webhooks.rotate(current_actor(), webhook_id)
        return make_response(jsonify(secret=secret), 201)


@blueprint.route("/<string:webhook_id>/test")
class WebhookTest(MethodView):
    @blueprint.doc(operationId="testWebhook")
    @blueprint.response(200, AttemptSchema)
    @blueprint.alt_response(409, schema=ErrorSchema)
    def post(self, webhook_id: str) -> Response:
        """Send ``webhook.test`` now, wait for the answer, and show it."""
        return jsonify(shown_attempt(services().webhooks.test(current_actor(), webhook_id)))


@blueprint.route("/<string:webhook_id>/deliveries")
class DeliveryList(MethodView):
    @blueprint.doc(operationId="listWebhookDeliveries")
    @blueprint.arguments(DeliveryQuerySchema, location="query")
    @blueprint.response(200, DeliveryPageSchema)
    def get(self, query: dict[str, Any], webhook_id: str) -> Response:
        """The delivery log, newest first."""
        page = services().webhooks.deliveries(
            current_actor(), webhook_id, query["cursor"], query["size"]
        )
        return jsonify(items=[shown_delivery(each) for each in page.items], cursor=page.cursor)


@blueprint.route("/<string:webhook_id>/deliveries/<string:delivery_id>")
class DeliveryOne(MethodView):
    @blueprint.doc(operationId="getWebhookDelivery")
    @blueprint.response(200, DeliverySchema)
    def get(self, webhook_id: str, delivery_id: str) -> Response:
        """One delivery and its attempts."""
        found = services().webhooks.delivery(current_actor(), webhook_id, delivery_id)
        return jsonify(shown_delivery(found))


@blueprint.route("/<string:webhook_id>/deliveries/<string:delivery_id>/resend")
class DeliveryResend(MethodView):
    @blueprint.doc(operationId="resendWebhookDelivery")
    @blueprint.response(202, DeliverySchema)
    @blueprint.alt_response(409, schema=ErrorSchema)
    def post(self, webhook_id: str, delivery_id: str) -> Response:
        """Send it again, under the same ``webhook-id``."""
        webhooks, actor = services().webhooks, current_actor()
        webhooks.resend(actor, webhook_id, delivery_id)
        found = shown_delivery(webhooks.delivery(actor, webhook_id, delivery_id))
        return make_response(jsonify(found), 202)
