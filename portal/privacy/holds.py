"""Legal holds: while one stands, nothing of the deposit is erased, whoever asks.

An application for a certificate holds its deposit just so, from its submission until its volume is
archived, or until it is refused or withdrawn: what a notary certifies must be there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import uuid4

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.deposits.models import Deposit
from portal.matters.models import Matter, MatterState
from portal.privacy.models import LegalHold
from portal.privacy.reasons import checked_reason
from portal.problems import Conflict, Forbidden, NotFound

#: Who may set and lift a hold.
HOLDERS: Final = ("notary", "operator")
#: What an application rests on is kept while it is in one of these states.
_CERTIFYING: Final = (MatterState.SUBMITTED, MatterState.ACCEPTED, MatterState.ISSUED)


class Holds:
    """Set and lifted by the office, seen by everybody who sees the deposit."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def set(self, actor: Actor, number: str, reason: str) -> LegalHold:
        """Hold the deposit of this letter number.

        Raises:
            Forbidden: the actor is neither notary nor operator.
            NotFound: no deposit of that number.
            BadInput: no reason, or one that is too long.
        """
        _require(actor)
        with self._database.transaction() as session:
            query = select(Deposit.id).where(Deposit.number == number.strip().upper())
            # Locked: an erasure that begins at this moment sees the hold, or the hold comes late.
            deposit_id = session.scalar(query.with_for_update())
            if deposit_id is None:
                message = "There is no deposit of this number."
                raise NotFound("deposit_not_found", message, field="number")
            hold = LegalHold(
                id=str(uuid4()),
                deposit_id=deposit_id,
                reason=checked_reason(reason),
                set_by=actor.id,
                set_by_name=actor.name,
                set_at=self._clock(),
            )
            session.add(hold)
            detail = {"hold": hold.id, "reason": hold.reason}
            record(session, actor, "hold.set", f"deposit:{deposit_id}", detail)
        return hold

    def lift(self, actor: Actor, hold_id: str) -> None:
        """End a hold; lifting it again changes nothing.

        Raises:
            Forbidden, NotFound: as :meth:`set`.
        """
        _require(actor)
        with self._database.transaction() as session:
            hold = session.get(LegalHold, hold_id, with_for_update=True)
            if hold is None:
                raise NotFound("hold_not_found", "There is no such hold.")
            if hold.lifted_at is not None:
                return
            hold.lifted_at, hold.lifted_by = self._clock(), actor.id
            subject = f"deposit:{hold.deposit_id}"
            record(session, actor, "hold.lifted", subject, {"hold": hold.id})

    def of(self, deposit_id: str) -> list[LegalHold]:
        """The holds that stand, oldest first."""
        query = select(LegalHold).where(
            LegalHold.deposit_id == deposit_id, LegalHold.lifted_at.is_(None)
        )
        with self._database.reading() as session:
            return list(session.scalars(query.order_by(LegalHold.set_at)))

    def standing(self, limit: int = 200) -> list[tuple[LegalHold, str]]:
        """The latest holds that stand, each with its letter number; for the office's page."""
        query = (
            select(LegalHold, Deposit.number)
            .join(Deposit, Deposit.id == LegalHold.deposit_id)
            .where(LegalHold.lifted_at.is_(None))
            .order_by(LegalHold.set_at.desc())
        )
        with self._database.reading() as session:
            return [(hold, number) for hold, number in session.execute(query.limit(limit))]


def held(session: Session, deposit_id: str) -> bool:
    """Whether a hold stands on this deposit, or an application for a certificate."""
    query = select(LegalHold.id).where(
        LegalHold.deposit_id == deposit_id, LegalHold.lifted_at.is_(None)
    )
    return session.scalar(query.limit(1)) is not None or applied_for(session, deposit_id)


def applied_for(session: Session, deposit_id: str) -> bool:
    """Whether a certificate of this deposit is being applied for."""
    query = select(Matter.id).where(Matter.deposit_id == deposit_id, Matter.state.in_(_CERTIFYING))
    return session.scalar(query.limit(1)) is not None


def check_not_applied_for(session: Session, deposit_id: str) -> None:
    """Raises Conflict, saying what is to be done first."""
    if applied_for(session, deposit_id):
        message = (
            "An application for a notarial certificate rests on this deposit, so its content "
            "stays. Withdraw the application first, or wait until it is archived."
        )
        raise Conflict("applied_for", message)


def under_hold() -> ColumnElement[bool]:
    """The same as a criterion for queries over deposits."""
    return or_(
        exists().where(LegalHold.deposit_id == Deposit.id, LegalHold.lifted_at.is_(None)),
        exists().where(Matter.deposit_id == Deposit.id, Matter.state.in_(_CERTIFYING)),
    )


def _require(actor: Actor) -> None:
    if not actor.has(*HOLDERS):
        message = "Only a notary or an operator sets and lifts holds."
        raise Forbidden("role_missing", message)
