"""The first page, the page after signing in, and the language switch."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, session
from werkzeug.wrappers import Response

from portal.deposits import present
from portal.deposits.forms import DepositForm
from portal.deposits.views import form_values
from portal.security import safe_next
from portal.ui import templating
from portal.ui.context import current_actor, services
from portal.ui.locale import LANGUAGES

blueprint = Blueprint("ui", __name__, template_folder="templates")
_RECENT = 5

blueprint.record_once(lambda state: templating.install(state.app))


@blueprint.get("/")
def home() -> str:
    """For a visitor, what this is; for somebody signed in, where to start."""
    actor = current_actor()
    if not actor.id:
        return render_template(
            "landing.html", registration_open=services().settings.registration_open
        )
    deposits = services().deposits
    return render_template(
        "home.html",
        recent=[present.row(each) for each in deposits.page(actor, size=_RECENT).items],
        counts=present.counts(deposits.counts(actor)),
        **form_values(DepositForm()),
    )


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    """Browsers ask here for pages that are not ours to write, such as downloads."""
    return redirect(templating.asset("img/seal.svg"), code=302)


@blueprint.post("/language")
def language() -> Response:
    """Keep the chosen language for this browser, then go back to where the visitor was."""
    choice = request.form.get("locale", "")
    if choice in LANGUAGES:
        session["locale"] = choice
        session.permanent = True
    return redirect(safe_next(request.form.get("next")), code=303)
