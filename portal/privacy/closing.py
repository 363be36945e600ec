"""Closing one's account: nobody signs in with it any more; what law and letters need stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session, aliased

from portal.accounts.models import ApiKey, Role, User
from portal.accounts.sign_ins import SignIns
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.organisations.models import Membership, Organisation
from portal.problems import Conflict
from portal.signing.models import SigningKey


class Closing:
    """An operator may open a closed account again."""

    def __init__(
        self, database: Database, sign_ins: SignIns, clock: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._sign_ins = sign_ins
        self._clock = clock

    def close(self, actor: Actor) -> None:
        """Close the actor's own account: every session ends, every key of theirs is revoked.

        Raises:
            Conflict: they are the last administrator, or an organisation's only manager.
        """
        with self._database.transaction() as session:
            user = session.get_one(User, actor.id, with_for_update=True)
            _check_replaceable(session, user)
            now = self._clock()
            session.execute(
                update(ApiKey)
                .where(ApiKey.user_id == user.id, ApiKey.revoked_at.is_(None))
                .values(revoked_at=now)
                .execution_options(synchronize_session=False)
            )
            session.execute(  # and what the portal held of them is destroyed
                update(SigningKey)
                .where(SigningKey.user_id == user.id, SigningKey.revoked_at.is_(None))
                .values(revoked_at=now, sealed=None)
                .execution_options(synchronize_session=False)
            )
            self._sign_ins.end_all(session, user.id)
            user.active = False
            user.renew_uniquifier()
            record(session, actor, "account.closed", f"user:{user.id}", {"by": "holder"})


def _check_replaceable(session: Session, user: User) -> None:
    if "administrator" in user.role_names:
        others = select(func.count()).where(
            User.active, User.id != user.id, User.roles.any(Role.name == "administrator")
        )
        if not session.scalar(others):
            message = "You are the only administrator: give somebody else the role first."
            raise Conflict("last_administrator", message)
    alone = _managed_alone(session, user.id)
    if alone is not None:
        message = "You are the only manager of %(name)s: make somebody else its manager first."
        raise Conflict("last_manager", message, name=alone.name)


def _managed_alone(session: Session, user_id: str) -> Organisation | None:
    """An organisation that would be left without anybody who manages it."""
    other, theirs = aliased(Membership), aliased(User)
    others = exists().where(
        other.organisation_id == Membership.organisation_id,
        other.role == "manager",
        other.user_id != user_id,
        theirs.id == other.user_id,
        theirs.active,
    )
    return session.scalar(
        select(Organisation)
        .join(Membership, Membership.organisation_id == Organisation.id)
        .where(Membership.user_id == user_id, Membership.role == "manager", ~others)
        .limit(1)
    )
