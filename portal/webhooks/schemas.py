"""What the API of webhooks takes and gives."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from portal.api.schemas import TIME
from portal.webhooks.events import events
from portal.webhooks.history import MAX_PAGE, Detail
from portal.webhooks.models import DeliveryState, StopReason, WebhookAttempt, WebhookEndpoint
from portal.webhooks.rules import MAX_DESCRIPTION

_ID = "6f9d7a52-0a5e-4b0c-9a53-3f6a3c1d8e21"
_URL = {"format": "uri", "example": "https://example.com/hooks/notary"}
_SECRET = {
    "description": "Shown this once: keep it, and verify signatures with it.",
    "example": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}
_EVENT_EXAMPLE = ["deposit.issued", "deposit.waiting"]


class _Strict(Schema):
    class Meta:
        unknown = RAISE


def _events(**more: Any) -> fields.List[str]:
    described = {"example": _EVENT_EXAMPLE, "uniqueItems": True}
    one = fields.String(validate=validate.OneOf(list(events())))
    return fields.List(one, validate=validate.Length(min=1), metadata=described, **more)


class NewWebhookSchema(_Strict):
    """Where to send, and what."""

    url = fields.String(required=True, metadata=_URL)
    events = _events(required=True)
    description = fields.String(
        load_default="", validate=validate.Length(max=MAX_DESCRIPTION), metadata={"example": "ERP"}
    )


class ChangedWebhookSchema(_Strict):
    """What is left out stays as it is."""

    url = fields.String(load_default=None, metadata=_URL)
    events = _events(load_default=None)
    description = fields.String(
        load_default=None, validate=validate.Length(max=MAX_DESCRIPTION), metadata={"example": ""}
    )
    enabled = fields.Boolean(
        load_default=None,
        metadata={
            "description": "Disabled means stopped: what waits is cancelled, nothing is sent.",
            "example": True,
        },
    )


class WebhookSchema(Schema):
    """An endpoint. The secret is never in it."""

    id = fields.String(required=True, metadata={"example": _ID})
    url = fields.String(required=True, metadata=_URL)
    events = fields.List(fields.String(), required=True, metadata={"example": _EVENT_EXAMPLE})
    description = fields.String(required=True, metadata={"example": "ERP"})
    enabled = fields.Boolean(required=True, metadata={"example": True})
    stop_reason = fields.String(
        required=True,
        validate=validate.OneOf(list(StopReason)),
        metadata={"description": "Why it is disabled; empty while it is enabled.", "example": ""},
    )
    failing_since = fields.DateTime(required=True, allow_none=True, metadata=TIME)
    created_at = fields.DateTime(required=True, metadata=TIME)


class WebhookWithSecretSchema(WebhookSchema):
    """Right after creation, the only time the secret is shown."""

    secret = fields.String(required=True, metadata=_SECRET)


class SecretSchema(Schema):
    """A new secret. For a day messages carry a signature of the old one too."""

    secret = fields.String(required=True, metadata=_SECRET)


class WebhookListSchema(Schema):
    items = fields.List(fields.Nested(WebhookSchema), required=True)


class AttemptSchema(Schema):
    """One try: what came back, and how long it took."""

    at = fields.DateTime(required=True, metadata=TIME)
    number = fields.Integer(required=True, metadata={"example": 1})
    status = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "HTTP status; null when no answer came.", "example": 204},
    )
    milliseconds = fields.Integer(required=True, metadata={"example": 48})
    fault = fields.String(
        required=True,
        metadata={"description": "Empty when acknowledged by a 2xx status.", "example": ""},
    )
    answer = fields.String(
        required=True, metadata={"description": "The first KiB of the answer.", "example": ""}
    )


class DeliverySchema(Schema):
    id = fields.String(required=True, metadata={"example": _ID})
    message_id = fields.String(
        required=True,
        metadata={
            "description": "The header webhook-id; the same at every attempt.",
            "example": "msg_5d41402abc4b2a76b9719d911017c592",
        },
    )
    event = fields.String(required=True, metadata={"example": "deposit.issued"})
    state = fields.String(required=True, validate=validate.OneOf(list(DeliveryState)))
    created_at = fields.DateTime(required=True, metadata=TIME)
    next_attempt_at = fields.DateTime(required=True, allow_none=True, metadata=TIME)
    attempts = fields.List(fields.Nested(AttemptSchema), required=True)


class DeliveryPageSchema(Schema):
    items = fields.List(fields.Nested(DeliverySchema), required=True)
    cursor = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Asks for the next page; null on the last one.", "example": None},
    )


class DeliveryQuerySchema(_Strict):
    cursor = fields.String(load_default=None, metadata={"description": "From the page before."})
    size = fields.Integer(
        load_default=50, validate=validate.Range(1, MAX_PAGE), metadata={"example": 50}
    )


def shown(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "events": list(endpoint.event_names),
        "description": endpoint.description,
        "enabled": endpoint.enabled,
        "stop_reason": endpoint.stop_reason,
        "failing_since": _time(endpoint.failing_since),
        "created_at": _time(endpoint.created_at),
    }


def shown_delivery(detail: Detail) -> dict[str, Any]:
    row = detail.delivery
    waits = row.state == DeliveryState.PENDING
    return {
        "id": row.id,
        "message_id": row.message_id,
        "event": row.event,
        "state": row.state,
        "created_at": _time(row.created_at),
        "next_attempt_at": _time(row.next_attempt_at) if waits else None,
        "attempts": [shown_attempt(each) for each in detail.attempts],
    }


def shown_attempt(attempt: WebhookAttempt) -> dict[str, Any]:
    return {
        "at": _time(attempt.at),
        "number": attempt.number,
        "status": attempt.status,
        "milliseconds": attempt.milliseconds,
        "fault": attempt.fault,
        "answer": attempt.answer,
    }


def _time(when: Any) -> str | None:
    return None if when is None else when.isoformat()
