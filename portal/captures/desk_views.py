"""The page with the desktop, and what its toolbar asks for."""

from __future__ import annotations

import secrets
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from flask import jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forensics.gateway.server import COOKIE
from forensics.session.commands import MAX_NOTE, MAX_PASTE
from portal import headers
from portal.captures import present
from portal.captures.blueprint import blueprint
from portal.captures.controlling import Controlling
from portal.captures.doors import LOOPBACK, origins
from portal.captures.models import CaptureState
from portal.problems import BadInput
from portal.ui.context import current_actor, services

_SHORTEST: Final = 32


@blueprint.get("/captures/<capture_id>/desktop")
def desktop(capture_id: str) -> Response:
    """The desktop, filling the window. Its script alone may reach the gateway."""
    standing = _live().standing(current_actor(), capture_id)
    capture, settings = standing.capture, services().settings
    if capture.state not in (CaptureState.STARTING, CaptureState.LIVE):
        return redirect(url_for("captures.show", capture_id=capture_id), code=303)
    answer = make_response(
        render_template(
            "captures/desktop.html",
            capture=capture,
            name=present.name(capture),
            drives=standing.drives,
            max_note=MAX_NOTE,
            max_paste=MAX_PASTE,
            max_upload=settings.capture_upload_bytes,
            minutes=settings.capture_minutes,
            idle_minutes=settings.capture_idle_minutes,
        )
    )
    gateway = urlsplit(_gateway(request.host_url))
    connect = f"{gateway.scheme}://{gateway.netloc}"
    answer.headers["Content-Security-Policy"] = headers.policy(connect=connect)
    return answer


@blueprint.post("/captures/<capture_id>/ticket")
def ticket(capture_id: str) -> Response:
    """``{url, token}`` for one connection of this browser, within half a minute."""
    settings = services().settings
    origin = request.headers.get("Origin", "")
    if origin not in origins(settings.base_url):
        message = "The desktop is reached from the portal's own page alone."
        raise BadInput("origin", message)
    secret = request.cookies.get(COOKIE, "")
    if len(secret) < _SHORTEST:
        secret = secrets.token_urlsafe(_SHORTEST)
    made = _live().connect(current_actor(), capture_id, origin, secret)
    answer = jsonify(url=f"{_gateway(origin)}/{made.session}", token=made.token)
    answer.set_cookie(
        COOKIE,
        secret,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=settings.base_url.startswith("https://"),
    )
    return answer


@blueprint.get("/captures/<capture_id>/status")
def status(capture_id: str) -> Response:
    """How it stands, for the page's clock, light and counters."""
    standing, settings = _live().standing(current_actor(), capture_id), services().settings
    limits = (settings.capture_minutes * 60, settings.capture_idle_minutes * 60)
    return jsonify(present.status(standing.capture, standing.seen, limits))


@blueprint.post("/captures/<capture_id>/still")
def still(capture_id: str) -> Response:
    """Keep the screen."""
    return jsonify(_live().still(current_actor(), capture_id))


@blueprint.post("/captures/<capture_id>/page")
def page(capture_id: str) -> Response:
    """Keep the whole page; it goes on in the background."""
    return jsonify(_live().page(current_actor(), capture_id))


@blueprint.post("/captures/<capture_id>/mark")
def mark(capture_id: str) -> Response:
    """Mark this moment; ``{note}``."""
    return jsonify(_live().mark(current_actor(), capture_id, _text("note")))


@blueprint.post("/captures/<capture_id>/paste")
def paste(capture_id: str) -> Response:
    """Note that ``{text}`` is going to be pasted; only its digest and length are kept."""
    return jsonify(_live().paste(current_actor(), capture_id, _text("text")))


@blueprint.post("/captures/<capture_id>/stay")
def stay(capture_id: str) -> Response:
    """Somebody is there."""
    return jsonify(_live().stay(current_actor(), capture_id))


@blueprint.post("/captures/<capture_id>/upload")
def upload(capture_id: str) -> Response:
    """A file for the desktop: the body is its content, ``Upload-Name`` its name (percent-encoded,
    for addresses end up in logs)."""
    if request.content_length is None:
        raise BadInput("upload_length", "Say how long the file is (Content-Length).", field="file")
    name = unquote(request.headers.get("Upload-Name", ""))
    made = _live().upload(
        current_actor(), capture_id, name, request.content_length, request.stream.read
    )
    return jsonify(made)


@blueprint.get("/captures/<capture_id>/events")
def events(capture_id: str) -> Response:
    """What has happened since ``?after=``."""
    after = min(max(request.args.get("after", 0, type=int), 0), 2**31)
    return jsonify(_live().events(current_actor(), capture_id, after))


def _live() -> Controlling:
    return services().captures.live


def _gateway(page: str) -> str:
    """Where a page's browser reaches the gateway. On one's own machine under the name the page goes
    by: the browser sends its cookie to that one alone."""
    settings = services().settings
    address, name = settings.gateway, urlsplit(page).hostname or ""
    known = urlsplit(address).hostname or ""
    if not settings.gateway_url and {known, name} <= LOOPBACK:
        return address.replace(known, name, 1)
    return address


def _text(name: str) -> str:
    value: Any = request.get_json(silent=True)
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, str):
        raise BadInput("text_missing", "This must not stay empty.", field=name)
    return found
