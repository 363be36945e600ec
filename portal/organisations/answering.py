"""Answering an invitation, by whoever was sent its link."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.organisations.invitations import digest, not_found
from portal.organisations.models import Invitation, Membership, Organisation
from portal.problems import Conflict


@dataclass(frozen=True, slots=True)
class Asked:
    """What the page behind a link shows.

    ``state`` is "open", "expired", an outcome ("accepted", "declined", "withdrawn"), or "other":
    the link was sent to another address than the visitor's, who then learns nothing else.
    """

    state: str
    organisation_id: str = ""
    organisation: str = ""
    verified: bool = False
    role: str = ""
    inviter: str = ""
    expires_at: datetime | None = None


class Answering:
    """Each invitation is answered at most once, by one compare-and-swap."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def look(self, actor: Actor, secret: str) -> Asked:
        """What somebody sees who opened the link. Raises NotFound for a link nobody made."""
        with self._database.reading() as session:
            invitation = _found(session, secret)
            if not _meant(session, invitation, actor):
                return Asked("other")
            organisation = session.get_one(Organisation, invitation.organisation_id)
            inviter = session.get_one(User, invitation.invited_by)
        return Asked(
            self._state(invitation),
            organisation.id,
            organisation.name,
            organisation.state == "verified",
            invitation.role,
            inviter.name,
            invitation.expires_at,
        )

    def accept(self, actor: Actor, secret: str) -> Organisation:
        """Join. Raises NotFound and Conflict as :meth:`decline`."""
        now = self._clock()
        with self._database.transaction() as session:
            invitation, organisation = self._answer(session, actor, secret, "accepted")
            if session.get(Membership, (organisation.id, actor.id)) is not None:
                raise Conflict("member_already", "This person belongs to the organisation already.")
            session.add(
                Membership(
                    organisation_id=organisation.id,
                    user_id=actor.id,
                    role=invitation.role,
                    joined_at=now,
                )
            )
            acting = replace(
                actor,
                organisation=organisation.id,
                organisation_role=invitation.role,
                organisation_name=organisation.name,
            )
            session.flush()
            detail = {"invitation": invitation.id, "role": invitation.role}
            record(session, acting, "organisation.joined", organisation.subject, detail)
        return organisation

    def decline(self, actor: Actor, secret: str) -> None:
        """Say no.

        Raises:
            NotFound: nobody made this link, or it was sent to another address.
            Conflict: it was answered, withdrawn, or has expired.
        """
        with self._database.transaction() as session:
            invitation, organisation = self._answer(session, actor, secret, "declined")
            person = replace(actor, organisation="", organisation_role="", organisation_name="")
            detail = {"invitation": invitation.id}
            record(session, person, "organisation.declined", organisation.subject, detail)

    def _answer(
        self, session: Session, actor: Actor, secret: str, outcome: str
    ) -> tuple[Invitation, Organisation]:
        invitation = _found(session, secret)
        if not _meant(session, invitation, actor):
            raise not_found()
        organisation = session.get_one(
            Organisation, invitation.organisation_id, with_for_update=True
        )
        now = self._clock()
        ended = session.execute(
            update(Invitation)
            .where(
                Invitation.id == invitation.id,
                Invitation.outcome.is_(None),
                Invitation.expires_at > now,
            )
            .values(outcome=outcome, answered_at=now)
            .execution_options(synchronize_session=False)
        )
        if ended.rowcount != 1:  # type: ignore[attr-defined]
            message = "This invitation has been answered or withdrawn, or it has expired."
            raise Conflict("invitation_over", message)
        return invitation, organisation

    def _state(self, invitation: Invitation) -> str:
        if invitation.outcome is not None:
            return invitation.outcome
        return "open" if invitation.expires_at > self._clock() else "expired"


def _found(session: Session, secret: str) -> Invitation:
    invitation = session.scalar(select(Invitation).where(Invitation.secret == digest(secret)))
    if invitation is None:
        raise not_found()
    return invitation


def _meant(session: Session, invitation: Invitation, actor: Actor) -> bool:
    """Whether the actor's account has the address that was invited: a link that went astray, or
    stands in somebody's log, lets nobody else in."""
    email = session.scalar(select(User.email).where(User.id == actor.id))
    return email == invitation.email
