"""Whose an endpoint is, and what one must be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.problems import BadInput, Conflict, Forbidden, NotFound
from portal.webhooks.addresses import Refused, judged, read_url
from portal.webhooks.events import events
from portal.webhooks.models import WebhookEndpoint
from portal.webhooks.sending import Sender

MAX_DESCRIPTION: Final = 200


def checked_url(text: str, sender: Sender, *, https_only: bool) -> str:
    """``text``, when webhooks may go there as things stand.

    Raises:
        BadInput: about the field ``url``.
    """
    text = text.strip()
    url = read_url(text, https_only=https_only)
    try:
        judged(url, sender.resolve, sender.allowed)
    except Refused as error:
        raise _refusal(error.code, url.host) from error
    return text


def _refusal(code: str, host: str) -> BadInput:
    if code == "unknown":
        message = "The name %(host)s has no address: look for a typing error."
        return BadInput("url_unknown", message, field="url", host=host)
    message = "%(host)s leads to an address that is not public: webhooks do not go there."
    return BadInput("url_refused", message, field="url", host=host)


def of_actor(actor: Actor) -> ColumnElement[bool]:
    if actor.organisation:
        return WebhookEndpoint.organisation_id == actor.organisation
    return and_(WebhookEndpoint.owner_id == actor.id, WebhookEndpoint.organisation_id == "")


def found(
    session: Session, actor: Actor, endpoint_id: str, *, changing: bool = False
) -> WebhookEndpoint:
    endpoint = session.scalar(
        select(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id, of_actor(actor))
    )
    if endpoint is None:
        raise NotFound("webhook_not_found", "There is no such webhook.")
    if changing:
        check_may_change(actor)
    return endpoint


def check_may_change(actor: Actor) -> None:
    if actor.organisation and actor.organisation_role != "manager":
        message = "Only managers of the organisation change its webhooks."
        raise Forbidden("webhook_managers", message)


def check_enabled(endpoint: WebhookEndpoint) -> None:
    if not endpoint.enabled:
        message = "This webhook is disabled, so nothing is sent. Enable it first."
        raise Conflict("webhook_disabled", message)


def checked_events(wanted: Sequence[str]) -> str:
    known = events()
    unknown = sorted(set(wanted) - set(known))
    if unknown:
        name = unknown[0][:64]
        raise BadInput("event", "There is no event %(name)s.", field="events", name=name)
    if not wanted:
        raise BadInput("events", "Choose at least one event.", field="events")
    return " ".join(name for name in known if name in set(wanted))


def checked_description(text: str) -> str:
    text = text.strip()
    if len(text) > MAX_DESCRIPTION or (text and not text.isprintable()):
        message = "A description has at most %(limit)s characters, on one line."
        raise BadInput("description", message, field="description", limit=MAX_DESCRIPTION)
    return text


def told_of(endpoint: WebhookEndpoint) -> dict[str, str | int]:
    return {"events": endpoint.events, "organisation": endpoint.organisation_id}
