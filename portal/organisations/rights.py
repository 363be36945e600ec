"""What somebody may do in an organisation, asked in the transaction that does it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.organisations.models import MEMBER_ROLES, Membership, Organisation
from portal.problems import BadInput, Forbidden, NotFound


@dataclass(frozen=True, slots=True)
class Standing:
    """A person in an organisation; ``actor`` acts in its name, as the custody log shall say."""

    organisation: Organisation
    role: str
    actor: Actor

    @property
    def manages(self) -> bool:
        return self.role == "manager"


def standing(
    session: Session, actor: Actor, organisation_id: str, *, lock: bool = False
) -> Standing:
    """The actor's place in the organisation.

    Args:
        lock: keep others from changing who belongs to it until the transaction ends.

    Raises:
        NotFound: no such organisation, or the actor does not belong to it: the same answer, so
            that ids cannot be tried out.
    """
    query = select(Organisation).where(Organisation.id == organisation_id)
    if lock:
        query = query.with_for_update()
    organisation = session.scalar(query)
    member = session.get(Membership, (organisation_id, actor.id)) if organisation else None
    if organisation is None or member is None:
        raise NotFound("organisation_not_found", "There is no such organisation.")
    acting = replace(
        actor,
        organisation=organisation.id,
        organisation_role=member.role,
        organisation_name=organisation.name,
    )
    return Standing(organisation, member.role, acting)


def managing(
    session: Session, actor: Actor, organisation_id: str, *, lock: bool = False
) -> Standing:
    """As :func:`standing`, of a manager.

    Raises:
        NotFound: see there.
        Forbidden: the actor belongs to it, but does not manage it.
    """
    found = standing(session, actor, organisation_id, lock=lock)
    if not found.manages:
        raise Forbidden("not_a_manager", "Only a manager of the organisation may do this.")
    return found


def checked_role(role: str) -> str:
    """``role`` when there is such a one. Raises BadInput otherwise."""
    if role not in MEMBER_ROLES:
        message = "In an organisation one is a manager, a member or a reader."
        raise BadInput("member_role", message, field="role")
    return role
