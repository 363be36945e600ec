"""One's own part of the custody log, one's own data, and closing the account."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_login import logout_user
from werkzeug.wrappers import Response

from portal.accounts.fresh import fresh_required
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.days import start_of
from portal.deposits.letters import masked_address
from portal.downloads import Download
from portal.privacy.activity import KINDS, Asked, Form
from portal.privacy.words import EXPORT_WARNING
from portal.privacy.words import KINDS as KIND_NAMES
from portal.problems import Conflict
from portal.ui.attachments import attachment
from portal.ui.context import current_actor, services

blueprint = Blueprint("own", __name__, template_folder="templates")

_PAGE: Final = 50
_LARGEST: Final = 2**63 - 1
_MEDIA: Final = {"csv": "text/csv", "jsonl": "application/jsonl"}


@blueprint.get("/account/activity")
def activity() -> str:
    """Newest first; ``?kind= since= until= before=``."""
    problem, asked = "", Asked()
    try:
        asked = _asked()
    except ValueError:
        problem = gettext("A date is written as year-month-day, for example 2026-11-21.")
    before = request.args.get("before", type=int)
    before = min(max(before, 1), _LARGEST) if before is not None else None
    actor = current_actor()
    entries = services().privacy.activity.page(actor, asked, before, _PAGE)
    wanted = {name: value for name, value in request.args.items() if value and name != "before"}
    return render_template(
        "privacy/activity.html",
        rows=[_row(entry, actor) for entry in entries],
        kinds=KIND_NAMES,
        wanted=wanted,
        problem=problem,
        older=entries[-1].seq if len(entries) == _PAGE else None,
        newest=before is None,
        organisation=actor.organisation_name if actor.organisation_role == "manager" else "",
    )


@blueprint.get("/account/activity/export")
def export_activity() -> Response:
    """The same as a file: ``?form=csv`` (default) or ``jsonl``."""
    try:
        asked = _asked()
    except ValueError:
        asked = Asked()
    form: Form = "jsonl" if request.args.get("form") == "jsonl" else "csv"
    actor, log = current_actor(), services().privacy.activity
    name = f"my-custody-log.{form}"
    return attachment(Download(name, _MEDIA[form], lambda: log.export(actor, asked, form)))


@blueprint.get("/account/data")
@fresh_required
def data() -> str:
    """What one may take along, and how the account is closed."""
    return render_template("privacy/data.html", warning=EXPORT_WARNING, problem="")


@blueprint.post("/account/data")
@fresh_required
def export_data() -> Response:
    """The zip, made while it is read."""
    return attachment(services().privacy.takeout.download(current_actor()))


@blueprint.post("/account/close")
@fresh_required
def close() -> Response | tuple[str, int]:
    """Close one's own account; the box that says so must be ticked."""
    problem = ""
    if request.form.get("understood") != "yes":
        problem = gettext("Tick the box that says you have understood what happens.")
    else:
        try:
            services().privacy.closing.close(current_actor())
        except Conflict as error:
            problem = gettext(error.message, **error.params)
    if problem:
        page = render_template("privacy/data.html", warning=EXPORT_WARNING, problem=problem)
        return page, 409
    locale = session.get("locale")
    logout_user()
    session.clear()
    session["locale"] = locale  # the farewell is read in one's own language
    flash(gettext("Your account is closed. What letters prove stays provable."), "success")
    return redirect(url_for("ui.home"), code=303)


def _asked() -> Asked:
    """The filter the address asks for. Raises ValueError for what is no date."""
    kind, zone = request.args.get("kind", ""), services().settings.zone
    return Asked(
        kind=kind if kind in KINDS else "",
        since=start_of(request.args.get("since", ""), zone),
        until=start_of(request.args.get("until", ""), zone, timedelta(days=1)),
    )


def _row(entry: AuditEntry, reader: Actor) -> dict[str, Any]:
    """An entry for people; where somebody else was is told by their network alone."""
    other = entry.actor_id not in ("", reader.id)
    kind, _, key = entry.subject.partition(":")
    return {
        "entry": entry,
        "detail": {
            name: value for name, value in json.loads(entry.detail).items() if name != "for"
        },
        "address": masked_address(entry.address) if other else entry.address,
        "mine": entry.actor_id == reader.id,
        "deposit": key if kind == "deposit" else "",
    }
