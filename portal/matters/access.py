"""Whose matters are whose, on either side of the desk. Nothing else decides it.

The applicant's side is as with deposits: the owner, or the organisation a matter belongs to. The
office's side is every notary; but nobody acts on a matter of their own (公证法 23).
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.cases import access
from portal.matters.models import Matter, MatterAssignment, MatterConflict, MatterState
from portal.organisations.models import Membership
from portal.problems import Conflict, Forbidden, NotFound

NOTARY: Final = "notary"
#: Who may look at the office's matters without acting on them.
LOOKING: Final = (NOTARY, "auditor")


def unknown() -> NotFound:
    """One answer for matters that there are not, and for other people's."""
    return NotFound("matter_not_found", "There is no such matter.")


def listed(actor: Actor) -> ColumnElement[bool]:
    """What an applicant's list shows: of whom the actor acts for."""
    if actor.organisation:
        return Matter.organisation_id == actor.organisation
    return and_(Matter.owner_id == actor.id, Matter.organisation_id.is_(None))


def readable(session: Session, actor: Actor, matter_id: str) -> Matter:
    """A matter on the applicant's side.

    Raises:
        NotFound: no such matter, or somebody else's.
    """
    matter = session.get(Matter, matter_id)
    if matter is None or access.role_in(session, actor, matter) is None:
        raise unknown()
    return matter


def may_read(session: Session, actor: Actor, matter: Matter) -> bool:
    """Whether the matter is to be seen on the applicant's side."""
    return access.role_in(session, actor, matter) is not None


def may_change(session: Session, actor: Actor, matter: Matter) -> bool:
    """Whether pages offer the actor to change what is the applicant's to change."""
    return access.changes(access.role_in(session, actor, matter))


def changeable(session: Session, actor: Actor, matter_id: str, *states: MatterState) -> Matter:
    """A matter on the applicant's side, its row locked until the transaction ends.

    Raises:
        NotFound: no such matter, or somebody else's.
        Forbidden: the actor only reads in the organisation.
        Conflict: it is in none of ``states`` any more.
    """
    matter = session.scalar(select(Matter).where(Matter.id == matter_id).with_for_update())
    role = access.role_in(session, actor, matter) if matter is not None else None
    if matter is None or role is None:
        raise unknown()
    if not access.changes(role):
        message = "You may read this organisation's matters, but not change them."
        raise Forbidden("reader_only", message)
    check_state(matter, states)
    return matter


def seen_by_office(session: Session, actor: Actor, matter_id: str) -> Matter:
    """A matter as notaries and auditors see it: whatever was submitted.

    Raises:
        NotFound: no such matter, never submitted, or the actor is neither.
    """
    matter = session.get(Matter, matter_id)
    if matter is None or matter.submitted_at is None or not actor.has(*LOOKING):
        raise unknown()
    return matter


def acted_on(session: Session, actor: Actor, matter_id: str, *states: MatterState) -> Matter:
    """A matter that this notary may act on, assigned or not; its row is locked.

    Raises:
        NotFound: no such matter, never submitted, or the actor is no notary.
        Forbidden: it is the notary's own (``own_matter``), or one to keep away from
            (``keeps_away``).
        Conflict: it is in none of ``states`` any more.
    """
    matter = session.scalar(select(Matter).where(Matter.id == matter_id).with_for_update())
    if matter is None or matter.submitted_at is None or not actor.has(NOTARY):
        raise unknown()
    if is_own(session, actor, matter):
        message = "This is a matter of your own: another notary has to act on it."
        raise Forbidden("own_matter", message)
    if session.get(MatterConflict, (matter.id, actor.id)) is not None:
        message = "You keep away from this matter: another notary has to act on it."
        raise Forbidden("keeps_away", message)
    check_state(matter, states)
    return matter


def handled(
    session: Session, actor: Actor, matter_id: str, *states: MatterState, part: str = "first"
) -> Matter:
    """As :func:`acted_on`, by the notary it is assigned to.

    Raises:
        Forbidden: it is assigned to somebody else, or to nobody (``not_assigned``).
    """
    matter = acted_on(session, actor, matter_id, *states)
    if part not in parts_of(session, actor, matter):
        message = "This matter is not assigned to you."
        raise Forbidden("not_assigned", message)
    return matter


def parts_of(session: Session, actor: Actor, matter: Matter) -> frozenset[str]:
    """What the actor is in this matter now: "first", "second", or nothing."""
    query = select(MatterAssignment.part).where(
        MatterAssignment.matter_id == matter.id,
        MatterAssignment.notary_id == actor.id,
        MatterAssignment.ended_at.is_(None),
    )
    return frozenset(session.scalars(query))


def is_own(session: Session, actor: Actor, matter: Matter) -> bool:
    """Whether the actor stands on the applicant's side: owner, or of the organisation."""
    if matter.owner_id == actor.id:
        return True
    if matter.organisation_id is None:
        return False
    query = select(Membership.user_id).where(
        Membership.organisation_id == matter.organisation_id, Membership.user_id == actor.id
    )
    return session.scalar(query) is not None


def check_state(matter: Matter, states: tuple[MatterState, ...]) -> None:
    """Raises Conflict unless it is in one of ``states``; none: in any."""
    if states and matter.state not in states:
        message = "This matter has moved on; look at it again."
        raise Conflict("matter_moved_on", message)
