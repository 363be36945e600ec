"""Deciding on an application: acceptance, the clock's pauses, refusal."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import advance
from portal.desk import clock, reasons
from portal.desk.kit import MAX_WORDS, Kit, check_seen
from portal.matters import access
from portal.matters.models import Matter, MatterPause, MatterState
from portal.problems import BadInput, Conflict
from portal.texts import prose

MAX_FEE: Final = 1000
_MOVED: Final = "This matter has moved on; look at it again."


class Deciding:
    """Every act is the assigned notary's, see :func:`portal.matters.access.handled`."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._database = kit, kit.tools.database

    def accept(
        self,
        actor: Actor,
        matter_id: str,
        fee: str,
        second_needed: bool = False,
        seen: int | None = None,
    ) -> None:
        """Accept it: the clock begins to run, and the applicant is told.

        Args:
            fee: what the office says of its fee.
            second_needed: a second notary decides as well, also where the rule asks for none.
            seen: the revision that was before the notary.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.matters.access.handled`.
            BadInput: nothing is said of the fee.
            Conflict: it was decided already, or changed since it was looked at.
        """
        fee = prose("fee", fee, MAX_FEE, needed=True)
        with self._database.transaction() as session:
            matter = access.handled(session, actor, matter_id, MatterState.SUBMITTED)
            check_seen(matter, seen)
            now, days = self._kit.now, clock.working_days(session)
            due = days.due(clock.day_of(now, self._kit.zone))
            by_rule = self._kit.second_by_rule(matter.template)
            needed = matter.second_needed or by_rule or second_needed
            values = {"accepted_at": now, "due_on": due, "fee": fee, "second_needed": needed}
            self._move(session, matter, MatterState.ACCEPTED, **values)
            detail = {"due": str(due), "second": "yes" if needed else "no"}
            record(session, actor, "matter.accepted", matter.subject, detail)
            self._kit.tell(session, matter, "accepted")

    def refuse(
        self, actor: Actor, matter_id: str, reason: str, note: str, seen: int | None = None
    ) -> None:
        """Refuse it for one of the reasons of 公证法 31, and say in words why.

        Raises:
            NotFound, Forbidden, Conflict: as :meth:`accept`.
            BadInput: the law knows no such reason, or there are no words.
        """
        ground = reasons.refusal(reason)
        if ground is None:
            message = "Choose one of the reasons that the law names."
            raise BadInput("refusal_reason", message, field="reason")
        note = prose("note", note, MAX_WORDS, needed=True)
        open_states = (MatterState.SUBMITTED, MatterState.ACCEPTED)
        with self._database.transaction() as session:
            matter = access.handled(session, actor, matter_id, *open_states)
            check_seen(matter, seen)
            pause = _open_pause(session, matter)
            if pause is not None:
                pause.ended_at, pause.ended_by = self._kit.now, actor.id
            values = {"ended_at": self._kit.now, "ended_reason": ground.code, "ended_note": note}
            self._move(session, matter, MatterState.REFUSED, **values)
            detail = {"reason": ground.code, "note": note}
            record(session, actor, "matter.refused", matter.subject, detail)
            self._kit.tell(session, matter, "refused")

    def pause(self, actor: Actor, matter_id: str, reason: str, note: str) -> None:
        """Stop the clock for one of the reasons of 公证法 30, and say in words why.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.matters.access.handled`.
            BadInput: no such reason, or no words. Conflict: it stands already.
        """
        ground = reasons.pause(reason)
        if ground is None:
            message = "Choose one of the reasons for which days do not count."
            raise BadInput("pause_reason", message, field="reason")
        note = prose("note", note, MAX_WORDS, needed=True)
        with self._database.transaction() as session:
            matter = access.handled(session, actor, matter_id, MatterState.ACCEPTED)
            self.pause_within(session, actor, matter, ground.code, note)
            self._kit.tell(session, matter, "paused")

    def pause_within(
        self, session: Session, actor: Actor, matter: Matter, reason: str, note: str
    ) -> None:
        """In the caller's transaction, the matter's row being locked. Raises Conflict."""
        if _open_pause(session, matter) is not None:
            raise Conflict("paused", "The clock of this matter stands already.")
        session.add(
            MatterPause(
                matter_id=matter.id,
                reason=reason,
                note=note,
                by=actor.id,
                begun_at=self._kit.now,
            )
        )
        matter.due_on = None
        record(session, actor, "matter.paused", matter.subject, {"reason": reason, "note": note})

    def resume(self, actor: Actor, matter_id: str) -> None:
        """Let the clock go on; the last day is counted anew.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.matters.access.handled`.
            Conflict: it runs.
        """
        with self._database.transaction() as session:
            matter = access.handled(session, actor, matter_id, MatterState.ACCEPTED)
            pause = _open_pause(session, matter)
            if pause is None:
                raise Conflict("not_paused", "The clock of this matter runs already.")
            pause.ended_at, pause.ended_by = self._kit.now, actor.id
            session.flush()
            days = clock.working_days(session)
            matter.due_on = clock.due_of(session, matter, days, self._kit.zone)
            due = str(matter.due_on)
            record(session, actor, "matter.resumed", matter.subject, {"due": due})
            self._kit.tell(session, matter, "resumed")

    def _move(self, session: Session, matter: Matter, state: MatterState, **values: object) -> None:
        """The compare-and-swap; whoever comes second is told."""
        session.flush()
        values |= {"state": state, "changed_at": self._kit.now}
        if not advance(session, Matter, matter.id, matter.state, **values):
            raise Conflict("matter_moved_on", _MOVED)


def _open_pause(session: Session, matter: Matter) -> MatterPause | None:
    return session.scalar(
        select(MatterPause).where(
            MatterPause.matter_id == matter.id, MatterPause.ended_at.is_(None)
        )
    )
