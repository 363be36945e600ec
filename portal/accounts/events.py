"""What happens around signing in, for the custody log and the session.

Successful acts are recorded in the request's session, in the one transaction Flask-Security commits
at the end of the request: no sign-in without its entry, and no entry without the sign-in.
"""

from __future__ import annotations

import secrets
from typing import Any

from flask import Flask, g, session
from flask_login import user_logged_out
from flask_security import password_changed, user_authenticated, user_registered

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.ui.context import services, visitor_address, visitor_via

_KEPT_AT_SIGN_IN = ("locale", "_flashes")


def install(app: Flask) -> None:
    """Listen to Flask-Security's signals of this application."""
    user_authenticated.connect(_signed_in, app)
    user_registered.connect(_registered, app)
    password_changed.connect(_password_changed, app)
    user_logged_out.connect(_signed_out, app)


def failed_sign_in(user: User | None) -> None:
    """Record a refused sign-in. The name that was tried is not kept: it may be a password."""
    subject = f"user:{user.id}" if user else "user:"
    actor = Actor.nobody(visitor_address(), visitor_via())
    with services().database.transaction() as transaction:
        record(transaction, actor, "account.sign_in_failed", subject, {"known": int(bool(user))})


def _signed_in(_app: Flask, user: User, authn_via: list[str] | None = None, **_: Any) -> None:
    _renew_session(user)
    if authn_via and authn_via[0] in ("register", "change"):
        return  # recorded as what it is
    _record(user, "account.signed_in")


def _registered(_app: Flask, user: User, **_: Any) -> None:
    user.locale = session.get("locale")
    services().database.scoped.flush()  # gives the new row its id
    _record(user, "account.registered")


def _password_changed(_app: Flask, user: User, **_: Any) -> None:
    user.must_change_password = False
    _record(user, "account.password_changed")


def _signed_out(_app: Flask, user: User, **_: Any) -> None:
    if not getattr(user, "id", None):
        return
    actor = _actor(user)
    with services().database.transaction() as transaction:
        record(transaction, actor, "account.signed_out", f"user:{user.id}")
    session.clear()


def _renew_session(user: User) -> None:
    """A session that was begun before signing in, perhaps by somebody else, ends here."""
    kept = {key: session[key] for key in _KEPT_AT_SIGN_IN if key in session}
    signed_in = {key: value for key, value in session.items() if key[:1] == "_" or key[:3] == "fs_"}
    session.clear()
    session.update(signed_in | kept)
    session["sid"] = secrets.token_urlsafe(16)
    session.permanent = True
    g.pop("csrf_token", None)  # a new token for the new session
    if user.locale and "locale" not in session:
        session["locale"] = user.locale


def _record(user: User, action: str) -> None:
    record(services().database.scoped, _actor(user), action, f"user:{user.id}")


def _actor(user: User) -> Actor:
    return Actor(user.id, user.name, user.role_names, visitor_address(), visitor_via())
