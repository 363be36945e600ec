"""What administrators do with other people's accounts. No Flask in here.

Whatever is done, somebody who can do it again remains: the last administrator whose account is open
keeps role and account.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portal.accounts.models import ROLES, Role, User
from portal.accounts.sign_ins import SignIns
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.problems import BadInput, Conflict, NotFound

_ADMINISTRATOR: Final = "administrator"
_PAGE: Final = 30


@dataclass(frozen=True, slots=True)
class People:
    """One page of accounts, and how many there are in all."""

    items: tuple[User, ...]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // _PAGE))


class Administration:
    """Every change is a custody entry under the administrator's name."""

    def __init__(self, database: Database, sign_ins: SignIns) -> None:
        self._database, self._sign_ins = database, sign_ins

    def search(self, text: str = "", role: str = "", page: int = 1) -> People:
        """Accounts whose name or e-mail address holds ``text``, newest first."""
        query = select(User)
        text = text.strip().replace("\x00", "")[:200]
        if text:
            fields = (User.name, User.email)
            query = query.where(or_(*(each.icontains(text, autoescape=True) for each in fields)))
        if role in ROLES:
            query = query.where(User.roles.any(Role.name == role))
        page = max(1, min(page, 100_000))
        newest = query.order_by(User.created_at.desc(), User.id)
        with self._database.reading() as session:
            total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
            rows = session.scalars(newest.offset((page - 1) * _PAGE).limit(_PAGE))
            return People(tuple(rows), total, page)

    def person(self, user_id: str) -> User:
        with self._database.reading() as session:
            return _found(session, user_id)

    def set_roles(self, actor: Actor, user_id: str, roles: Iterable[str]) -> None:
        """Give a person exactly ``roles``.

        Raises:
            NotFound: no such person. BadInput: an unknown role.
            Conflict: nobody would be administrator any more.
        """
        wanted = set(roles)
        unknown = sorted(wanted - set(ROLES))
        if unknown:
            name = unknown[0][:40]
            raise BadInput("role", "There is no role %(role)s.", field="roles", role=name)
        with self._database.transaction() as session:
            user = _found(session, user_id)
            if _ADMINISTRATOR not in wanted:
                _keep_one(session, user)
            before = " ".join(sorted(user.role_names))
            user.roles = list(session.scalars(select(Role).where(Role.name.in_(wanted))))
            after = " ".join(sorted(wanted))
            if after != before:
                session.flush()
                detail = {"before": before, "after": after}
                record(session, actor, "account.roles_changed", f"user:{user.id}", detail)

    def close(self, actor: Actor, user_id: str) -> None:
        """Nobody signs in with it any more, its sessions end, its keys are refused.

        Raises:
            NotFound. Conflict: one's own account, or the last administrator's.
        """
        if user_id == actor.id:
            raise Conflict("own_account", "One's own account is not closed here.")
        with self._database.transaction() as session:
            user = _found(session, user_id)
            if user.active:
                _keep_one(session, user)
                user.active = False
                self._end_sessions(session, user)
                record(session, actor, "account.closed", f"user:{user.id}")

    def reopen(self, actor: Actor, user_id: str) -> None:
        """A closed account is open again, with the roles and keys it had."""
        with self._database.transaction() as session:
            user = _found(session, user_id)
            if not user.active:
                user.active = True
                record(session, actor, "account.opened", f"user:{user.id}")

    def demand_password(self, actor: Actor, user_id: str) -> None:
        """At the next page the person has to choose a new password; until then nothing else, by
        key neither."""
        with self._database.transaction() as session:
            user = _found(session, user_id)
            user.must_change_password = True
            record(session, actor, "account.password_demanded", f"user:{user.id}")

    def sign_out(self, actor: Actor, user_id: str) -> None:
        """End all of a person's sessions, on every device."""
        with self._database.transaction() as session:
            user = _found(session, user_id)
            self._end_sessions(session, user)
            record(session, actor, "account.sessions_ended", f"user:{user.id}")

    def _end_sessions(self, session: Session, user: User) -> None:
        user.renew_uniquifier()
        self._sign_ins.end_all(session, user.id)


def _found(session: Session, user_id: str) -> User:
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("user_not_found", "There is no such account.")
    return user


def _keep_one(session: Session, user: User) -> None:
    """Refuse when ``user`` is the last open administrator.

    The role's row is locked first: two administrators who remove each other at the same moment
    wait for one another, and the second one is refused.
    """
    locked = select(Role).where(Role.name == _ADMINISTRATOR).with_for_update()
    if session.scalar(locked) is None or _ADMINISTRATOR not in user.role_names:
        return
    others = select(func.count()).where(
        User.id != user.id, User.active, User.roles.any(Role.name == _ADMINISTRATOR)
    )
    if user.active and not session.scalar(others):
        message = "This is the last administrator: give somebody else the role first."
        raise Conflict("last_administrator", message)
