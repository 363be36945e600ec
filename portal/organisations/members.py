"""Who belongs to an organisation, and as what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from portal.accounts.models import ApiKey, User
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.organisations.models import Membership
from portal.organisations.rights import Standing, checked_role, managing, standing
from portal.problems import Conflict, NotFound


@dataclass(frozen=True, slots=True)
class Member:
    """A person of the organisation. ``email`` is empty for those who do not manage it."""

    user_id: str
    name: str
    email: str
    role: str
    joined_at: datetime


class Members:
    """An organisation always keeps a manager: changes wait for each other on its row."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def everybody(self, actor: Actor, organisation_id: str) -> list[Member]:
        """Everybody in it, in the order they joined. Raises NotFound for strangers."""
        query = (
            select(User.id, User.name, User.email, Membership.role, Membership.joined_at)
            .join(Membership, Membership.user_id == User.id)
            .where(Membership.organisation_id == organisation_id)
            .order_by(Membership.joined_at, User.id)
        )
        with self._database.reading() as session:
            found = standing(session, actor, organisation_id)
            rows = session.execute(query).all()
        return [
            Member(row.id, row.name, row.email if found.manages else "", row.role, row.joined_at)
            for row in rows
        ]

    def change_role(self, actor: Actor, organisation_id: str, user_id: str, role: str) -> None:
        """Make somebody a manager, member or reader.

        Raises:
            NotFound: the actor or the person does not belong to it.
            Forbidden: the actor does not manage it.
            Conflict: it would be left without a manager.
        """
        with self._database.transaction() as session:
            found = managing(session, actor, organisation_id, lock=True)
            role = checked_role(role)
            member = _member(session, organisation_id, user_id)
            before = member.role
            if before == role:
                return
            if role != "manager":
                _keep_a_manager(session, member)
            member.role = role
            session.flush()
            detail = {"person": user_id, "before": before, "after": role}
            subject = found.organisation.subject
            record(session, found.actor, "organisation.role_changed", subject, detail)

    def remove(self, actor: Actor, organisation_id: str, user_id: str) -> None:
        """End somebody's membership, and with it every key they made for it, at once."""
        with self._database.transaction() as session:
            found = managing(session, actor, organisation_id, lock=True)
            member = _member(session, organisation_id, user_id)
            self._end(session, found, member, "organisation.member_removed")

    def leave(self, actor: Actor, organisation_id: str) -> None:
        """End one's own membership. Raises Conflict for the last manager."""
        with self._database.transaction() as session:
            found = standing(session, actor, organisation_id, lock=True)
            member = _member(session, organisation_id, actor.id)
            self._end(session, found, member, "organisation.left")

    def _end(self, session: Session, found: Standing, member: Membership, action: str) -> None:
        _keep_a_manager(session, member)
        keys = session.execute(
            update(ApiKey)
            .where(
                ApiKey.organisation_id == member.organisation_id,
                ApiKey.user_id == member.user_id,
                ApiKey.revoked_at.is_(None),
            )
            .values(revoked_at=self._clock())
            .execution_options(synchronize_session=False)
        )
        session.delete(member)
        session.flush()
        detail = {"person": member.user_id, "keys_revoked": keys.rowcount}  # type: ignore[attr-defined]
        record(session, found.actor, action, found.organisation.subject, detail)


def _member(session: Session, organisation_id: str, user_id: str) -> Membership:
    member = session.get(Membership, (organisation_id, user_id))
    if member is None:
        raise NotFound("member_not_found", "There is no such member.")
    return member


def _keep_a_manager(session: Session, leaving: Membership) -> None:
    if leaving.role != "manager":
        return
    # Who has closed their account manages nothing any more.
    managers = (
        select(func.count())
        .select_from(Membership)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.organisation_id == leaving.organisation_id,
            Membership.role == "manager",
            Membership.user_id != leaving.user_id,
            User.active,
        )
    )
    if not session.scalar(managers):
        message = "An organisation needs a manager: make somebody else one first."
        raise Conflict("last_manager", message)
