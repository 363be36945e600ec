"""The operators' page of captures: hosts, load, running sessions."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.accounts.fresh import fresh_required
from portal.captures import present, words
from portal.captures.models import CaptureState
from portal.security import roles_required
from portal.ui.context import current_actor, services

blueprint = Blueprint("desktops", __name__)
_operators = roles_required("operator", "administrator")


@blueprint.get("/operators/captures")
@_operators
def overview() -> str:
    """Hosts and running sessions."""
    return _page("captures/operators.html")


@blueprint.get("/operators/captures/live")
@_operators
def live() -> str:
    """The same without its frame; the page asks for it again and again."""
    return _page("captures/operators_live.html")


@blueprint.post("/operators/captures/<capture_id>/end")
@_operators
@fresh_required
def end(capture_id: str) -> Response:
    """End somebody's session; what was recorded stays theirs."""
    services().captures.overseeing.end(current_actor(), capture_id)
    flash(gettext("The session is being ended; what was recorded stays its owner's."), "success")
    return redirect(url_for("desktops.overview"), code=303)


def _page(template: str) -> str:
    return render_template(
        template,
        view=services().captures.overseeing.view(),
        name=present.name,
        clock=present.clock,
        isolations=words.ISOLATIONS,
        states={state.value: word for state, (word, _, _) in words.STATES.items()},
        queued=CaptureState.QUEUED,
    )
