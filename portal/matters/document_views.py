"""Handing documents in, taking them back, and taking along what was handed in."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.deposits.filenames import shown_name
from portal.deposits.uploads import UploadStream
from portal.matters import words
from portal.matters.blueprint import blueprint
from portal.matters.documents import MOST_OF_ONE, HandedIn
from portal.matters.frame import matters, sentence, view_of
from portal.matters.models import MatterState
from portal.problems import BadInput, Conflict, PortalError
from portal.ui.attachments import attachment
from portal.ui.context import current_actor


def limits() -> dict[str, Any]:
    """What a page says before somebody chooses a file."""
    return {
        "max_bytes": matters().document_limit,
        "max_files": MOST_OF_ONE,
        "kinds": ", ".join(words.MEDIA.values()),
        "accept": ",".join(words.MEDIA),
    }


@blueprint.post("/<matter_id>/materials/<material_id>")
def hand_in(matter_id: str, material_id: str) -> Response:
    """Keep a file for a line of the checklist; it went from the socket into the vault."""
    matter = view_of(matter_id)
    file = request.files.get("file")
    try:
        if file is None or not file.filename or not isinstance(file.stream, UploadStream):
            raise BadInput("file_missing", "Choose a file first.", field="file")
        handed = HandedIn(file.filename, file.stream.intake, file.stream.head)
        matters().hand_in(current_actor(), matter_id, material_id, handed)
    except (BadInput, Conflict) as error:
        if error.code == "matter_moved_on":
            raise
        flash(_refused((file.filename if file else "") or "", error), "error")
    else:
        flash(gettext("Handed in."), "success")
    return _back(matter_id, matter.state, material_id)


@blueprint.get("/<matter_id>/documents/<document_id>")
def document(matter_id: str, document_id: str) -> Response:
    """One document, as it was handed in; recorded."""
    return attachment(matters().document(current_actor(), matter_id, document_id))


@blueprint.post("/<matter_id>/documents/<document_id>/remove")
def take_back(matter_id: str, document_id: str) -> Response:
    """Forget a document of a draft."""
    matters().take_back(current_actor(), matter_id, document_id)
    flash(gettext("Taken back; its content is gone."), "success")
    return _back(matter_id, MatterState.DRAFT, "")


@blueprint.get("/<matter_id>/everything.zip")
def everything(matter_id: str) -> Response:
    """All that was stated and handed in; recorded."""
    return attachment(matters().everything(current_actor(), matter_id))


def _refused(filename: str, error: PortalError) -> str:
    said = sentence(error)
    if not filename:
        return said
    return str(gettext("%(file)s was not kept.", file=shown_name(filename)[:200])) + " " + said


def _back(matter_id: str, state: str, material_id: str) -> Response:
    draft = state == MatterState.DRAFT
    endpoint = "matters.materials" if draft else "matters.show"
    anchor = f"material-{material_id}" if material_id else None
    return redirect(url_for(endpoint, matter_id=matter_id, _anchor=anchor), code=303)
