"""Handing somebody access to one deposit: to read it, until a day or until taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, aliased

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.deposits.access import changeable, readable
from portal.deposits.models import Deposit
from portal.organisations import mails
from portal.organisations.mails import Post
from portal.organisations.models import AccessGrant
from portal.problems import BadInput, Conflict, Forbidden, NotFound
from portal.texts import normal_email
from timestamping.letter import mask

#: people who read one deposit
MAX_GRANTS: Final = 50
_SHARED: Final = 200


@dataclass(frozen=True, slots=True)
class Given:
    """One grant that holds: to whom, by whom, until when."""

    id: str
    email: str
    giver: str
    created_at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Shared:
    """A deposit somebody else lets the actor read."""

    deposit: Deposit
    giver: str
    until: datetime | None


class Grants:
    """Whoever may change a deposit may give and take back reading access to it."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        post: Post,
        link: Callable[[str], str],
    ) -> None:
        """``link`` gives the whole address of a deposit's page for its id."""
        self._database = database
        self._clock = clock
        self._post = post
        self._link = link

    def give(self, actor: Actor, deposit_id: str, email: str, until: datetime | None) -> None:
        """Let the person with this address read the deposit.

        Raises:
            NotFound: the actor may not even read it.
            Forbidden: they may read, not change it.
            BadInput: nobody with this address has an account, it is one's own, or ``until`` is
                past.
            Conflict: they have access already, or :data:`MAX_GRANTS` people do.
        """
        email, now = normal_email(email), self._clock()
        if until is not None and until <= now:
            raise BadInput("until_past", "Access ends in the future, or not at all.", field="until")
        with self._database.transaction() as session:
            deposit = _deposit(session, actor, deposit_id, lock=True)
            person = _person(session, actor, email)
            holds = select(AccessGrant.user_id).where(
                AccessGrant.deposit_id == deposit_id, *_holding(now)
            )
            holding = list(session.scalars(holds))
            if person.id in holding:
                message = "This person has access already; take it back first to change its end."
                raise Conflict("access_already", message, field="email")
            if len(holding) >= MAX_GRANTS:
                message = "%(most)s people have access; take it back from somebody first."
                raise Conflict("too_many_grants", message, most=MAX_GRANTS)
            made = AccessGrant(
                deposit_id=deposit_id,
                user_id=person.id,
                granted_by=actor.id,
                created_at=now,
                until=until,
            )
            session.add(made)
            session.flush()
            giver = actor.organisation_name or actor.name
            text = mails.access(giver, deposit.number, self._link(deposit.id))
            self._post(session, person.email, *text)
            detail = {"person": person.id, "to": mask(person.email)}
            detail |= {"until": until.isoformat()} if until else {}
            record(session, actor, "access.given", deposit.subject, detail)

    def holders(self, actor: Actor, deposit_id: str) -> list[Given]:
        """Who reads it, for whoever may change it; errors as :meth:`give`."""
        giver = aliased(User)
        query = (
            select(AccessGrant, User.email, giver.name)
            .join(User, User.id == AccessGrant.user_id)
            .join(giver, giver.id == AccessGrant.granted_by)
            .where(AccessGrant.deposit_id == deposit_id, *_holding(self._clock()))
            .order_by(AccessGrant.created_at)
        )
        with self._database.reading() as session:
            _deposit(session, actor, deposit_id)
            rows = session.execute(query).all()
        return [
            Given(grant.id, email, name, grant.created_at, grant.until)
            for grant, email, name in rows
        ]

    def take_back(self, actor: Actor, deposit_id: str, grant_id: str) -> None:
        """End somebody's access at once.

        Raises:
            NotFound: the deposit has no such grant that holds, or the actor may not read it.
            Forbidden: they may read, not change it.
        """
        now = self._clock()
        with self._database.transaction() as session:
            deposit = _deposit(session, actor, deposit_id, lock=True)
            query = select(AccessGrant).where(
                AccessGrant.id == grant_id, AccessGrant.deposit_id == deposit_id, *_holding(now)
            )
            grant = session.scalar(query)
            if grant is None:
                raise NotFound("grant_not_found", "There is no such access.")
            person = session.get_one(User, grant.user_id)
            grant.revoked_at = now
            session.flush()
            detail = {"person": person.id, "to": mask(person.email)}
            record(session, actor, "access.taken_back", deposit.subject, detail)

    def shared(self, actor: Actor) -> list[Shared]:
        """What others let the actor read, the latest first."""
        with self._database.reading() as session:
            rows = session.execute(_shared_with(actor, self._clock()).limit(_SHARED)).all()
        return [Shared(*row) for row in rows]

    def mine(self, actor: Actor, deposit_id: str) -> Shared | None:
        """By whose leave the actor reads this deposit; None when nobody gave it."""
        query = _shared_with(actor, self._clock()).where(Deposit.id == deposit_id)
        with self._database.reading() as session:
            row = session.execute(query.limit(1)).one_or_none()
        return Shared(*row) if row else None

    def may_change(self, actor: Actor, deposit_id: str) -> bool:
        """Whether the actor may change this deposit, and so hand out access to it."""
        query = select(Deposit.id).where(Deposit.id == deposit_id, changeable(actor))
        with self._database.reading() as session:
            return session.scalar(query) is not None


def _deposit(session: Session, actor: Actor, deposit_id: str, *, lock: bool = False) -> Deposit:
    query = select(Deposit).where(Deposit.id == deposit_id)
    if lock:
        query = query.with_for_update()
    deposit = session.scalar(query.where(changeable(actor)))
    if deposit is not None:
        return deposit
    seen = select(Deposit.id).where(Deposit.id == deposit_id, readable(actor))
    if session.scalar(seen) is None:
        raise NotFound("deposit_not_found", "There is no such deposit.")
    raise Forbidden("reading_only", "You may read this deposit, not hand out access to it.")


def _person(session: Session, actor: Actor, email: str) -> User:
    person = session.scalar(select(User).where(User.email == email, User.active))
    if person is None:
        message = "Nobody has an account here with this address; ask them to register first."
        raise BadInput("no_such_person", message, field="email")
    if person.id == actor.id:
        raise BadInput("own_address", "This is your own address.", field="email")
    return person


def _shared_with(actor: Actor, now: datetime) -> Select[Deposit, str, datetime | None]:
    """Deposits, who let the actor read them, and until when; the latest leave first."""
    return (
        select(Deposit, User.name, AccessGrant.until)
        .join(AccessGrant, AccessGrant.deposit_id == Deposit.id)
        .join(User, User.id == AccessGrant.granted_by)
        .where(AccessGrant.user_id == actor.id, *_holding(now))
        .order_by(AccessGrant.created_at.desc())
    )


def _holding(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Criteria of grants that hold."""
    until = AccessGrant.until
    return AccessGrant.revoked_at.is_(None), or_(until.is_(None), until > now)
