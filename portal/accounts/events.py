"""What happens around signing in, for the custody log and the session.

Successful acts are recorded in the request's session, in the one transaction Flask-Security commits
at the end of the request: no sign-in without its entry, and no entry without the sign-in.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, g, session
from flask_login import user_logged_out
from flask_security import password_changed, password_reset, user_authenticated, user_registered

from portal.accounts.identities import EMAIL_PROVEN, SELF_DECLARED
from portal.accounts.models import User
from portal.accounts.sessions import begin_session, current_sign_in, visit
from portal.accounts.slowed import Slowed
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.ui.context import services, visitor_address, visitor_via
from portal.ui.locale import language

_KEPT_AT_SIGN_IN = ("locale", "_flashes")
#: said by our own views when the sign-in took a second factor
MFA = "mfa"


def install(app: Flask) -> None:
    """Listen to Flask-Security's signals of this application."""
    app.after_request(Slowed().note)
    user_authenticated.connect(_signed_in, app)
    user_registered.connect(_registered, app)
    password_changed.connect(_password_changed, app)
    password_reset.connect(_password_reset, app)
    user_logged_out.connect(_signed_out, app)


def failed_sign_in(user: User | None, way: str = "password") -> None:
    """Record a refused sign-in. The name that was tried is not kept: it may be a password."""
    portal = services()
    subject = f"user:{user.id}" if user else "user:"
    detail: dict[str, str | int] = {"known": int(bool(user)), "way": way}
    actor = Actor.nobody(visitor_address(), visitor_via())
    with portal.database.transaction() as transaction:
        if user is not None and way == "password":  # codes note their own failures
            portal.accounts.sign_ins.failed(transaction, user.id, way, visit())
        record(transaction, actor, "account.sign_in_failed", subject, detail)


def prove_address(user: User) -> None:
    """Somebody opened a link sent to this address: it is theirs."""
    if user.confirmed_at is None:
        user.confirmed_at = services().clock()
    if user.identity_level == SELF_DECLARED:
        user.identity_level = EMAIL_PROVEN


def _signed_in(_app: Flask, user: User, authn_via: list[str] | None = None, **_: Any) -> None:
    way, *more = authn_via or ["password"]
    if way == "change":  # the same session goes on, under the person's new uniquifier
        _renew_session(user, keep=str(session.get("sid", "")))
        return
    _renew_session(user)
    begin_session(user, way, strong=MFA in more)
    if way != "register":  # recorded as what it is
        services().database.scoped.flush()
        _record(user, "account.signed_in", {"way": way})


def _registered(_app: Flask, user: User, **_: Any) -> None:
    portal = services()
    user.locale = language()
    if not portal.settings.confirm_email:
        user.confirmed_at = portal.clock()
    portal.database.scoped.flush()  # gives the new row its id
    _record(user, "account.registered")


def _password_changed(_app: Flask, user: User, **_: Any) -> None:
    portal, here = services(), current_sign_in()
    user.must_change_password = False
    portal.accounts.sign_ins.end_all(portal.database.scoped, user.id, here.id if here else "")
    _record(user, "account.password_changed")


def _password_reset(_app: Flask, user: User, **_: Any) -> None:
    portal = services()
    prove_address(user)
    user.must_change_password = False
    portal.database.scoped.flush()
    portal.accounts.sign_ins.end_all(portal.database.scoped, user.id)
    _record(user, "account.password_reset")


def _signed_out(_app: Flask, user: User, **_: Any) -> None:
    if not getattr(user, "id", None):
        return
    portal, actor = services(), _actor(user)
    with portal.database.transaction() as transaction:
        portal.accounts.sign_ins.end(transaction, user.id, str(session.get("sid", "")))
        record(transaction, actor, "account.signed_out", f"user:{user.id}")
    session.clear()


def _renew_session(user: User, keep: str = "") -> None:
    """A session that was begun before signing in, perhaps by somebody else, ends here."""
    kept = {key: session[key] for key in _KEPT_AT_SIGN_IN if key in session}
    signed_in = {key: value for key, value in session.items() if key[:1] == "_" or key[:3] == "fs_"}
    session.clear()
    session.update(signed_in | kept)
    session["sid"] = keep
    session.permanent = True
    g.pop("csrf_token", None)  # a new token for the new session
    if user.locale and "locale" not in session:
        session["locale"] = user.locale


def _record(user: User, action: str, detail: dict[str, str] | None = None) -> None:
    record(services().database.scoped, _actor(user), action, f"user:{user.id}", detail)


def _actor(user: User) -> Actor:
    return Actor(user.id, user.name, user.role_names, visitor_address(), visitor_via())
