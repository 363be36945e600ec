"""API keys: made once, shown once, kept as a digest, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Engine, bindparam, func, select, update
from sqlalchemy.orm import Session

from portal.accounts.models import ApiKey, Role, User, users_roles
from portal.asking import Together
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.prepared import Prepared
from portal.problems import BadInput, Conflict, NotFound, Unauthenticated

SCOPES = ("read", "write")
PREFIX = "nep_"
MAX_KEYS = 50

_FORM = re.compile(r"nep_([0-9a-z]{16})_([0-9a-f]{64})", re.ASCII)
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
#: last_used_at is kept this fresh; finer would cost a durable write for every request
_USE_RECORDED_EVERY = timedelta(minutes=5)
_REFUSED = "This API key is unknown, expired or revoked."


@dataclass(frozen=True)
class KeyHolder:
    """Whom a key speaks for, and what it may do."""

    key_id: str
    user_id: str
    name: str
    roles: frozenset[str]
    scopes: frozenset[str]
    must_change_password: bool
    organisation_id: str | None = None


def create_api_key(
    database: Database,
    actor: Actor,
    name: str,
    scopes: tuple[str, ...] = SCOPES,
    days: int | None = 365,
    user_id: str | None = None,
    organisation_id: str | None = None,
) -> tuple[ApiKey, str]:
    """A new key for ``user_id`` (the actor when None), who may belong to the organisation it acts
    for; whether they may make such a key is the caller's to check.

    Returns:
        The stored row and the key itself, which is never to be had again.

    Raises:
        BadInput: no name, an unknown scope, or a lifetime outside 1–3650 days.
        Conflict: the person already holds :data:`MAX_KEYS` keys that work.
    """
    name = _checked_name(name)
    if not scopes or not set(scopes) <= set(SCOPES):
        raise BadInput("scope", "A key reads, writes or does both.", field="scopes")
    if days is not None and not 1 <= days <= 3650:
        raise BadInput("days", "A key lasts from 1 to 3650 days.", field="days")
    secret, now = secrets.token_hex(32), datetime.now(UTC)
    key = ApiKey(
        id="".join(secrets.choice(_LETTERS) for _ in range(16)),
        user_id=user_id or actor.id,
        organisation_id=organisation_id,
        name=name,
        secret=_digest(secret),
        scopes=" ".join(scopes),
        created_at=now,
        expires_at=now + timedelta(days=days) if days else None,
    )
    with database.transaction() as session:
        if _working(session, key.user_id, now) >= MAX_KEYS:
            message = "Revoke a key first: nobody holds more than %(most)s."
            raise Conflict("too_many_keys", message, most=MAX_KEYS)
        session.add(key)
        session.flush()
        detail = {"key": key.id, "scopes": key.scopes}
        owner = f"organisation:{organisation_id}" if organisation_id else f"user:{key.user_id}"
        record(session, actor, "account.key_created", owner, detail)
    return key, f"{PREFIX}{key.id}_{secret}"


def revoke_api_key(database: Database, actor: Actor, key_id: str) -> None:
    """End a key of the actor's own at once; revoking it again changes nothing.

    Raises:
        NotFound: there is no such key, or it is somebody else's.
    """
    with database.transaction() as session:
        key = session.get(ApiKey, key_id)
        if key is None or key.user_id != actor.id or key.organisation_id is not None:
            raise NotFound("key_not_found", "There is no such key.")
        if key.revoked_at is None:
            key.revoked_at = datetime.now(UTC)
            record(session, actor, "account.key_revoked", f"user:{actor.id}", {"key": key.id})


def list_api_keys(database: Database, user_id: str) -> list[ApiKey]:
    """A person's own keys, newest first, revoked ones too; not those made for organisations."""
    query = select(ApiKey).where(ApiKey.user_id == user_id, ApiKey.organisation_id.is_(None))
    with database.reading() as session:
        return list(session.scalars(query.order_by(ApiKey.created_at.desc()).limit(500)))


def key_of(database: Database, holder: KeyHolder) -> ApiKey:
    """The row of a key that has just been accepted."""
    with database.reading() as session:
        return session.get_one(ApiKey, holder.key_id)


_keys, _users, _roles = ApiKey.__table__, User.__table__, Role.__table__
#: asked without a session: every request to the API waits for it
_HOLDER = Prepared(
    select(_keys.c.id, _keys.c.user_id, _keys.c.organisation_id, _keys.c.secret, _keys.c.scopes)
    .add_columns(_keys.c.expires_at, _keys.c.last_used_at, _keys.c.revoked_at)
    .add_columns(_users.c.name, _users.c.active, _users.c.must_change_password, _roles.c.name)
    .select_from(_keys)
    .join(_users, _users.c.id == _keys.c.user_id)
    .outerjoin(users_roles, users_roles.c.user_id == _users.c.id)
    .outerjoin(_roles, _roles.c.id == users_roles.c.role_id)
    .where(_keys.c.id == bindparam("key"))
)


def _rows(asked: tuple[Engine, str]) -> list[tuple[Any, ...]]:
    engine, key = asked
    return _HOLDER.ask(engine, {"key": key})


#: Each look into the database lets other threads in several times over. A program that sends many
#: requests at once under one key would pay that for each; so they share their looks.
_ROWS: Final = Together(_rows)


class _Found(NamedTuple):
    """A row of that: the key, whose it is, and one of their roles."""

    id: str
    user_id: str
    organisation_id: str | None
    secret: str
    scopes: str
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    person: str
    active: bool
    must_change_password: bool
    role: str | None


def authenticate_api_key(database: Database, text: str) -> KeyHolder:
    """Whom the key ``nep_<id>_<secret>`` speaks for.

    Raises:
        Unauthenticated: malformed, unknown, expired, revoked, or its holder's account is closed.
            One sentence for all, so that guessing learns nothing.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise Unauthenticated("key_refused", _REFUSED)
    rows = [_Found(*row) for row in _ROWS((database.engine, match[1]))]
    now = datetime.now(UTC)
    if not rows or not _holds(rows[0], match[2], now) or not rows[0].active:
        raise Unauthenticated("key_refused", _REFUSED)
    key = rows[0]
    _note_use(database, key, now)
    return KeyHolder(
        key_id=key.id,
        user_id=key.user_id,
        name=key.person,
        roles=frozenset(row.role for row in rows if row.role),
        scopes=frozenset(key.scopes.split()),
        must_change_password=key.must_change_password,
        organisation_id=key.organisation_id,
    )


def _holds(key: _Found, secret: str, now: datetime) -> bool:
    genuine = hmac.compare_digest(key.secret, _digest(secret))
    expired = key.expires_at is not None and key.expires_at <= now
    return genuine and not expired and key.revoked_at is None


def _note_use(database: Database, key: _Found, now: datetime) -> None:
    if key.last_used_at is not None and now - key.last_used_at < _USE_RECORDED_EVERY:
        return
    with database.transaction() as session:
        session.execute(update(ApiKey).where(ApiKey.id == key.id).values(last_used_at=now))


def _working(session: Session, user_id: str, now: datetime) -> int:
    query = select(func.count()).where(
        ApiKey.user_id == user_id,
        ApiKey.revoked_at.is_(None),
        ApiKey.expires_at.is_(None) | (ApiKey.expires_at > now),
    )
    return session.scalar(query) or 0


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise BadInput("name", "Give the key a name of at most 100 characters.", field="name")
    return name


def _digest(secret: str) -> str:
    # A 256-bit random secret needs no slow hash: there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()
