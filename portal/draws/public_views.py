"""Pages about a draw that anybody may open: nothing here asks who is there.

A draw is public from its announcement on; before it answers like one that does not exist. Codes of
the record become words here, its figures do not change.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Response, render_template, request
from flask_wtf.csrf import generate_csrf

from portal.draws import naming, public_words
from portal.draws import public_files as public_files  # its endpoints are of the same blueprint
from portal.draws.public_blueprint import (
    PAGE,
    PIECE,
    blueprint,
    no_such_page,
    public,
    winners_of,
)
from portal.draws.public_present import Frame, framed, screen_words
from portal.ui.context import services

#: Of pages that let the visitor's own camera read a code.
_CAMERA: Final = "camera=(self), microphone=(), geolocation=(), payment=(), usb=()"


@blueprint.get("/")
def announcement(draw_id: str) -> str:
    """What is drawn, by whom, when, and by which rules."""
    return _page("announcement", framed(public(draw_id)))


@blueprint.get("/record")
def record(draw_id: str) -> str:
    """The list that was committed to, the record step by step, and everything to take away."""
    return _page("record", framed(public(draw_id)))


@blueprint.get("/check")
def check(draw_id: str) -> Response:
    """*Check my number*: the number is digested in the browser, the proof checked there."""
    body = _page(
        "check", framed(public(draw_id)), csrf_token=generate_csrf(), sentences=public_words.CHECK
    )
    answer = Response(body)
    answer.headers["Permissions-Policy"] = _CAMERA
    return answer


@blueprint.get("/live")
def live(draw_id: str) -> str:
    """What is going on, on a page like the others."""
    return _moving("live", draw_id)


@blueprint.get("/screen")
def screen(draw_id: str) -> str:
    """What is going on, for a hall."""
    return _moving("screen", draw_id)


@blueprint.get("/results")
def results(draw_id: str) -> str:
    """What was drawn, stage by stage, in every attempt."""
    return _page("results", framed(public(draw_id)))


@blueprint.get("/results/<int:attempt>/<int:stage>")
def stage(draw_id: str, attempt: int, stage: int) -> str:
    """A hundred of the winners; a script turns the pages without asking for each."""
    frame = framed(public(draw_id))
    number = max(1, request.args.get("page", 1, type=int))
    winners = winners_of(draw_id, attempt, stage, number, PAGE)
    return _page(
        "stage", frame, winners=winners, stage=frame.stage(stage), attempt=attempt, piece=PIECE
    )


@blueprint.get("/results/<int:attempt>/<int:stage>/at/<int:rank>")
def winner(draw_id: str, attempt: int, stage: int, rank: int) -> str:
    """One entry that was drawn, with the proof that it is on the list."""
    frame = framed(public(draw_id))
    winners = winners_of(draw_id, attempt, stage, rank, 1)
    if not winners.rows:
        raise no_such_page()
    entry = winners.rows[0]
    receipt = services().draws.receipt(draw_id, entry.position)
    return _page(
        "winner",
        frame,
        winners=winners,
        entry=entry,
        receipt=receipt,
        stage=frame.stage(stage),
        attempt=attempt,
        page=(rank - 1) // PAGE + 1,
    )


@blueprint.get("/verify")
def verify(draw_id: str) -> str:
    """The whole draw computed again in the visitor's browser."""
    frame = framed(public(draw_id))
    return _page("verify", frame, checks=public_words.CHECKS, sentences=public_words.VERIFY)


def _page(name: str, frame: Frame, **values: Any) -> str:
    return render_template(
        f"draws/public/{name}.html", draw=frame.draw, frame=frame, naming=naming, tab=name, **values
    )


def _moving(name: str, draw_id: str) -> str:
    """A page whose script goes on where it was loaded."""
    zone = services().settings.timezone
    return _page(name, framed(public(draw_id)), words=screen_words(), zone=zone)
