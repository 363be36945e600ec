"""Whose cases are whose: the same rule as for deposits."""

from __future__ import annotations

from typing import Final, Protocol

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.cases.models import Case
from portal.organisations.models import CHANGING_ROLES, Membership
from portal.problems import Conflict, Forbidden, NotFound

_OWNER: Final = "owner"


class Held(Protocol):
    """A case or a deposit: it belongs to its owner or, when there is one, to an organisation."""

    owner_id: str
    organisation_id: str | None


def listed(actor: Actor) -> ColumnElement[bool]:
    """What lists show: the cases of the organisation acted for, else one's own."""
    if actor.organisation:
        return Case.organisation_id == actor.organisation
    return and_(Case.owner_id == actor.id, Case.organisation_id.is_(None))


def holder_of(held: Held) -> str:
    """The id of the person or organisation it belongs to."""
    return held.organisation_id or held.owner_id


def holder(actor: Actor) -> str:
    """The id of whom the actor acts for."""
    return actor.organisation or actor.id


def role_in(session: Session, actor: Actor, held: Held) -> str | None:
    """``"owner"``, the role in the organisation it belongs to, or None for a stranger. A program
    acting for an organisation is a stranger to everything else."""
    if actor.via == "api" and actor.organisation and actor.organisation != held.organisation_id:
        return None
    if held.organisation_id is None:
        return _OWNER if held.owner_id == actor.id else None
    return session.scalar(
        select(Membership.role).where(
            Membership.organisation_id == held.organisation_id, Membership.user_id == actor.id
        )
    )


def changes(role: str | None) -> bool:
    """Whether somebody in this role may change things."""
    return role == _OWNER or role in CHANGING_ROLES


def check_creating(actor: Actor) -> None:
    """Raises Forbidden for those who only read in the organisation they act for."""
    if actor.organisation and actor.organisation_role not in CHANGING_ROLES:
        raise _reader()


def readable(session: Session, actor: Actor, case_id: str) -> Case:
    """The case, when the actor may read it.

    Raises:
        NotFound: no such case, or somebody else's.
    """
    case = session.get(Case, case_id)
    if case is None or role_in(session, actor, case) is None:
        raise NotFound("case_not_found", "There is no such case.")
    return case


def changeable(session: Session, actor: Actor, case_id: str) -> Case:
    """The open case, locked until the transaction ends.

    Raises:
        NotFound: no such case, or somebody else's.
        Forbidden: the actor only reads.
        Conflict: it is closed.
    """
    case = locked(session, actor, case_id)
    if case.closed_at is not None:
        raise Conflict("case_closed", "This case is closed; reopen it first.")
    return case


def locked(session: Session, actor: Actor, case_id: str) -> Case:
    """As :func:`changeable`, be it closed or not."""
    case = session.scalar(select(Case).where(Case.id == case_id).with_for_update())
    role = role_in(session, actor, case) if case is not None else None
    if case is None or role is None:
        raise NotFound("case_not_found", "There is no such case.")
    if not changes(role):
        raise _reader()
    return case


def _reader() -> Forbidden:
    message = "You may read this organisation's cases, but not change them."
    return Forbidden("reader_only", message)
