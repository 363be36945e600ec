"""Asking somebody to join: a link that works once, for the address it was sent to.

How it is answered: see :mod:`portal.organisations.answering`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.organisations import mails
from portal.organisations.mails import Post
from portal.organisations.models import Invitation, Membership
from portal.organisations.rights import checked_role, managing
from portal.problems import Conflict, NotFound
from portal.texts import normal_email

LIFETIME: Final = timedelta(days=7)
#: open invitations of one organisation: more would be a way to send mail to strangers
MAX_OPEN: Final = 50


class Invitations:
    """What managers do about invitations."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        post: Post,
        link: Callable[[str], str],
    ) -> None:
        """``link`` gives the page's whole address for a secret."""
        self._database = database
        self._clock = clock
        self._post = post
        self._link = link

    def invite(self, actor: Actor, organisation_id: str, email: str, role: str) -> str:
        """Ask the person with this address; an open invitation to the same address ends.

        Returns:
            The link, which is mailed as well and never to be had again.

        Raises:
            NotFound, Forbidden: the actor does not manage the organisation.
            BadInput: no such role, or no e-mail address.
            Conflict: they belong to it already, or :data:`MAX_OPEN` are open.
        """
        email, role, secret, now = normal_email(email), checked_role(role), _secret(), self._clock()
        link = self._link(secret)
        with self._database.transaction() as session:
            found = managing(session, actor, organisation_id, lock=True)
            _refuse_members(session, organisation_id, email)
            self._end_open(session, organisation_id, Invitation.email == email)
            if _open(session, organisation_id, now) >= MAX_OPEN:
                message = "%(most)s invitations are open; withdraw some first."
                raise Conflict("too_many_invitations", message, most=MAX_OPEN)
            made = Invitation(
                organisation_id=organisation_id,
                email=email,
                role=role,
                secret=digest(secret),
                invited_by=actor.id,
                created_at=now,
                expires_at=now + LIFETIME,
            )
            session.add(made)
            session.flush()
            name = found.organisation.name
            self._post(session, email, *mails.invitation(name, actor.name, role, link))
            detail = {"invitation": made.id, "role": role}
            record(session, found.actor, "organisation.invited", found.organisation.subject, detail)
        return link

    def pending(self, actor: Actor, organisation_id: str) -> list[Invitation]:
        """For managers: those still open, newest first."""
        query = (
            select(Invitation)
            .where(
                Invitation.organisation_id == organisation_id,
                Invitation.outcome.is_(None),
                Invitation.expires_at > self._clock(),
            )
            .order_by(Invitation.created_at.desc())
        )
        with self._database.reading() as session:
            managing(session, actor, organisation_id)
            return list(session.scalars(query))

    def withdraw(self, actor: Actor, organisation_id: str, invitation_id: str) -> None:
        """End an open invitation. Raises NotFound when this organisation has no such one."""
        with self._database.transaction() as session:
            found = managing(session, actor, organisation_id)
            if not self._end_open(session, organisation_id, Invitation.id == invitation_id):
                raise not_found()
            subject, detail = found.organisation.subject, {"invitation": invitation_id}
            record(session, found.actor, "organisation.invitation_withdrawn", subject, detail)

    def _end_open(self, session: Session, organisation_id: str, which: object) -> bool:
        ended = session.execute(
            update(Invitation)
            .where(
                Invitation.organisation_id == organisation_id,
                Invitation.outcome.is_(None),
                which,  # type: ignore[arg-type]
            )
            .values(outcome="withdrawn", answered_at=self._clock())
            .execution_options(synchronize_session=False)
        )
        return bool(ended.rowcount)  # type: ignore[attr-defined]


def _secret() -> str:
    return secrets.token_urlsafe(32)


def not_found() -> NotFound:
    """One answer for links and ids nobody made, or that were meant for somebody else."""
    return NotFound("invitation_not_found", "There is no such open invitation.")


def digest(secret: str) -> str:
    """What is kept of a link."""
    # 256 random bits need no slow hash; looking up the digest compares nothing secret.
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _refuse_members(session: Session, organisation_id: str, email: str) -> None:
    query = (
        select(Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(Membership.organisation_id == organisation_id, User.email == email)
    )
    if session.scalar(query) is not None:
        message = "This person belongs to the organisation already."
        raise Conflict("member_already", message, field="email")


def _open(session: Session, organisation_id: str, now: datetime) -> int:
    query = select(func.count()).where(
        Invitation.organisation_id == organisation_id,
        Invitation.outcome.is_(None),
        Invitation.expires_at > now,
    )
    return session.scalar(query) or 0
