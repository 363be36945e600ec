"""Who handles a matter: taking it, assigning, letting go, a second notary, keeping away.

The matter's row is locked first, so of two notaries who take it at once one wins, and the other is
told who.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.desk import mails
from portal.desk.kit import FIRST, MAX_WORDS, SECOND, Kit, acting_as, handlers, notaries
from portal.matters import access
from portal.matters.models import Matter, MatterAssignment, MatterConflict, MatterState
from portal.problems import BadInput, Conflict, Forbidden
from portal.texts import prose

#: Corrections and the archive need somebody as well.
_HANDLED: Final = (
    MatterState.SUBMITTED,
    MatterState.ACCEPTED,
    MatterState.ISSUED,
    MatterState.ARCHIVED,
)
_OPEN: Final = (MatterState.SUBMITTED, MatterState.ACCEPTED)


class Assigning:
    """Every method checks who may act, see :mod:`portal.matters.access`."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._database = kit, kit.tools.database

    def take(self, actor: Actor, matter_id: str, part: str = FIRST) -> None:
        """Handle it oneself.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.matters.access.acted_on`.
            Conflict: somebody else has it already (``taken``), no second notary is needed, or one
                person would be both.
        """
        with self._database.transaction() as session:
            matter = access.acted_on(session, actor, matter_id, *_HANDLED)
            held = handlers(session, matter.id)
            _check_part(matter, part)
            if part in held:
                if held[part].notary_id == actor.id:
                    return  # a second click
                raise _taken(session, held[part])
            _check_both(held, part, actor.id)
            self._put(session, actor, matter, actor.id, part)

    def assign(
        self, actor: Actor, matter_id: str, notary_id: str, part: str = FIRST, seen: str = ""
    ) -> None:
        """Give it to another notary, instead of whoever has it.

        Args:
            seen: id of whom the page showed as having this part, "" for nobody.

        Raises:
            NotFound, Forbidden, Conflict: as :meth:`take`, of whoever assigns.
            BadInput: there is no such notary, or this one must keep away.
            Conflict: meanwhile somebody else has it.
        """
        with self._database.transaction() as session:
            matter = access.acted_on(session, actor, matter_id, *_HANDLED)
            held = handlers(session, matter.id)
            _check_part(matter, part)
            before = held.get(part)
            if (before.notary_id if before else "") != seen:
                if before is None:
                    message = "Nobody has this matter any more; look at it again."
                    raise Conflict("matter_moved_on", message)
                raise _taken(session, before)
            notary = _notary(session, matter, notary_id)
            _check_both(held, part, notary.id)
            if before is not None:
                if before.notary_id == notary.id:
                    return
                self._end(before, f"reassigned by {actor.name}")
                session.flush()
            self._put(session, actor, matter, notary.id, part)
            if notary.id != actor.id:
                zh, en = mails.PARTS[part]
                self._kit.tell_office(
                    session,
                    matter,
                    [notary.id],
                    mails.ASSIGNED,
                    by=actor.name,
                    part_zh=zh,
                    part_en=en,
                )

    def release(self, actor: Actor, matter_id: str, reason: str) -> None:
        """Let go of it, and say why.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.matters.access.acted_on`; it is not
                assigned to the actor. BadInput: no reason.
        """
        reason = prose("reason", reason, MAX_WORDS, needed=True)
        with self._database.transaction() as session:
            matter = access.acted_on(session, actor, matter_id, *_HANDLED)
            own = [e for e in handlers(session, matter.id).values() if e.notary_id == actor.id]
            if not own:
                raise Forbidden("not_assigned", "This matter is not assigned to you.")
            for each in own:
                self._end(each, reason)
            detail = {"part": " ".join(sorted(each.part for each in own)), "reason": reason}
            record(session, actor, "matter.released", matter.subject, detail)

    def set_second(self, actor: Actor, matter_id: str, needed: bool, reason: str) -> None:
        """Say that this matter needs a second notary, or none, whatever the office's rule is.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.matters.access.handled`.
            BadInput: no reason. Conflict: it stands so already.
        """
        reason = prose("reason", reason, MAX_WORDS, needed=True)
        with self._database.transaction() as session:
            matter = access.handled(session, actor, matter_id, *_OPEN)
            if matter.second_needed == needed:
                message = "This is how it stands already."
                raise Conflict("second_same", message)
            second = handlers(session, matter.id).get(SECOND)
            if not needed and second is not None:
                self._end(second, reason)
            matter.second_needed = needed
            detail = {"needed": "yes" if needed else "no", "reason": reason}
            record(session, actor, "matter.second_decided", matter.subject, detail)

    def keep_away(self, actor: Actor, matter_id: str, reason: str, notary_id: str = "") -> None:
        """Note that a notary must not act on it (公证法 23): oneself, or ``notary_id``.

        Raises:
            NotFound, Forbidden, Conflict: see :func:`portal.matters.access.acted_on`.
            BadInput: no reason, or there is no such notary.
            Conflict: it is noted already.
        """
        reason = prose("reason", reason, MAX_WORDS, needed=True)
        with self._database.transaction() as session:
            matter = access.acted_on(session, actor, matter_id, *_OPEN)
            other = _known(session, notary_id).id if notary_id else actor.id
            if session.get(MatterConflict, (matter.id, other)) is not None:
                message = "It is noted already that this notary keeps away."
                raise Conflict("kept_away", message)
            session.add(
                MatterConflict(
                    matter_id=matter.id,
                    notary_id=other,
                    reason=reason,
                    by=actor.id,
                    at=self._kit.now,
                )
            )
            for each in handlers(session, matter.id).values():
                if each.notary_id == other:
                    self._end(each, reason)
            name = actor.name if other == actor.id else _known(session, other).name
            detail = {"notary": name, "reason": reason}
            record(session, actor, "matter.kept_away", matter.subject, detail)

    def _put(
        self, session: Session, actor: Actor, matter: Matter, notary_id: str, part: str
    ) -> None:
        row = MatterAssignment(
            matter_id=matter.id, notary_id=notary_id, part=part, by=actor.id, at=self._kit.now
        )
        session.add(row)
        own = notary_id == actor.id
        notary = session.get(User, notary_id)
        detail = {"part": part} if own else {"part": part, "notary": notary.name if notary else ""}
        action = "matter.taken" if own else "matter.assigned"
        record(session, actor, action, matter.subject, detail)

    def _end(self, assignment: MatterAssignment, reason: str) -> None:
        assignment.ended_at, assignment.end_reason = self._kit.now, reason


def _check_part(matter: Matter, part: str) -> None:
    if part not in (FIRST, SECOND):
        raise BadInput("part", "There is no such part.", field="part")
    if part == SECOND and not matter.second_needed:
        message = "This matter needs no second notary."
        raise Conflict("second_not_needed", message)


def _check_both(held: dict[str, MatterAssignment], part: str, notary_id: str) -> None:
    other = held.get(SECOND if part == FIRST else FIRST)
    if other is not None and other.notary_id == notary_id:
        message = "First and second notary are two different people."
        raise Conflict("same_notary", message)


def _taken(session: Session, held: MatterAssignment) -> Conflict:
    notary = session.get(User, held.notary_id)
    message = "%(name)s has taken this matter; nothing was changed."
    return Conflict("taken", message, name=notary.name if notary else "")


def _known(session: Session, notary_id: str) -> User:
    found = next((each for each in notaries(session) if each.id == notary_id), None)
    if found is None:
        raise BadInput("no_notary", "Choose one of the office's notaries.", field="notary")
    return found


def _notary(session: Session, matter: Matter, notary_id: str) -> User:
    """A notary who may handle this matter."""
    found = _known(session, notary_id)
    if access.is_own(session, acting_as(found), matter):
        message = "%(name)s stands on the applicant's side of this matter."
        raise BadInput("own_matter", message, field="notary", name=found.name)
    if session.get(MatterConflict, (matter.id, found.id)) is not None:
        message = "%(name)s keeps away from this matter."
        raise BadInput("keeps_away", message, field="notary", name=found.name)
    return found
