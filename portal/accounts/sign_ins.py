"""Sessions and attempts to sign in: begun, looked up once a request, ended on the server.

The cookie carries the session's id, signed. Whatever a stolen cookie says, the row decides: it is
ended by signing out, by signing out everywhere, by a new password, or by time.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.orm import Session, joinedload, scoped_session

from portal.accounts.models import User
from portal.accounts.security_models import SignIn
from portal.database import Database

AnySession = Session | scoped_session[Session]
#: ``seen_at`` is kept this fresh; finer would cost a durable write for every request
_SEEN_EVERY: Final = timedelta(minutes=5)
_ATTEMPTS_KEPT: Final = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Current:
    """The session a request belongs to. ``confirmed_at``: when its person last proved who they
    are; ``strong``: with a second factor; ``stale``: it is time to note that it is in use."""

    id: str
    confirmed_at: datetime
    strong: bool
    stale: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """Where an attempt comes from."""

    address: str
    browser: str


class SignIns:
    """Safe for threads."""

    def __init__(
        self, database: Database, lifetime: timedelta, clock: Callable[[], datetime]
    ) -> None:
        self._database, self._lifetime, self._clock = database, lifetime, clock

    def begin(
        self, session: AnySession, user_id: str, way: str, strong: bool, visit: Visit
    ) -> SignIn:
        """A new session in the caller's transaction; its id is what the cookie carries."""
        now = self._clock()
        begun = SignIn(
            id=secrets.token_urlsafe(16),
            user_id=user_id,
            at=now,
            way=way,
            ok=True,
            address=visit.address,
            browser=visit.browser,
            seen_at=now,
            expires_at=now + self._lifetime,
            confirmed_at=now,
            strong=strong,
        )
        session.add(begun)
        return begun

    def failed(self, session: AnySession, user_id: str, way: str, visit: Visit) -> None:
        """Note an attempt that failed, in the caller's transaction."""
        attempt = SignIn(
            id=secrets.token_urlsafe(16),
            user_id=user_id,
            at=self._clock(),
            way=way,
            ok=False,
            address=visit.address,
            browser=visit.browser,
        )
        session.add(attempt)

    def failures(self, user_id: str, ways: tuple[str, ...], within: timedelta) -> int:
        """How many attempts by these ways failed lately, from wherever."""
        query = select(func.count()).where(
            SignIn.user_id == user_id,
            SignIn.at > self._clock() - within,
            SignIn.ok.is_(False),
            SignIn.way.in_(ways),
        )
        with self._database.reading() as session:
            return session.scalar(query) or 0

    def find(self, session: AnySession, id_: str, uniquifier: str) -> tuple[User, Current] | None:
        """Whom a cookie stands for, in one query; None when its session is over.

        The person is loaded into ``session``.
        """
        now = self._clock()
        query = (
            select(User, SignIn)
            .join(SignIn, SignIn.user_id == User.id)
            .options(joinedload(User.roles))
            .where(SignIn.id == id_, User.fs_uniquifier == uniquifier, User.active)
            .where(SignIn.ok, SignIn.ended_at.is_(None), SignIn.expires_at > now)
        )
        found = session.execute(query).unique().one_or_none()
        if found is None:
            return None
        user, begun = found
        stale = begun.seen_at is None or begun.seen_at <= now - _SEEN_EVERY
        return user, Current(begun.id, begun.confirmed_at or begun.at, begun.strong, stale)

    def note_seen(self, id_: str) -> None:
        """Keep a session alive while it is used; called when :class:`Current` says it is time."""
        now = self._clock()
        values = {"seen_at": now, "expires_at": now + self._lifetime}
        with self._database.transaction() as session:
            session.execute(update(SignIn).where(SignIn.id == id_).values(**values))

    def confirm(self, session: AnySession, id_: str, strong: bool) -> None:
        """The person behind this session has just proven who they are."""
        values = {"confirmed_at": self._clock(), "strong": strong}
        session.execute(update(SignIn).where(SignIn.id == id_).values(**values))

    def end(self, session: AnySession, user_id: str, id_: str) -> bool:
        """End one session of a person; False when there is none of that id alive."""
        return self._end(session, and_(SignIn.user_id == user_id, SignIn.id == id_)) == 1

    def end_all(self, session: AnySession, user_id: str, keep: str = "") -> int:
        """End a person's sessions, all but ``keep``; how many there were."""
        return self._end(session, and_(SignIn.user_id == user_id, SignIn.id != keep))

    def alive(self, user_id: str) -> list[SignIn]:
        """A person's sessions, the last used first."""
        query = select(SignIn).where(
            SignIn.user_id == user_id,
            SignIn.ok,
            SignIn.ended_at.is_(None),
            SignIn.expires_at > self._clock(),
        )
        with self._database.reading() as session:
            return list(session.scalars(query.order_by(SignIn.seen_at.desc()).limit(50)))

    def recent(self, user_id: str, limit: int = 20) -> list[SignIn]:
        """A person's latest attempts, failed ones too, newest first."""
        query = select(SignIn).where(SignIn.user_id == user_id)
        with self._database.reading() as session:
            return list(session.scalars(query.order_by(SignIn.at.desc()).limit(limit)))

    def forget_old(self) -> None:
        """Remove attempts and sessions nobody needs to see any more."""
        over = SignIn.at < self._clock() - _ATTEMPTS_KEPT
        with self._database.transaction() as session:
            session.execute(delete(SignIn).where(over))

    def _end(self, session: AnySession, which: object) -> int:
        ended = (
            update(SignIn)
            .where(which, SignIn.ok, SignIn.ended_at.is_(None))  # type: ignore[arg-type]
            .values(ended_at=self._clock())
            .execution_options(synchronize_session=False)
        )
        return int(session.execute(ended).rowcount)  # type: ignore[attr-defined]
