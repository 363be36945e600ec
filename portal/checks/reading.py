"""Checks as the office sees them: one run with its groups and confirmations, and all runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.checks.document import Difference, decode, differences, groups_of
from portal.checks.models import Check
from portal.checks.shapes import CheckView, Standing
from portal.checks.standing import FRESH, confirmations, standing_of
from portal.deposits.folders import seen as seen_whole
from portal.deposits.models import Deposit
from portal.deposits.tools import Tools
from portal.draws.belonging import belonging
from portal.matters import access
from portal.matters.models import Matter
from portal.problems import NotFound


@dataclass(frozen=True, slots=True)
class About:
    """What a matter's check is about; ``draw`` is the draw's id when its pages are public."""

    matter_id: str
    number: str
    revision: int
    second_needed: bool
    deposit_number: str
    title: str
    kind: str
    sha256: str
    sm3: str | None
    files: int | None
    content_here: bool
    draw: str | None


class Reading:
    """Every method is for notaries and auditors."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def about(self, actor: Actor, matter_id: str) -> About:
        """What is checked, in short."""
        with self._tools.database.reading() as session:
            matter = access.seen_by_office(session, actor, matter_id)
            deposit = session.get_one(Deposit, matter.deposit_id)
        found = belonging(self._tools.database, deposit.id)
        return About(
            matter_id=matter.id,
            number=matter.number,
            revision=matter.revision,
            second_needed=matter.second_needed,
            deposit_number=deposit.number,
            title=deposit.title or deposit.filename,
            kind=deposit.kind,
            sha256=deposit.sha256,
            sm3=deposit.sm3,
            files=deposit.file_count,
            content_here=seen_whole(deposit) and deposit.erased_at is None,
            draw=found.draw_id if found is not None and found.public else None,
        )

    def view(self, actor: Actor, check_id: str) -> CheckView:
        """One run.

        Raises:
            NotFound: no such check, or the actor is neither.
        """
        with self._tools.database.reading() as session:
            check, matter = seen(session, actor, check_id)
            return view_of(session, check, matter, self._tools.clock())

    def latest(self, actor: Actor, matter_id: str) -> CheckView | None:
        """The newest run, in whatever state; None before the first."""
        with self._tools.database.reading() as session:
            matter = access.seen_by_office(session, actor, matter_id)
            query = select(Check).where(Check.matter_id == matter.id).order_by(Check.n.desc())
            check = session.scalar(query.limit(1))
            if check is None:
                return None
            return view_of(session, check, matter, self._tools.clock())

    def history(self, actor: Actor, matter_id: str) -> list[CheckView]:
        """All runs, the newest first."""
        now = self._tools.clock()
        with self._tools.database.reading() as session:
            matter = access.seen_by_office(session, actor, matter_id)
            query = select(Check).where(Check.matter_id == matter.id).order_by(Check.n.desc())
            rows = session.scalars(query.limit(50)).all()
            return [view_of(session, each, matter, now) for each in rows]

    def standing(self, actor: Actor, matter_id: str) -> Standing:
        """As :func:`portal.checks.standing.standing_of`, for a page."""
        with self._tools.database.reading() as session:
            matter = access.seen_by_office(session, actor, matter_id)
            return standing_of(session, matter, self._tools.clock())

    def handles(self, actor: Actor, matter_id: str) -> bool:
        """Whether the actor may begin and confirm checks of it, as far as can be told."""
        with self._tools.database.reading() as session:
            matter = access.seen_by_office(session, actor, matter_id)
            own = access.is_own(session, actor, matter)
            return (
                actor.has(access.NOTARY)
                and not own
                and bool(access.parts_of(session, actor, matter))
            )

    def document(self, actor: Actor, check_id: str) -> bytes:
        """The canonical report, to be taken away: the custody log says so.

        Raises:
            NotFound: no such check, or one that has not ended.
        """
        with self._tools.database.transaction() as session:
            check, matter = seen(session, actor, check_id)
            if check.document is None:
                raise unknown()
            record(session, actor, "check.exported", matter.subject, {"n": check.n})
            return check.document

    def changes(self, actor: Actor, check_id: str) -> tuple[int, tuple[Difference, ...]] | None:
        """What is not as it was in the run before that ended: its number, and the differences;
        None when there was none."""
        with self._tools.database.reading() as session:
            check, matter = seen(session, actor, check_id)
            query = select(Check).where(
                Check.matter_id == matter.id, Check.n < check.n, Check.state == "ended"
            )
            earlier = session.scalar(query.order_by(Check.n.desc()).limit(1))
        if earlier is None or earlier.document is None or check.document is None:
            return None
        return earlier.n, differences(_read(earlier), _read(check))


def seen(session: Session, actor: Actor, check_id: str) -> tuple[Check, Matter]:
    """A check and its matter, for notaries and auditors. Raises NotFound."""
    check = session.get(Check, check_id)
    if check is None:
        raise unknown()
    return check, access.seen_by_office(session, actor, check.matter_id)


def unknown() -> NotFound:
    return NotFound("check_not_found", "There is no such check.")


def view_of(session: Session, check: Check, matter: Matter, now: datetime) -> CheckView:
    document = _read(check) if check.document is not None else {}
    newest = select(func.max(Check.n)).where(Check.matter_id == matter.id)
    return CheckView(
        id=check.id,
        matter_id=check.matter_id,
        n=check.n,
        revision=check.revision,
        state=check.state,
        stage=check.stage,
        trouble=check.trouble or "",
        attempts=check.attempts,
        next_attempt_at=check.next_attempt_at,
        begun_by=session.get_one(User, check.begun_by).name,
        begun_at=check.begun_at,
        ended_at=check.ended_at,
        outcome=check.outcome,
        sha256=check.sha256,
        document=document,
        groups=groups_of(document) if document else (),
        confirmed=tuple(confirmations(session, check.id)),
        current=check.revision == matter.revision and check.n == session.scalar(newest),
        fresh=check.ended_at is not None and now - check.ended_at <= FRESH,
    )


def _read(check: Check) -> Mapping[str, Any]:
    return decode(check.document or b"")
