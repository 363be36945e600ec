"""What the parts of this feature work with, and the few things all of them say."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from forensics.desktop.interface import DesktopSpec, Limits
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.captures.hosts import Hosts
from portal.captures.models import Capture, CaptureState
from portal.database import advance
from portal.deposits.tools import Tools
from portal.organisations.acting import acting_for

WORKER = Actor.process("worker")


@dataclass(frozen=True)
class Kit:
    """The deposits' tools, and the desktop hosts."""

    tools: Tools
    hosts: Hosts


def actor_text(actor: Actor) -> str:
    """``actor`` for a row; :func:`actor_of` reads it again."""
    return json.dumps(asdict(actor) | {"roles": sorted(actor.roles)}, ensure_ascii=False)


def actor_of(text: str, kit: Kit) -> Actor | None:
    """Who asked, as they stand now: None when they no longer belong to the organisation."""
    value: dict[str, Any] = json.loads(text)
    known = Actor(**value | {"roles": frozenset(value["roles"]), "via": "worker"})
    if not known.organisation:
        return known
    return acting_for(kit.tools.database, known, known.organisation)


def spec_of(capture: Capture, kit: Kit) -> DesktopSpec:
    """What a desktop host is asked for. The limit is a little later than the portal's own, which
    warns first."""
    settings = kit.tools.settings
    who: dict[str, Any] = json.loads(capture.actor)
    subject = {
        "platform": settings.platform_name_zh,
        "user": capture.owner_id,
        "name": str(who.get("name", "")),
        "organisation": str(who.get("organisation_name", "")),
        "case": capture.case_id or "",
        "title": capture.title,
        "purpose": capture.purpose,
    }
    return DesktopSpec(
        session=capture.session,
        width=capture.width,
        height=capture.height,
        language=capture.language,
        keyboard=capture.keyboard,
        timezone=settings.timezone,
        start_url=capture.start_url,
        urls=capture.addresses,
        limits=Limits(
            memory_bytes=settings.capture_memory_bytes,
            disk_bytes=settings.capture_disk_bytes,
            seconds=settings.capture_minutes * 60 + 30,
        ),
        subject={name: text for name, text in subject.items() if text},
    )


def move(
    session: Session, capture: Capture, expected: CaptureState, reached: CaptureState, **values: Any
) -> bool:
    """Compare-and-swap; ``capture`` has the new values when this caller moved it."""
    fresh = {"wait_detail": None, "attempts": 0} | values
    if not advance(session, Capture, capture.id, expected, state=reached, **fresh):
        return False
    vars(capture).update(fresh, state=reached)
    return True


def wait(kit: Kit, capture: Capture, reason: str) -> None:
    """Let it wait, and say why; a little longer each time."""
    pause = timedelta(seconds=min(2.0 ** min(capture.attempts, 5), 30.0))
    with kit.tools.database.transaction() as session:
        session.execute(
            update(Capture)
            .where(Capture.id == capture.id, Capture.state == capture.state)
            .values(
                wait_detail=reason[:2000],
                attempts=capture.attempts + 1,
                next_attempt_at=kit.tools.clock() + pause,
            )
            .execution_options(synchronize_session=False)
        )


def done_lately(session: Session, actor: Actor, action: str, subject: str, kit: Kit) -> bool:
    """Whether the log says of the last ten minutes that ``actor`` did this: a player's hundred
    requests are one act."""
    since = kit.tools.clock() - timedelta(minutes=10)
    query = (
        select(AuditEntry.seq)
        .where(AuditEntry.subject == subject, AuditEntry.action == action)
        .where(AuditEntry.actor_id == actor.id, AuditEntry.at >= since)
        .limit(1)
    )
    return session.scalar(query) is not None
