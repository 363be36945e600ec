"""Accounts without a web request: made, given roles, and the first administrator."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.accounts.keys import authenticate_api_key, create_api_key
from portal.accounts.models import ROLES, Role, User
from portal.accounts.passwords import hash_password, one_time_password
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.problems import BadInput, Conflict, NotFound
from portal.settings import Settings
from portal.texts import normal_email

__all__ = [
    "ADMINISTRATOR_EMAIL",
    "MIN_PASSWORD",
    "authenticate_api_key",
    "clean_name",
    "create_api_key",
    "create_user",
    "ensure_administrator",
    "find_user",
    "set_locale",
    "set_roles",
]

ADMINISTRATOR_EMAIL = "administrator@portal.internal"
MIN_PASSWORD = 10


def create_user(
    database: Database,
    settings: Settings,
    actor: Actor,
    email: str,
    name: str,
    password: str,
    roles: Iterable[str] = ("depositor",),
    must_change_password: bool = False,
) -> User:
    """An account with ``roles``. Whoever makes it vouches for the address: it counts as confirmed.

    Raises:
        BadInput: an address that cannot be one, a name or password that will not do, an unknown
            role.
        Conflict: the address has an account already.
    """
    email, name = normal_email(email), clean_name(name)
    if len(password) < MIN_PASSWORD:
        message = "A password has at least %(least)s characters."
        raise BadInput("password_short", message, field="password", least=MIN_PASSWORD)
    user = User(
        email=email,
        name=name,
        password=hash_password(password, settings),
        must_change_password=must_change_password,
        confirmed_at=datetime.now(UTC),
    )
    try:
        with database.transaction() as session:
            user.roles = _roles(session, roles)
            session.add(user)
            session.flush()
            detail = {"roles": " ".join(sorted(user.role_names))}
            record(session, actor, "account.created", f"user:{user.id}", detail)
    except IntegrityError as error:  # the address is the only thing that must be unique
        taken = Conflict("email_taken", "This e-mail address has an account.", field="email")
        raise taken from error
    return user


def ensure_administrator(database: Database, settings: Settings) -> str | None:
    """Make the first administrator when nobody holds that role.

    Returns:
        The one-time password, to be shown once and changed at the first sign-in under
        :data:`ADMINISTRATOR_EMAIL`; None when there is an administrator already.
    """
    holder = select(User.id).where(User.roles.any(Role.name == "administrator")).limit(1)
    with database.reading() as session:
        if session.scalar(holder) is not None:
            return None
    password = one_time_password()
    try:
        create_user(
            database,
            settings,
            Actor.process("cli"),
            email=ADMINISTRATOR_EMAIL,
            name="Administrator",
            password=password,
            roles=("administrator", "operator"),
            must_change_password=True,
        )
    except Conflict:  # another process was quicker, or the role was taken away on purpose
        return None
    return password


def set_roles(database: Database, actor: Actor, user_id: str, roles: Iterable[str]) -> User:
    """Give a person exactly ``roles``; what they held and hold goes into the custody log.

    Raises:
        NotFound: no such person.
        BadInput: an unknown role.
    """
    with database.transaction() as session:
        user = session.get(User, user_id)
        if user is None:
            raise NotFound("user_not_found", "There is no such account.")
        before = " ".join(sorted(user.role_names))
        user.roles = _roles(session, roles)
        after = " ".join(sorted(user.role_names))
        if after != before:
            session.flush()
            detail = {"before": before, "after": after}
            record(session, actor, "account.roles_changed", f"user:{user.id}", detail)
    return user


def set_locale(database: Database, user_id: str, locale: str) -> None:
    """Keep a person's language for their next visit, on whatever device."""
    with database.transaction() as session:
        session.execute(update(User).where(User.id == user_id).values(locale=locale))


def find_user(database: Database, email: str) -> User | None:
    """The account with this e-mail address, whatever its capitals."""
    with database.reading() as session:
        return session.scalar(select(User).where(User.email == email.strip().lower()))


def clean_name(name: str) -> str:
    """A name to show people: trimmed, printable, at most 100 characters.

    Raises:
        BadInput: nothing is left, it is too long, or it holds control characters.
    """
    name = name.strip()
    if not 1 <= len(name) <= 100 or not name.isprintable():
        message = "A name has 1 to 100 characters and no control characters."
        raise BadInput("name", message, field="name")
    return name


def _roles(session: Session, names: Iterable[str]) -> list[Role]:
    wanted = set(names)
    unknown = sorted(wanted - set(ROLES))
    if unknown:
        raise BadInput("role", "There is no role %(role)s.", field="roles", role=unknown[0])
    return list(session.scalars(select(Role).where(Role.name.in_(wanted)).order_by(Role.id)))
