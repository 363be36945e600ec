"""Second factors without a web request: authenticator apps and recovery codes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from portal.accounts import totp
from portal.accounts.models import User
from portal.accounts.passwords import one_time_password
from portal.accounts.security_models import Authenticator, Passkey, RecoveryCode
from portal.accounts.sign_ins import SignIns, Visit
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.problems import BadInput, NotFound, RateLimited
from portal.storage.sealing import Box

CODES: Final = 10
#: Guesses at six digits, an hour, from all addresses together: at most one success in 4,000 years
#: of trying without pause would be too few; ten leaves people their typing errors.
MAX_FAILURES: Final = 10
_WINDOW: Final = timedelta(hours=1)
_GUESSED: Final = ("totp", "recovery")
_PURPOSE: Final = "totp"
_NOISE: Final = re.compile(r"[\s-]+")


@dataclass(frozen=True, slots=True)
class FactorState:
    """What a person has: when the app was set up, how many passkeys, how many codes are left."""

    app_since: datetime | None
    app_used_at: datetime | None
    passkeys: int
    codes_left: int

    @property
    def any(self) -> bool:
        return self.app_since is not None or self.passkeys > 0


class Factors:
    """Safe for threads; codes count once also when two processes check the same one."""

    def __init__(
        self, database: Database, box: Box, sign_ins: SignIns, clock: Callable[[], datetime]
    ) -> None:
        self._database, self._box, self._clock = database, box, clock
        self._sign_ins = sign_ins

    def state(self, user_id: str) -> FactorState:
        """What second factors a person has."""
        with self._database.reading() as session:
            app = session.get(Authenticator, user_id)
            used = app is not None and app.secret is not None
            return FactorState(
                app.since if app and used else None,
                app.last_used_at if app and used else None,
                _count(session, Passkey, user_id),
                _count(session, RecoveryCode, user_id),
            )

    def begin_app(self, user_id: str) -> bytes:
        """A secret for a new authenticator app; in force only after :meth:`finish_app`. Asking
        again gives the same one until then, so that a reloaded page still fits the scanned code."""
        with self._database.transaction() as session:
            app = session.get(Authenticator, user_id)
            if app is None:
                app = Authenticator(user_id=user_id, last_step=0)
                session.add(app)
            if app.pending is not None:
                return self._box.open(app.pending, _PURPOSE, user_id)
            secret = totp.new_secret()
            app.pending = self._box.seal(secret, _PURPOSE, user_id)
        return secret

    def finish_app(self, actor: Actor, code: str) -> None:
        """Put the new app in force, replacing an earlier one.

        Raises:
            BadInput: the code is not one the new app shows now.
        """
        now = self._clock()
        with self._database.transaction() as session:
            app = session.get(Authenticator, actor.id)
            if app is None or app.pending is None:
                raise BadInput("totp_not_begun", "Begin again: scan the picture first.")
            secret = self._box.open(app.pending, _PURPOSE, actor.id)
            step = totp.matching_step(secret, _plain(code), now.timestamp())
            if step is None:
                raise _wrong()
            app.secret, app.pending, app.last_step = app.pending, None, step
            app.since, app.last_used_at = now, now
            record(session, actor, "account.app_added", f"user:{actor.id}")

    def remove_app(self, actor: Actor) -> None:
        """Stop asking for the app's codes."""
        with self._database.transaction() as session:
            app = session.get(Authenticator, actor.id)
            if app is None or app.secret is None:
                raise NotFound("app_not_found", "No authenticator app is set up.")
            session.delete(app)
            record(session, actor, "account.app_removed", f"user:{actor.id}")
            forget_codes_without_factor(session, actor.id)

    def check_code(self, user_id: str, code: str, visit: Visit) -> str:
        """Take a code of the app or a recovery code, once; ``"totp"`` or ``"recovery"``.

        Raises:
            BadInput: wrong, expired, or used before. It is noted as a failed attempt.
            RateLimited: too many wrong codes lately, from wherever.
        """
        if self.failures(user_id) >= MAX_FAILURES:
            message = "Too many wrong codes for this account. Wait an hour, or use a passkey."
            raise RateLimited("too_many_codes", message)
        plain = _plain(code)
        way = "totp" if plain.isdecimal() else "recovery"
        with self._database.transaction() as session:
            taken = self._take_app if way == "totp" else self._take_recovery
            if taken(session, user_id, plain):
                return way
            self._sign_ins.failed(session, user_id, way, visit)
        raise _wrong()

    def failures(self, user_id: str) -> int:
        """Wrong codes in the last hour."""
        return self._sign_ins.failures(user_id, _GUESSED, _WINDOW)

    def new_codes(self, actor: Actor) -> list[str]:
        """Ten recovery codes, shown once; earlier ones end."""
        codes = [one_time_password() for _ in range(CODES)]
        now = self._clock()
        with self._database.transaction() as session:
            session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == actor.id))
            for code in codes:
                digest = _digest(actor.id, _plain(code))
                session.add(RecoveryCode(digest=digest, user_id=actor.id, created_at=now))
            session.flush()
            record(session, actor, "account.codes_made", f"user:{actor.id}", {"count": CODES})
        return codes

    def reset(self, actor: Actor, user_id: str) -> None:
        """Take all second factors away from somebody who lost them; an administrator's act.

        Raises:
            NotFound: no such person.
        """
        with self._database.transaction() as session:
            if session.get(User, user_id) is None:
                raise NotFound("user_not_found", "There is no such account.")
            for table in (Authenticator, Passkey, RecoveryCode):
                session.execute(delete(table).where(table.user_id == user_id))
            self._sign_ins.end_all(session, user_id)
            record(session, actor, "account.factors_reset", f"user:{user_id}")

    def _take_app(self, session: Session, user_id: str, code: str) -> bool:
        app = session.get(Authenticator, user_id)
        if app is None or app.secret is None:
            return False
        now = self._clock()
        secret = self._box.open(app.secret, _PURPOSE, user_id)
        step = totp.matching_step(secret, code, now.timestamp())
        if step is None:
            return False
        # RFC 6238 §5.2: a code is accepted once. The comparison stands in the statement, so that
        # of two processes holding the same code only one is told yes.
        mine = (Authenticator.user_id == user_id) & (Authenticator.last_step < step)
        taken = update(Authenticator).where(mine).values(last_step=step, last_used_at=now)
        done = session.execute(taken.execution_options(synchronize_session=False))
        return bool(done.rowcount == 1)  # type: ignore[attr-defined]

    def _take_recovery(self, session: Session, user_id: str, code: str) -> bool:
        mine = (RecoveryCode.digest == _digest(user_id, code)) & RecoveryCode.used_at.is_(None)
        taken = update(RecoveryCode).where(mine).values(used_at=self._clock())
        done = session.execute(taken.execution_options(synchronize_session=False))
        return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def forget_codes_without_factor(session: Session, user_id: str) -> None:
    """Recovery codes stand in for a second factor; without one they would be a weaker password."""
    session.flush()
    app = session.get(Authenticator, user_id)
    if (app is None or app.secret is None) and not _count(session, Passkey, user_id):
        session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def _count(session: Session, table: type[Passkey] | type[RecoveryCode], user_id: str) -> int:
    query = select(func.count()).select_from(table).where(table.user_id == user_id)
    if table is RecoveryCode:
        query = query.where(RecoveryCode.used_at.is_(None))
    return session.scalar(query) or 0


def _plain(code: str) -> str:
    return _NOISE.sub("", code).lower()[:64]


def _digest(user_id: str, code: str) -> str:
    # 79 random bits need no slow hash; the owner's id keeps equal codes of two people apart.
    return hashlib.sha256(f"recovery\n{user_id}\n{code}".encode("utf-8", "replace")).hexdigest()


def _wrong() -> BadInput:
    return BadInput("code", "This code is wrong, too old, or was used before.", field="code")
