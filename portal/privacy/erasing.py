"""Asking for a deposit's content to be erased, and taking it back.

A request rests for the cooling-off time, in which the depositor takes it back with one click;
nobody shortens it. What then happens is in :mod:`portal.privacy.eraser`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.deposits.access import changeable, readable
from portal.deposits.models import Deposit
from portal.organisations.models import Membership
from portal.privacy.holds import applied_for, check_not_applied_for, held
from portal.privacy.models import Erasure, ErasureState
from portal.privacy.reasons import checked_reason
from portal.privacy.rules import check_erasable, has_content, new_erasure, on_its_way
from portal.problems import BadInput, Conflict, Forbidden, NotFound


@dataclass(frozen=True, slots=True)
class Standing:
    """How a deposit's content stands. ``may_ask``: the actor may ask for its erasure;
    ``may_cancel``: may take ``pending`` back; ``held``: a legal hold stands, or an application for
    a certificate (``applied_for``)."""

    has_content: bool
    pending: Erasure | None
    held: bool
    may_ask: bool
    may_cancel: bool
    applied_for: bool = False


class Erasing:
    """What depositors may ask."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], cooling: timedelta
    ) -> None:
        self._database = database
        self._clock = clock
        self.cooling = cooling

    def standing(self, actor: Actor, deposit: Deposit) -> Standing:
        """For the deposit's page."""
        pending = select(Erasure).where(Erasure.open_for == deposit.id)
        with self._database.reading() as session:
            found = session.scalar(pending)
            hold, applied = held(session, deposit.id), applied_for(session, deposit.id)
            allowed = self._role(session, actor, deposit.id) is not None
        content = has_content(deposit)
        requested = found is not None and found.state == ErasureState.REQUESTED
        return Standing(
            content,
            found,
            hold,
            allowed and content and found is None,
            allowed and requested,
            applied,
        )

    def ask(self, actor: Actor, deposit_id: str, reason: str, confirmed: str) -> Erasure:
        """Have the content erased when the cooling-off time is over.

        Args:
            confirmed: the letter number, typed again: nobody does this by a slip.

        Raises:
            NotFound: no such deposit for this actor. Forbidden: they may only read it.
            BadInput: no reason, or another number.
            Conflict: there is no content, it is on its way already, or a legal hold stands.
        """
        now = self._clock()
        try:
            with self._database.transaction() as session:
                deposit, role = self._changeable(session, actor, deposit_id)
                if confirmed.strip().upper() != deposit.number:
                    message = "Type the letter number %(number)s to confirm."
                    raise BadInput("confirmation", message, field="confirm", number=deposit.number)
                check_not_applied_for(session, deposit.id)
                check_erasable(session, deposit)
                erasure = new_erasure(deposit, role, checked_reason(reason), actor.id, now)
                erasure.due_at = now + self.cooling
                session.add(erasure)
                session.flush()
                detail = {"reason": erasure.reason, "due": erasure.due_at.isoformat()}
                record(session, actor, "erasure.asked", deposit.subject, detail)
        except IntegrityError as error:  # one at a time, says the database
            raise on_its_way() from error
        return erasure

    def cancel(self, actor: Actor, deposit_id: str) -> None:
        """Take the request back; the content stays.

        Raises:
            NotFound, Forbidden: as :meth:`ask`. Conflict: nothing is to be taken back (any more).
        """
        with self._database.transaction() as session:
            deposit, _ = self._changeable(session, actor, deposit_id)
            done = session.execute(
                update(Erasure)
                .where(Erasure.open_for == deposit.id, Erasure.state == ErasureState.REQUESTED)
                .values(state=ErasureState.CANCELLED, open_for=None, ended_at=self._clock())
                .execution_options(synchronize_session=False)
            )
            if not done.rowcount:  # type: ignore[attr-defined]
                message = "There is no erasure to take back: none was asked for, or it has begun."
                raise Conflict("nothing_to_cancel", message)
            record(session, actor, "erasure.cancelled", deposit.subject)

    def _changeable(self, session: Session, actor: Actor, deposit_id: str) -> tuple[Deposit, str]:
        """The deposit, and as whom the actor may have it erased."""
        visible = select(Deposit).where(Deposit.id == deposit_id, readable(actor))
        deposit = session.scalar(visible)
        if deposit is None:
            raise NotFound("deposit_not_found", "There is no such deposit.")
        role = self._role(session, actor, deposit_id)
        if role is None:
            message = "Only the owner, or a manager of the organisation, has content erased."
            raise Forbidden("not_yours_to_erase", message)
        return deposit, role

    def _role(self, session: Session, actor: Actor, deposit_id: str) -> str | None:
        """ "owner" of what is one's own, "manager" of what is the organisation's one manages."""
        own = select(Deposit.organisation_id).where(Deposit.id == deposit_id, changeable(actor))
        row = session.execute(own).one_or_none()
        if row is None:
            return None
        if row.organisation_id is None:
            return "owner"
        membership = session.get(Membership, (row.organisation_id, actor.id))
        return "manager" if membership is not None and membership.role == "manager" else None
