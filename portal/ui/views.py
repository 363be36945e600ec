"""The first page, the page after signing in, and the language switch."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, session
from werkzeug.wrappers import Response

from portal.security import safe_next
from portal.ui import templating
from portal.ui.context import current_actor, services
from portal.ui.locale import LANGUAGES

blueprint = Blueprint("ui", __name__, template_folder="templates")
blueprint.record_once(lambda state: templating.install(state.app))


@blueprint.get("/")
def home() -> str:
    """For a visitor, what this is; for somebody signed in, where to start."""
    limit = services().settings.max_upload_bytes
    return render_template("home.html" if current_actor().id else "landing.html", limit=limit)


@blueprint.post("/language")
def language() -> Response:
    """Keep the chosen language for this browser, then go back to where the visitor was."""
    choice = request.form.get("locale", "")
    if choice in LANGUAGES:
        session["locale"] = choice
        session.permanent = True
    return redirect(safe_next(request.form.get("next")), code=303)

