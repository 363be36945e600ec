"""What a view needs from the running application, without importing the application."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import Request, current_app, g, has_request_context, request
from werkzeug.local import LocalProxy

from portal.audit.actor import Actor, Via

if TYPE_CHECKING:
    from portal.services import Services


def services() -> Services:
    """The services this application was built with."""
    return cast("Services", current_app.extensions["notary"])


def this_request() -> Request:
    """The request itself. ``flask.request`` only stands for it and looks it up again for every
    attribute: what runs before and after each view reads dozens, a tenth of a short request."""
    return cast("LocalProxy[Request]", request)._get_current_object()


def current_actor() -> Actor:
    """Who acts in this request: set from the session or the API key before the view runs."""
    actor = g.get("actor")
    return actor if isinstance(actor, Actor) else Actor.nobody(visitor_address(), visitor_via())


def visitor_address() -> str:
    """The visitor's network address, as the configured number of proxies reports it."""
    return (request.remote_addr or "") if has_request_context() else ""


def visitor_via() -> Via:
    """``"api"`` below /api/, ``"web"`` elsewhere."""
    return "api" if is_api_request() else "web"


def is_api_request() -> bool:
    """Whether the visitor expects JSON: everything below /api/."""
    return has_request_context() and request.path.startswith("/api/")


def request_id() -> str:
    """This request's id, also found in the logs and in every error answer."""
    return str(g.get("request_id", "")) if has_request_context() else ""
