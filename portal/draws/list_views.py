"""Pages of the list of entries: upload, what its columns mean, what is wrong with it."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from flask import flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from portal.draws import naming, present
from portal.draws.blueprint import blueprint
from portal.draws.frame import draws, framed, refusal
from portal.draws.shapes import DrawView, Layout
from portal.problems import BadInput, PortalError
from portal.ui.context import current_actor, services

#: What a column may mean; ``""`` is nothing.
ID, PUBLIC, POOL, WEIGHT, NOTHING = "id", "public", "pool", "weight", ""
MEANINGS: Final = {
    NOTHING: lazy_gettext("Not used"),
    ID: lazy_gettext("Number of the entry (secret)"),
    PUBLIC: lazy_gettext("Shown to everybody"),
    POOL: lazy_gettext("Pool"),
    WEIGHT: lazy_gettext("Weight"),
}
#: Sentences of the page's script; it fills the %(…)s places itself.
WORDS: Final = {
    "uploading": lazy_gettext("%(done)s of %(total)s · %(speed)s/s · %(left)s left"),
    "retrying": lazy_gettext("Connection lost; trying again by itself …"),
    "storing": lazy_gettext("Received; being stored and checked …"),
    "unreadable": lazy_gettext(
        "The file could not be read. It may have been moved or changed, or it is a folder."
    ),
    "broken": lazy_gettext(
        "The connection broke. What has come stays with the portal: choose the file again, and it "
        "goes on where it stopped."
    ),
    "session": lazy_gettext(
        "Your session has ended. Sign in again in another tab, then press the button here."
    ),
    "fault": lazy_gettext("The portal could not take the list just now; try again in a moment."),
    "refused": lazy_gettext("The list was refused (status %(status)s)."),
    "large": lazy_gettext("The file is larger than the limit."),
    "empty": lazy_gettext("This file is empty."),
}
_ADDRESSES: Final = {
    "files": "uploads.files",
    "digests": "uploads.add_digests",
    "words": "uploads.describe",
    "deposits": "uploads.deposit",
    "discard": "uploads.discard",
}


@blueprint.get("/<draw_id>/list")
def entries(draw_id: str) -> str:
    """The list as it stands, and what can be done next."""
    return _page(draws().get(current_actor(), draw_id))


@blueprint.get("/<draw_id>/list/standing")
def entries_standing(draw_id: str) -> Response:
    """How far the worker is; htmx loads the page anew when it is through."""
    draw = draws().get(current_actor(), draw_id)
    answer = make_response(
        render_template("draws/entries_standing.html", draw=draw, list=draw.list, naming=naming)
    )
    if draw.list is None or draw.list.state not in ("survey", "commit", "going"):
        answer.headers["HX-Redirect"] = url_for("draws.entries", draw_id=draw_id)
    return answer


@blueprint.post("/<draw_id>/list")
def take(draw_id: str) -> Response | tuple[Response, int]:
    """Take what was uploaded: ``{"draft": id}``, answered by ``{"location": …}``."""
    given = request.get_json(silent=True)
    try:
        if not isinstance(given, dict) or not isinstance(given.get("draft"), str):
            raise BadInput("json_object", "The JSON must be an object.")
        draws().take_list(current_actor(), draw_id, given["draft"])
    except PortalError as error:
        return refusal(error)
    return make_response(jsonify(location=url_for("draws.entries", draw_id=draw_id)))


@blueprint.post("/<draw_id>/list/columns")
def columns(draw_id: str) -> Response | tuple[str, int]:
    """Say what the columns mean."""
    draw = draws().get(current_actor(), draw_id)
    chosen = chosen_columns(request.form, draw.list.columns if draw.list else ())
    duplicates = request.form.get("duplicates", "refuse")
    try:
        layout = layout_of(chosen, request.form.get("id_kind", "text"))
        draws().choose_columns(current_actor(), draw_id, layout, duplicates)
    except BadInput as error:
        return _page(draw, error, chosen), error.status
    return redirect(url_for("draws.entries", draw_id=draw_id), code=303)


@blueprint.post("/<draw_id>/list/again")
def again(draw_id: str) -> Response:
    """Have a list that failed read once more."""
    draws().read_list_again(current_actor(), draw_id)
    return redirect(url_for("draws.entries", draw_id=draw_id), code=303)


@blueprint.post("/<draw_id>/list/drop")
def drop(draw_id: str) -> Response:
    """Forget the list, to upload another one."""
    draws().drop_list(current_actor(), draw_id)
    flash(gettext("The list was removed; choose another file."), "info")
    return redirect(url_for("draws.entries", draw_id=draw_id), code=303)


def chosen_columns(form: MultiDict[str, str], names: tuple[str, ...]) -> dict[str, str]:
    """Heading → what it means."""
    found = {name: form.get(f"column-{place}", "") for place, name in enumerate(names)}
    return {name: meaning if meaning in MEANINGS else "" for name, meaning in found.items()}


def layout_of(chosen: dict[str, str], id_kind: str) -> Layout:
    """Raises BadInput unless one column is the number, and at most one each pool and weight."""

    def those(meaning: str) -> list[str]:
        return [name for name, said in chosen.items() if said == meaning]

    if len(those(ID)) != 1:
        message = "Choose the one column that holds each entry's own number."
        raise BadInput("id_column", message, field="columns")
    if len(those(POOL)) > 1 or len(those(WEIGHT)) > 1:
        message = "Only one column can be the pool, and only one the weight."
        raise BadInput("columns_twice", message, field="columns")
    return Layout(
        id=those(ID)[0],
        public=tuple(those(PUBLIC)),
        pool=next(iter(those(POOL)), None),
        weight=next(iter(those(WEIGHT)), None),
        id_kind="prc-id" if id_kind == "prc-id" else "text",
    )


def meanings_of(layout: Layout | None, names: tuple[str, ...]) -> dict[str, str]:
    """The other way round."""
    found = dict.fromkeys(names, NOTHING)
    if layout is None:
        return found
    found |= dict.fromkeys(layout.public, PUBLIC)
    found |= {layout.id: ID}
    found |= {layout.pool: POOL} if layout.pool else {}
    found |= {layout.weight: WEIGHT} if layout.weight else {}
    return {name: meaning for name, meaning in found.items() if name in names}


def _page(
    draw: DrawView, error: PortalError | None = None, chosen: dict[str, str] | None = None
) -> str:
    found = draw.list
    names = found.columns if found else ()
    layout = (found.layout or found.guess) if found else None
    return framed(
        "draws/entries.html",
        draw,
        "draws.entries",
        list=found,
        may_change=draw.may_change and draw.state == "draft",
        meanings=MEANINGS,
        chosen=chosen or meanings_of(layout, names),
        id_kind=request.form.get("id_kind") or (layout.id_kind if layout else "text"),
        problem=gettext(error.message, **error.params) if error else "",
        said=present.said,
        upload=_upload(),
    )


def _upload() -> dict[str, Any]:
    """What the script needs to send a file."""
    place = "DRAFT"
    addresses = {name: url_for(what, draft_id=place) for name, what in _ADDRESSES.items()}
    return {
        "draft": str(uuid4()),
        "addresses": addresses | {"uploads": url_for("uploads.create")},
        "words": {name: str(sentence) for name, sentence in WORDS.items()},
        "limit": services().settings.max_upload_bytes,
    }
