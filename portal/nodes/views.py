"""The map of nodes, for anybody, and the part of it that moves."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from flask import Blueprint, make_response, render_template, request
from flask_babel import lazy_gettext
from werkzeug.wrappers import Response

from portal.nodes.picture import draw
from portal.nodes.service import Map, Standing
from portal.ui.context import services

blueprint = Blueprint("nodes", __name__, template_folder="templates")

#: standing → word, icon, class of the icon
STANDINGS: Final = {
    Standing.LEVEL: (lazy_gettext("Has cosigned everything"), "circle-check", "good"),
    Standing.BEHIND: (lazy_gettext("Behind"), "hourglass", "wait"),
    Standing.TROUBLE: (lazy_gettext("Something is wrong"), "alert-triangle", "bad"),
    Standing.SILENT: (lazy_gettext("Does not answer"), "plug-connected-x", "bad"),
}


@blueprint.get("/nodes")
def show() -> str:
    """The ledger and its nodes: a picture, and the same in words."""
    return render_template("nodes/show.html", **_values(), fragment=False)


@blueprint.get("/nodes/state")
def state() -> Response:
    """The moving part; 204 while it is still what ``?seen=`` names."""
    values = _values()
    if request.args.get("seen") == values["mark"]:
        return make_response("", 204)
    return make_response(render_template("nodes/state.html", **values, fragment=True))


def _values() -> dict[str, Any]:
    seen = services().nodes.now()
    return {"map": seen, "picture": draw(seen), "standings": STANDINGS, "mark": _mark(seen)}


def _mark(seen: Map) -> str:
    """Changes whenever the page would."""
    said = repr((seen.origin, seen.size, seen.signed, seen.need, seen.nodes, seen.others))
    return hashlib.sha256(said.encode()).hexdigest()[:16]
