"""Disabled means stopped: nothing further is sent, and what waits is cancelled with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol

from sqlalchemy import update
from sqlalchemy.orm import Session

from portal.accounts.standing import address_of
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.webhooks.models import DeliveryState, StopReason, WebhookDelivery, WebhookEndpoint

_WORKER: Final = Actor.process("worker")
_WHY: Final = {
    StopReason.FAILING: (
        "连续多日没有一次成功送达。",
        "For days nothing got through.",
    ),
    StopReason.GONE: (
        "接收方答复 410，表示该地址不再接收。",
        "The receiver answered 410: it takes nothing any more.",
    ),
    StopReason.BACKLOG: (
        "待送达的消息过多。",
        "Too many messages were waiting.",
    ),
}


class Post(Protocol):
    """What is used of the mail service."""

    def __call__(self, session: Session, to: str, subject: str, text: str, /) -> object: ...


class Stopping:
    """Disables endpoints, in the caller's transaction."""

    def __init__(self, clock: Callable[[], datetime], page: str, post: Post | None = None) -> None:
        """``page`` is the address of the page with the webhooks; ``post`` sends mail."""
        self._clock, self._page, self._post = clock, page, post

    def stop(
        self, session: Session, endpoint_id: str, reason: StopReason, actor: Actor = _WORKER
    ) -> bool:
        """Disable, cancel what waits, note it in the custody log, and tell the owner unless they
        did it themselves. False when it was disabled already."""
        now = self._clock()
        changed = session.execute(
            update(WebhookEndpoint)
            .where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.enabled)
            .values(enabled=False, stop_reason=reason, stopped_at=now)
            .execution_options(synchronize_session=False)
        )
        if not changed.rowcount:  # type: ignore[attr-defined]
            return False
        cancel_waiting(session, endpoint_id, now)
        endpoint = session.get(WebhookEndpoint, endpoint_id, populate_existing=True)
        if endpoint is not None:
            detail = {"reason": str(reason)}
            record(session, actor, "webhook.disabled", endpoint.subject, detail)
            if reason is not StopReason.PERSON:
                self._tell(session, endpoint, reason)
        return True

    def _tell(self, session: Session, endpoint: WebhookEndpoint, reason: StopReason) -> None:
        to = address_of(session, endpoint.owner_id)
        if self._post is None or to is None:
            return
        chinese, english = _WHY[reason]
        text = (
            f"以下 Webhook 已被停用：\n{endpoint.url}\n{chinese}待送达的消息已取消。"
            f"修复后请在此重新启用：\n{self._page}\n\n"
            f"This webhook was disabled:\n{endpoint.url}\n{english} What was waiting is "
            f"cancelled. Once it is mended, enable it again here:\n{self._page}\n"
        )
        self._post(session, to, "Webhook 已停用 · Webhook disabled", text)


def cancel_waiting(session: Session, endpoint_id: str, now: datetime) -> None:
    """Nothing of this endpoint is sent any more."""
    session.execute(
        update(WebhookDelivery)
        .where(
            WebhookDelivery.endpoint_id == endpoint_id,
            WebhookDelivery.state == DeliveryState.PENDING,
        )
        .values(state=DeliveryState.CANCELLED, finished_at=now, lease=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )
