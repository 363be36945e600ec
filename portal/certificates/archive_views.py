"""Closing a matter: the notary asks for its archive volume, the worker makes it."""

from __future__ import annotations

from flask import flash, redirect, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.certificates.blueprint import NOTARY, blueprint, certificates, said
from portal.problems import Conflict
from portal.security import roles_required
from portal.ui.context import current_actor


@blueprint.post("/desk/matters/<matter_id>/archive")
@roles_required(NOTARY)
def archive(matter_id: str) -> Response:
    """Ask for the volume, and go back to the matter."""
    try:
        certificates().archive(current_actor(), matter_id)
    except Conflict as error:
        flash(said(error), "error")
    else:
        flash(gettext("The archive volume is being made; the matter is closed with it."), "success")
    return redirect(url_for("desk.show", matter_id=matter_id), code=303)
