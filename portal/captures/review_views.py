"""Looking at what was captured: before it is sealed, and on the page of its deposit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, request
from flask import render_template as render
from werkzeug.http import http_date
from werkzeug.wrappers import Response as BaseResponse

from portal.audit.actor import Actor
from portal.captures import present, words
from portal.captures.blueprint import blueprint
from portal.captures.figures import figures_of
from portal.captures.models import Capture
from portal.captures.service import CaptureService
from portal.deposits.captured import Captured
from portal.deposits.models import Deposit
from portal.deposits.records import MAX_NOTE, MAX_TITLE
from portal.ui.attachments import attachment
from portal.ui.context import current_actor, services

_TYPES = {"png": "image/png", "mp4": "video/mp4"}


@blueprint.get("/captures/<capture_id>/shown/<int:position>")
def shown(capture_id: str, position: int) -> BaseResponse:
    """A still, a captured page's picture, or a segment, for a page of ours to show. Players ask for
    parts of it (RFC 9110 §14)."""
    file, data = _captures().shelves.shown(current_actor(), capture_id, position)
    answer = Response(data, mimetype=_TYPES[file.path.rpartition(".")[2]])
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    # It never changes; whoever looks at it twice within the hour needs not be sent it twice.
    answer.headers["Cache-Control"] = "private, max-age=3600, immutable"
    answer.headers["Expires"] = http_date(services().clock() + timedelta(hours=1))
    answer.set_etag(file.sha256)
    return answer.make_conditional(request, accept_ranges=True, complete_length=len(data))


@blueprint.get("/captures/<capture_id>/files/<int:position>")
def take(capture_id: str, position: int) -> Response:
    """One file, always as a download."""
    return attachment(_captures().shelves.take(current_actor(), capture_id, position))


@blueprint.get("/captures/<capture_id>/manifest.json")
def manifest(capture_id: str) -> Response:
    """The manifest; its SHA-256 is the fingerprint."""
    return attachment(_captures().shelves.manifest(current_actor(), capture_id))


def page(capture_id: str, problem: str = "") -> str:
    """The review of a capture that waits for it."""
    actor, settings = current_actor(), services().settings
    capture, found = _captures().shelves.look(actor, capture_id)
    typed = request.form
    kept = (capture.ready_at or capture.created_at) + timedelta(days=settings.capture_keep_days)
    return render(
        "captures/review.html",
        **_values(capture, found),
        problem=problem,
        title=typed.get("title", capture.title),
        note=typed.get("note", capture.purpose),
        max_title=MAX_TITLE,
        max_note=MAX_NOTE,
        kept_until=kept,
        may_change=_captures().may_change(actor, capture),
        logs=[
            (word, _captures().shelves.log(found, path), found.file(path))
            for path, word in words.LOGS.items()
        ],
        folders=present.folders(found.files),
        ended_by=words.ENDED_BY.get(capture.ended_by or ""),
    )


def panel_values(actor: Actor, deposit: Deposit) -> dict[str, Any] | None:
    """What the item page's panel shows; None for what was not captured here."""
    if deposit.kind != "capture":
        return None
    capture = _captures().of_deposit(deposit.id)
    if capture is None:
        return None
    capture, found = _captures().shelves.look(actor, capture.id)
    return _values(capture, found) | {"erased": deposit.erased_at is not None}


def _captures() -> CaptureService:
    return services().captures


def _values(capture: Capture, found: Captured) -> dict[str, Any]:
    return {
        "capture": capture,
        "name": present.name(capture),
        "found": found,
        "figures": figures_of(capture.figures),
        "player": present.player(capture, found),
        "film": present.filmstrip(capture, found),
        "moments": present.moment_lines(found),
        "checks": present.checks(found),
        "check_counts": present.counts(found),
        "clock": present.clock,
        "complete": capture.terminal == "complete",
    }
