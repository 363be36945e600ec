"""Sensitive pages ask who it is, again: a session left open in an empty office is not enough."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar, overload

from flask import flash, g, make_response, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as BaseResponse

from portal.accounts.sessions import current_sign_in
from portal.problems import Unauthenticated
from portal.security import page_of, safe_next
from portal.ui.context import current_actor, is_api_request, services

View = TypeVar("View", bound=Callable[..., Any])


@overload
def fresh_required(view: View) -> View: ...


@overload
def fresh_required(*, password_suffices: bool) -> Callable[[View], View]: ...


def fresh_required(
    view: View | None = None, *, password_suffices: bool = False
) -> View | Callable[[View], View]:
    """Let a view be used only by people who proved who they are in the last FRESH_MINUTES.

    With a second factor, when they have one or hold one of SECOND_FACTOR_ROLES; whoever holds such
    a role and has none is led to setting it up. ``password_suffices`` is for the pages where that
    is done. Put it below :func:`portal.security.roles_required`. API keys never pass: nobody
    stands before them.

    A page is opened again after the proof. A form that was sent has to be sent again: the person
    is led back to the page it stood on, so put this on that page too.
    """

    def decorate(wanted: View) -> View:
        @wraps(wanted)
        def checked(*args: Any, **kwargs: Any) -> Any:
            if is_fresh(password_suffices):
                return wanted(*args, **kwargs)
            return _ask()

        return checked  # type: ignore[return-value]

    return decorate if view is None else decorate(view)


def is_fresh(password_suffices: bool = False) -> bool:
    """Whether the person before this request proved who they are lately, and well enough."""
    begun, portal, actor = current_sign_in(), services(), current_actor()
    if begun is None or g.get("api_key"):
        return False
    if portal.clock() - begun.confirmed_at > timedelta(minutes=portal.settings.fresh_minutes):
        return False
    if begun.strong:
        return True
    if not password_suffices and needs_factor():
        return False
    return not portal.accounts.factors.state(actor.id).any


def needs_factor() -> bool:
    """Whether the actor's roles ask for a second factor."""
    return current_actor().has(*services().settings.second_factor_roles.split())


def _ask() -> BaseResponse:
    if is_api_request():
        message = "Prove who you are on the web page first: this is not done by a key."
        raise Unauthenticated("fresh_proof_required", message)
    if request.headers.get("HX-Request"):
        answer = make_response("", 401)
        answer.headers["HX-Redirect"] = _address(page_of(request.headers.get("HX-Current-URL")))
        return answer
    if request.method in ("GET", "HEAD"):
        return redirect(_address(request.full_path.rstrip("?")), code=303)
    flash(gettext("Nothing was done yet. Say who you are, then press the button again."), "info")
    return redirect(_address(page_of(request.referrer)), code=303)


def _address(target: str) -> str:
    return url_for("safety.verify", next=safe_next(target))
