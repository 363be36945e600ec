"""What only the notary opens: the sample to be audited, and a beacon brought as a file."""

from __future__ import annotations

from typing import Final

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.draws.blueprint import blueprint
from portal.draws.ceremony import WORDS
from portal.draws.frame import draws, framed
from portal.problems import BadInput
from portal.ui.context import current_actor

_MOST_BEACON: Final = 16_384


@blueprint.get("/<draw_id>/audit")
def audit(draw_id: str) -> str:
    """The sampled entries with their numbers, and the form for findings. Opening it is an entry in
    the custody log each time."""
    draw = draws().get(current_actor(), draw_id)
    sample = draws().audit_sample(current_actor(), draw_id)
    final = next((each for each in reversed(draw.steps) if each.type == "final"), None)
    columns = draw.plan.layout.public if draw.plan.layout else ()
    return framed(
        "draws/audit.html",
        draw,
        "draws.part",
        sample=sample,
        columns=columns,
        results=final.body.get("results_sha256", "") if final else "",
        own=next((each for each in draw.parties if each.id == draw.party), None),
        words={name: str(sentence) for name, sentence in WORDS.items()},
    )


@blueprint.post("/<draw_id>/waive")
def waive(draw_id: str) -> Response:
    """Go ahead although it was applied for late, and say why."""
    draws().get(current_actor(), draw_id)
    try:
        draws().waive(current_actor(), draw_id, request.form.get("reason", ""))
        flash(gettext("The reason was kept."), "success")
    except BadInput as error:
        flash(gettext(error.message, **error.params), "error")
    return redirect(url_for("draws.part", draw_id=draw_id), code=303)


@blueprint.post("/<draw_id>/beacon")
def beacon(draw_id: str) -> Response:
    """Take the beacon's round as drand publishes it."""
    draws().get(current_actor(), draw_id)
    given = request.files.get("beacon")
    content = given.read(_MOST_BEACON + 1) if given else b""
    if not content or len(content) > _MOST_BEACON:
        raise BadInput("beacon_file", "Choose the beacon's JSON file.", field="beacon")
    draws().beacon_file(current_actor(), draw_id, content)
    flash(gettext("The beacon was checked and taken."), "success")
    return redirect(url_for("draws.part", draw_id=draw_id), code=303)
