"""Whose captures are whose: as with cases; who may read the deposit may see how it was made."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.captures.models import Capture, CaptureSchedule, CaptureState
from portal.cases import access
from portal.deposits.access import readable as readable_deposits
from portal.deposits.models import Deposit
from portal.problems import Forbidden, NotFound


def listed(actor: Actor, table: type[Capture] | type[CaptureSchedule]) -> ColumnElement[bool]:
    """What lists show: those of the organisation acted for, else one's own."""
    if actor.organisation:
        return table.organisation_id == actor.organisation
    return and_(table.owner_id == actor.id, table.organisation_id.is_(None))


def readable(session: Session, actor: Actor, capture_id: str) -> Capture:
    """A capture that the actor may look at: their own, their organisation's, or one whose deposit
    they may read.

    Raises:
        NotFound: no such capture, or somebody else's.
    """
    capture = session.get(Capture, capture_id)
    if capture is None or capture.state == CaptureState.DISCARDED:
        raise _unknown()
    if access.role_in(session, actor, capture) is None and not _given(session, actor, capture):
        raise _unknown()
    return capture


def changeable(session: Session, actor: Actor, capture_id: str) -> Capture:
    """One the actor may seal or discard; its row is locked until the transaction ends.

    Raises:
        NotFound: no such capture, or somebody else's.
        Forbidden: the actor only reads.
    """
    query = select(Capture).where(Capture.id == capture_id).with_for_update()
    capture = session.scalar(query)
    role = access.role_in(session, actor, capture) if capture is not None else None
    if capture is None or role is None or capture.state == CaptureState.DISCARDED:
        raise _unknown()
    if not access.changes(role):
        message = "You may look at this organisation's captures, but not change them."
        raise Forbidden("reader_only", message)
    return capture


def changes(session: Session, actor: Actor, capture: Capture) -> bool:
    """Whether the actor may seal or discard it."""
    return access.changes(access.role_in(session, actor, capture))


def drives(session: Session, actor: Actor, capture: Capture) -> bool:
    """Whether the actor sits at the desktop; everybody else who may see it only watches."""
    return capture.owner_id == actor.id and access.changes(access.role_in(session, actor, capture))


def driven(session: Session, actor: Actor, capture_id: str) -> Capture:
    """One at whose desktop the actor sits.

    Raises:
        NotFound: no such capture, or somebody else's.
        Forbidden: the actor only watches.
    """
    capture = readable(session, actor, capture_id)
    if not drives(session, actor, capture):
        message = "Only the person who asked for this desktop may use it; you may watch."
        raise Forbidden("watching", message)
    return capture


def schedule(session: Session, actor: Actor, schedule_id: str) -> CaptureSchedule:
    """A schedule the actor may change, locked.

    Raises:
        NotFound: no such schedule, or somebody else's.
        Forbidden: the actor only reads.
    """
    query = select(CaptureSchedule).where(CaptureSchedule.id == schedule_id).with_for_update()
    found = session.scalar(query)
    role = access.role_in(session, actor, found) if found is not None else None
    if found is None or role is None:
        raise NotFound("schedule_not_found", "There is no such schedule.")
    if not access.changes(role):
        message = "You may look at this organisation's captures, but not change them."
        raise Forbidden("reader_only", message)
    return found


def _given(session: Session, actor: Actor, capture: Capture) -> bool:
    if capture.deposit_id is None:
        return False
    query = select(Deposit.id).where(Deposit.id == capture.deposit_id, readable_deposits(actor))
    return session.scalar(query) is not None


def _unknown() -> NotFound:
    return NotFound("capture_not_found", "There is no such capture.")
