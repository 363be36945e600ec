"""Whose draws are whose: as with deposits, and the parties besides. Nothing else decides it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.cases import access
from portal.draws.models import PUBLIC, Draw, DrawParty, DrawState
from portal.problems import Conflict, Forbidden, NotFound


@dataclass(frozen=True, slots=True)
class Seen:
    """A draw and what the actor is in it. ``role`` is theirs as its holder, None when they are a
    party alone."""

    draw: Draw
    role: str | None
    party: DrawParty | None

    @property
    def may_change(self) -> bool:
        return access.changes(self.role)


def unknown() -> NotFound:
    """One answer for draws that there are not, and for other people's."""
    return NotFound("draw_not_found", "There is no such draw.")


def listed(actor: Actor) -> ColumnElement[bool]:
    """What lists show: of whom the actor acts for; of oneself, those one is a party of as well."""
    if actor.organisation:
        return Draw.organisation_id == actor.organisation
    own = and_(Draw.owner_id == actor.id, Draw.organisation_id.is_(None))
    taking_part = select(DrawParty.draw_id).where(DrawParty.user_id == actor.id)
    return or_(own, Draw.id.in_(taking_part))


def readable(session: Session, actor: Actor, draw_id: str) -> Seen:
    """A draw that the actor may look at: as whose it is, or as one of its parties.

    Raises:
        NotFound: no such draw, or somebody else's.
    """
    return _seen(session, actor, session.get(Draw, draw_id))


def locked(session: Session, actor: Actor, draw_id: str) -> Seen:
    """As :func:`readable`, its row locked until the transaction ends."""
    query = select(Draw).where(Draw.id == draw_id).with_for_update()
    return _seen(session, actor, session.scalar(query))


def changeable(session: Session, actor: Actor, draw_id: str) -> Draw:
    """A draft of whom the actor acts for; its row is locked.

    Raises:
        NotFound: no such draw, or somebody else's.
        Forbidden: the actor only takes part, or only reads.
        Conflict: it is frozen.
    """
    draw = organised(session, actor, draw_id)
    if draw.state != DrawState.DRAFT:
        message = "This draw is frozen: nothing of its plan, list and parties changes any more."
        raise Conflict("draw_frozen", message)
    return draw


def organised(session: Session, actor: Actor, draw_id: str) -> Draw:
    """As :func:`changeable`, be it frozen or not."""
    seen = locked(session, actor, draw_id)
    if not seen.may_change:
        message = "You may look at this draw, but its organiser alone changes it."
        raise Forbidden("organiser_only", message)
    return seen.draw


def taking_part(session: Session, actor: Actor, draw_id: str) -> tuple[Draw, DrawParty]:
    """The draw and the actor's own party; the draw's row is locked.

    Raises:
        NotFound: no such draw, or somebody else's.
        Forbidden: the actor is none of its parties.
    """
    seen = locked(session, actor, draw_id)
    if seen.party is None:
        message = "Only the parties of this draw sign for it, each for itself."
        raise Forbidden("party_only", message)
    return seen.draw, seen.party


def public(session: Session, draw_id: str) -> Draw:
    """One that everybody may see.

    Raises:
        NotFound: no such draw, or nothing of it was announced yet.
    """
    draw = session.get(Draw, draw_id)
    if draw is None or draw.state not in PUBLIC:
        raise unknown()
    return draw


def _seen(session: Session, actor: Actor, draw: Draw | None) -> Seen:
    if draw is None:
        raise unknown()
    role = access.role_in(session, actor, draw)
    party = _party(session, actor, draw.id)
    if role is None and party is None:
        raise unknown()
    return Seen(draw, role, party)


def _party(session: Session, actor: Actor, draw_id: str) -> DrawParty | None:
    if actor.via == "api" and actor.organisation:
        return None  # a key made for an organisation does not sign for the person who made it
    return session.scalar(
        select(DrawParty).where(DrawParty.draw_id == draw_id, DrawParty.user_id == actor.id)
    )
