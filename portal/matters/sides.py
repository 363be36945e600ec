"""On which side of a matter somebody stands who looks at it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.matters import access
from portal.matters.models import Matter, MatterConflict
from portal.matters.shapes import APPLICANT, OFFICE, Side
from portal.problems import Forbidden, NotFound


def side_of(session: Session, actor: Actor, matter_id: str) -> tuple[Matter, Side]:
    """The matter, and as what the actor sees it: as the applicant's side before all else, so that
    nobody is the office in a matter of their own.

    Raises:
        NotFound: no such matter, or somebody else's.
        Forbidden: a notary whose own it was, or who keeps away from it.
    """
    try:
        return access.readable(session, actor, matter_id), APPLICANT
    except NotFound:
        matter = access.seen_by_office(session, actor, matter_id)
    if access.is_own(session, actor, matter):  # of an organisation that one has left
        message = "This is a matter of your own: another notary has to act on it."
        raise Forbidden("own_matter", message)
    if session.get(MatterConflict, (matter.id, actor.id)) is not None:
        message = "You keep away from this matter: another notary has to act on it."
        raise Forbidden("keeps_away", message)
    return matter, OFFICE
