"""The operators' pages: what waits, health, people, organisations, settings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import format_timedelta, gettext
from werkzeug.wrappers import Response

from portal.accounts.fresh import fresh_required
from portal.deposits import present
from portal.deposits.overseeing import Backlog, read_state
from portal.deposits.reasons import WAITS
from portal.operators import pictures
from portal.operators.words import AGES, CERTIFICATES, LOOPS, PARTS, UNTRIED
from portal.security import roles_required
from portal.ui.context import current_actor, services

blueprint = Blueprint("operators", __name__, template_folder="templates")

_CHECKS_SHOWN = 40
_operators = roles_required("operator", "administrator")


@blueprint.get("/operators")
@_operators
def overview() -> str:
    """What waits and why, and how the parts are."""
    return render_template("operators/overview.html", **_overview())


@blueprint.get("/operators/live")
@_operators
def live() -> str:
    """The same without its frame; the page asks for it again and again."""
    return render_template("operators/live.html", **_overview())


@blueprint.post("/operators/check")
@_operators
def check() -> Response:
    """Ask the parts now."""
    services().operators.check(current_actor())
    flash(gettext("All parts were asked just now."), "success")
    return redirect(url_for("operators.overview"), code=303)


@blueprint.get("/operators/waiting")
@_operators
def waiting() -> str:
    """The deposits that wait, the oldest first; ``?step= reason=`` as the overview links them."""
    state, reason = read_state(request.args.get("step")), request.args.get("reason")
    rows = services().operators.deposits.waiting(state, reason)
    return render_template(
        "operators/waiting.html",
        rows=rows,
        step=state or "",
        reason=reason,
        steps=present.STEPS,
        why=_why,
    )


@blueprint.post("/operators/waiting/retry")
@_operators
@fresh_required
def retry_all() -> Response:
    """Try a group again at once, or everything that waits."""
    state, reason = read_state(request.form.get("step")), request.form.get("reason")
    count = services().operators.deposits.retry_all(current_actor(), state, reason)
    flash(gettext("Deposits tried again now: %(count)s", count=count), "success")
    return redirect(url_for("operators.overview"), code=303)


@blueprint.post("/operators/waiting/<deposit_id>/retry")
@_operators
@fresh_required
def retry(deposit_id: str) -> Response:
    """Try one again at once."""
    services().operators.deposits.retry(current_actor(), deposit_id)
    flash(gettext("It is tried again now."), "success")
    return redirect(_group(), code=303)


@blueprint.get("/operators/settings")
@_operators
def settings() -> str:
    """The settings in force, secrets masked."""
    return render_template("operators/settings.html", rows=services().operators.settings())


@blueprint.get("/operators/organisations")
@_operators
def organisations() -> str:
    """All organisations: names, state, and who made each."""
    rows = services().operators.organisations()
    return render_template("operators/organisations.html", rows=rows)


def _group() -> str:
    """Back to the list that the form stood in."""
    asked: dict[str, Any] = {
        name: request.form[name] for name in ("step", "reason") if name in request.form
    }
    return url_for("operators.waiting", **asked)


def _overview() -> dict[str, Any]:
    found = services().operators.overview()
    strips = {
        part.name: pictures.strip(
            [(each.ok, each.milliseconds) for each in part.checks], _CHECKS_SHOWN
        )
        for part in found.parts
    }
    return {
        "found": found,
        "bars": pictures.bars(found.ages),
        "ages": AGES,
        "strips": strips,
        "part_names": PARTS,
        "certificate_names": CERTIFICATES,
        "loops": LOOPS,
        "steps": present.STEPS,
        "why": _why,
        "since": lambda when: _since(when, found.at),
    }


def _why(row: Backlog) -> str:
    """The reason in words; the code itself when there are none."""
    if not row.reason:
        return str(UNTRIED)
    return str(WAITS.get(row.reason, row.reason))


def _since(when: datetime, now: datetime) -> str:
    """How long ago, in words of the visitor's language."""
    return str(format_timedelta(now - when, threshold=1.2))
