"""From the custody log to deliveries: follow the log by a stored cursor.

Deliveries are written in the transaction that moves the cursor, so an entry becomes exactly one
delivery for each endpoint that wants it, whatever is killed when.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from portal.accounts.standing import open_accounts
from portal.audit.models import AuditEntry
from portal.audit.service import head
from portal.database import Database
from portal.deposits.telling import Told, told
from portal.webhooks.events import Happening, payload
from portal.webhooks.models import (
    DeliveryState,
    StopReason,
    WebhookCursor,
    WebhookDelivery,
    WebhookEndpoint,
)
from portal.webhooks.stopping import Stopping

#: Entries looked at in one transaction.
_CHUNK: Final = 500
#: So many deliveries wait for one endpoint at most; more would fill the disk for nobody's good.
MOST_WAITING: Final = 100_000
_SUBJECT: Final = "deposit:"


class Feed:
    """``gather`` may run in any number of threads and processes at once."""

    def __init__(
        self,
        database: Database,
        base_url: str,
        clock: Callable[[], datetime],
        stopping: Stopping,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._database, self._base_url, self._clock = database, base_url, clock
        self._stopping = stopping
        self._most_waiting = most_waiting

    def gather(self) -> int:
        """Turn the next entries into deliveries; how many were made."""
        with self._database.reading() as session:
            cursor, end = _cursor(session), head(session).size
            if cursor >= end:
                return 0
            endpoints = _listening(session)
            found = _entries(session, cursor, end, endpoints)
            deposits = told(session, {each.deposit_id for each in found})
        made = self._made(found, deposits, endpoints)
        # A full chunk may end before the log does; anything less was all there was.
        reached = found[-1].seq if len(found) == _CHUNK else end
        with self._database.transaction() as session:
            if not _move(session, cursor, reached):
                return 0  # somebody else was quicker, and made the same deliveries
            made = self._still_wanted(session, made)
            if made:
                session.execute(insert(WebhookDelivery), made)
                self._bound(session, {str(each["endpoint_id"]) for each in made})
        return len(made)

    def _made(
        self,
        found: Sequence[Happening],
        deposits: dict[str, Told],
        endpoints: Sequence[WebhookEndpoint],
    ) -> list[dict[str, object]]:
        now, rows = self._clock(), []
        for happening in found:
            deposit = deposits.get(happening.deposit_id)
            for endpoint in endpoints:
                if deposit is not None and _wants(endpoint, happening, deposit):
                    body = payload(happening, deposit, self._base_url)
                    rows.append(_row(endpoint, happening, body, now))
        return rows

    def _still_wanted(
        self, session: Session, rows: list[dict[str, object]]
    ) -> list[dict[str, object]]:
        """Without those of endpoints that were disabled or removed since they were read."""
        wanted = {row["endpoint_id"] for row in rows}
        query = select(WebhookEndpoint.id).where(
            WebhookEndpoint.id.in_(wanted), WebhookEndpoint.enabled
        )
        left = set(session.scalars(query)) if wanted else set()
        return [row for row in rows if row["endpoint_id"] in left]

    def _bound(self, session: Session, endpoint_ids: set[str]) -> None:
        for endpoint_id in sorted(endpoint_ids):
            waiting = session.scalar(
                select(func.count()).where(
                    WebhookDelivery.endpoint_id == endpoint_id,
                    WebhookDelivery.state == DeliveryState.PENDING,
                )
            )
            if (waiting or 0) > self._most_waiting:
                self._stopping.stop(session, endpoint_id, StopReason.BACKLOG)


def _cursor(session: Session) -> int:
    return session.scalars(select(WebhookCursor.seq).where(WebhookCursor.id == 1)).one()


def _move(session: Session, expected: int, reached: int) -> bool:
    result = session.execute(
        update(WebhookCursor)
        .where(WebhookCursor.id == 1, WebhookCursor.seq == expected)
        .values(seq=reached)
    )
    return bool(result.rowcount == 1)  # type: ignore[attr-defined]


def _listening(session: Session) -> list[WebhookEndpoint]:
    """Enabled endpoints; of people's own, those whose account is open."""
    rows = list(session.scalars(select(WebhookEndpoint).where(WebhookEndpoint.enabled)))
    open_ids = open_accounts(session, {row.owner_id for row in rows})
    return [row for row in rows if row.organisation_id or row.owner_id in open_ids]


def _entries(
    session: Session, cursor: int, end: int, endpoints: Sequence[WebhookEndpoint]
) -> list[Happening]:
    wanted = {name for endpoint in endpoints for name in endpoint.event_names}
    if not wanted:
        return []
    query = (
        select(AuditEntry)
        .where(AuditEntry.seq > cursor, AuditEntry.seq <= end, AuditEntry.action.in_(wanted))
        .where(AuditEntry.subject.startswith(_SUBJECT))
        .order_by(AuditEntry.seq)
        .limit(_CHUNK)
    )
    return [_happening(row) for row in session.scalars(query)]


def _happening(row: AuditEntry) -> Happening:
    deposit_id = row.subject.removeprefix(_SUBJECT)
    return Happening(row.seq, row.at, row.action, deposit_id, json.loads(row.detail), row.hash)


def _wants(endpoint: WebhookEndpoint, happening: Happening, deposit: Told) -> bool:
    if happening.seq <= endpoint.after_seq or happening.action not in endpoint.event_names:
        return False
    if endpoint.organisation_id or deposit.organisation_id:
        return endpoint.organisation_id == deposit.organisation_id
    return endpoint.owner_id == deposit.owner_id


def _row(
    endpoint: WebhookEndpoint, happening: Happening, body: str, now: datetime
) -> dict[str, object]:
    return {
        "endpoint_id": endpoint.id,
        "message_id": happening.message_id,
        "event": happening.action,
        "payload": body,
        "seq": happening.seq,
        "state": DeliveryState.PENDING,
        "attempts": 0,
        "next_attempt_at": now,
        "created_at": now,
    }
