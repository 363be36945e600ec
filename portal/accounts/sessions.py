"""The session of a request: looked up once, begun at sign-in, ended on the server."""

from __future__ import annotations

from flask import g, request, session
from flask_security.utils import set_request_attr

from portal.accounts.browsers import browser_name
from portal.accounts.datastore import end_reading
from portal.accounts.models import User
from portal.accounts.sign_ins import Current, Visit
from portal.ui.context import services, visitor_address


def load_user(uniquifier: str) -> User | None:
    """Flask-Login's loader: whom this cookie stands for. One query; none for API keys."""
    id_ = session.get("sid")
    if not uniquifier or not isinstance(id_, str):
        return None
    portal = services()
    found = portal.accounts.sign_ins.find(portal.database.scoped, id_, str(uniquifier))
    end_reading(portal.database.scoped)
    if found is None:
        return None
    user, g.sign_in = found
    if g.sign_in.stale:
        portal.accounts.sign_ins.note_seen(id_)
    set_request_attr("fs_authn_via", "session")  # what Flask-Security's own loader leaves behind
    set_request_attr("fs_paa", session.get("fs_paa", 0))
    return user


def current_sign_in() -> Current | None:
    """The session this request belongs to."""
    found = g.get("sign_in")
    return found if isinstance(found, Current) else None


def begin_session(user: User, way: str, strong: bool) -> None:
    """A new session in the request's transaction; the cookie carries its id from here on."""
    portal = services()
    begun = portal.accounts.sign_ins.begin(portal.database.scoped, user.id, way, strong, visit())
    session["sid"] = begun.id
    g.sign_in = Current(begun.id, begun.at, strong, stale=False)


def visit() -> Visit:
    """Where this request comes from."""
    return Visit(visitor_address()[:64], browser_name(request.headers.get("User-Agent", "")))
