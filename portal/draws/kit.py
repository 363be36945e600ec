"""What the parts of this feature work with, and the few things all of them say."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import update
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.deposits.tools import Tools
from portal.draws.models import Draw
from portal.jobs.waiting import Wait, waits
from portal.organisations.models import CHANGING_ROLES
from portal.problems import Unavailable
from portal.storage.sealing import Box
from portal.uploads.models import Upload

WORKER: Final = Actor.process("worker")
#: ``post(session, to, subject, text)``: in the caller's transaction, delivered later.
Post = Callable[[Session, str, str, str], Any]


class Taking(Protocol):
    """Hands the one complete file of an upload over, in one transaction with what is written."""

    def __call__(
        self, actor: Actor, draft_id: str, write: Callable[[Session, Upload], None], /
    ) -> None: ...


@dataclass(frozen=True)
class Kit:
    """``folder`` holds what is made of lists and results, one folder for each draw: it can be made
    anew from the vault and the record. ``missing`` says which extra is not installed."""

    tools: Tools
    box: Box
    post: Post
    take: Taking
    missing: str = ""

    @property
    def folder(self) -> Path:
        return self.tools.settings.path("draws")

    @property
    def now(self) -> datetime:
        return self.tools.clock()

    def check_on(self) -> None:
        """Raises Unavailable when draws are switched off."""
        if self.missing:
            raise Unavailable("draws_off", self.missing)


def actor_text(actor: Actor) -> str:
    """``actor`` for a row; :func:`depositor` reads it again."""
    return json.dumps(asdict(actor) | {"roles": sorted(actor.roles)}, ensure_ascii=False)


def depositor(draw: Draw) -> Actor:
    """In whose name the worker deposits the steps. A record goes on whoever leaves an organisation:
    what was begun for it stays its own."""
    value: dict[str, Any] = json.loads(draw.actor)
    known = Actor(**value | {"roles": frozenset(value["roles"]), "via": "worker", "address": ""})
    if draw.organisation_id is None:
        return replace(known, organisation="", organisation_role="", organisation_name="")
    role = known.organisation_role if known.organisation_role in CHANGING_ROLES else "member"
    return replace(known, organisation=draw.organisation_id, organisation_role=role)


def wait(kit: Kit, draw: Draw, reason: Wait) -> None:
    """Let the draw's worker wait, and say why; longer each time."""
    with kit.tools.database.transaction() as session:
        values = waits(reason, draw.tries, kit.now)
        values["tries"] = values.pop("attempts")
        session.execute(
            update(Draw)
            .where(Draw.id == draw.id, Draw.steps == draw.steps, Draw.state == draw.state)
            .values(values)
            .execution_options(synchronize_session=False)
        )


def goes_on(now: datetime) -> dict[str, Any]:
    """Values of a draw that waits for nothing of the worker's any more."""
    return {"wait_reason": None, "wait_detail": None, "tries": 0, "next_attempt_at": now}
