"""Asking for captures: who may have how many, and where one stands in the queue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.captures.kit import Kit, actor_text
from portal.captures.models import OPEN, RUNNING, Capture, CaptureState
from portal.captures.wishes import Wish
from portal.cases import access as case_access
from portal.deposits.access import check_depositing
from portal.problems import BadInput, Conflict, RateLimited, Unavailable

#: States in which somebody still has to look at it, or will.
_UNFINISHED: Final = (*OPEN, CaptureState.FINISHING, CaptureState.REVIEW)
#: Of so many captures that ended last, the length is asked for an expected wait.
_LAST: Final = 20
_GUESS: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Place:
    """In the queue: ``position`` from 1 on, ``wait`` as expected, None when nobody can tell."""

    position: int
    wait: timedelta | None


class Asking:
    def __init__(self, kit: Kit) -> None:
        self._kit, self._tools = kit, kit.tools

    def ask(self, actor: Actor, wish: Wish, schedule_id: str | None = None) -> Capture:
        """Put a capture into the queue; the worker gives it a desktop.

        Raises:
            Unavailable: captures are switched off.
            Forbidden: the actor only reads in the organisation they act for.
            RateLimited: too many today.
            Conflict: too many are open, or the case cannot take it.
        """
        check_depositing(actor)
        if not self._kit.hosts.names:
            message = "Captures are switched off here; the page says why."
            raise Unavailable("captures_off", message)
        now = self._tools.clock()
        capture = Capture(
            owner_id=actor.id,
            organisation_id=actor.organisation or None,
            schedule_id=schedule_id,
            actor=actor_text(actor),
            start_url=wish.start_url,
            state=CaptureState.QUEUED,
            next_attempt_at=now,
            created_at=now,
            **wish.columns(),
        )
        with self._tools.database.transaction() as session:
            # One person's wishes are counted one after another.
            session.execute(select(User.id).where(User.id == actor.id).with_for_update())
            self._check_quota(session, actor, now)
            check_case(session, actor, wish.case_id)
            session.add(capture)
            session.flush()
            detail: dict[str, str | int] = {
                "addresses": len(wish.urls) or int(bool(wish.start_url))
            }
            record(session, actor, "capture.asked", capture.subject, detail)
        return capture

    def place(self, capture: Capture) -> Place | None:
        """Where a capture stands in the queue; None when it does not."""
        if capture.state != CaptureState.QUEUED:
            return None
        before = (
            select(func.count())
            .select_from(Capture)
            .where(Capture.state == CaptureState.QUEUED, Capture.created_at < capture.created_at)
        )
        with self._tools.database.reading() as session:
            position = 1 + (session.scalar(before) or 0)
            rests = self._rests(session)
        return Place(position, rests[position - 1] if position <= len(rests) else None)

    def _rests(self, session: Session) -> list[timedelta]:
        """How long each running desktop is still expected to be taken, the shortest first."""
        now = self._tools.clock()
        ended = (
            select(Capture.started_at, Capture.ready_at)
            .where(Capture.ready_at.is_not(None), Capture.started_at.is_not(None))
            .order_by(Capture.ready_at.desc())
            .limit(_LAST)
        )
        lengths = [ready - began for began, ready in session.execute(ended) if began and ready]
        usual = sum(lengths, timedelta()) / len(lengths) if lengths else _GUESS
        running = select(Capture.started_at).where(Capture.state.in_(RUNNING))
        taken = [now - began for began in session.scalars(running) if began is not None]
        return sorted(max(usual - spent, timedelta(minutes=1)) for spent in taken)

    def _check_quota(self, session: Session, actor: Actor, now: datetime) -> None:
        settings = self._tools.settings
        mine = select(func.count()).select_from(Capture).where(Capture.owner_id == actor.id)
        today = session.scalar(mine.where(Capture.created_at > now - timedelta(days=1))) or 0
        if today >= settings.capture_daily:
            message = "You have asked for %(limit)s captures within a day; more can be had later."
            raise RateLimited("captures_daily", message, limit=settings.capture_daily)
        unfinished = session.scalar(mine.where(Capture.state.in_(_UNFINISHED))) or 0
        if unfinished >= settings.capture_open:
            message = (
                "You have %(limit)s captures that are neither sealed nor discarded; finish some of "
                "them first."
            )
            raise Conflict("captures_open", message, limit=settings.capture_open)


def check_case(session: Session, actor: Actor, case_id: str | None) -> None:
    """Whether a capture may be meant for the case.

    Raises:
        NotFound, Forbidden, Conflict: see :func:`portal.cases.access.changeable`.
        BadInput: it belongs to somebody else than the capture will.
    """
    if case_id is None:
        return
    case = case_access.changeable(session, actor, case_id)
    if case_access.holder_of(case) != case_access.holder(actor):
        message = "A capture and its case belong to the same person or organisation."
        raise BadInput("other_holder", message, field="case")
