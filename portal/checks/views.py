"""The notary's check: one page with four groups, each ticked by machine, each to be confirmed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.http import http_date
from werkzeug.wrappers import Response

from portal.accounts.fresh import fresh_required
from portal.captures import present as captured
from portal.checks import panel, present, words
from portal.checks.asking import MAX_REASON
from portal.checks.blueprint import blueprint
from portal.checks.service import CheckService, CheckView
from portal.checks.shapes import GROUPS, Compared
from portal.downloads import Download
from portal.problems import NotFound, PortalError
from portal.security import roles_required
from portal.ui.attachments import attachment
from portal.ui.context import current_actor, services

__all__ = ["blueprint", "panel"]

_TYPES = {"png": "image/png", "mp4": "video/mp4"}


@blueprint.get("")
@roles_required("notary", "auditor")
def show(matter_id: str) -> str:
    """The latest check, and what can be done."""
    return _page(matter_id, _checks().latest(current_actor(), matter_id))


@blueprint.get("/runs/<check_id>")
@roles_required("notary", "auditor")
def run(matter_id: str, check_id: str) -> str:
    """One check, perhaps an earlier one."""
    return _page(matter_id, _view(matter_id, check_id))


@blueprint.get("/progress")
@roles_required("notary", "auditor")
def progress(matter_id: str) -> Response:
    """How far the machine is; the page loads itself anew when it is through."""
    view = _checks().latest(current_actor(), matter_id)
    if view is None or not view.open:
        answer = make_response("", 200)
        answer.headers["HX-Refresh"] = "true"
        return answer
    return make_response(render_template("checks/progress.html", **_moving(matter_id, view)))


@blueprint.post("/begin")
@roles_required("notary")
def begin(matter_id: str) -> Response:
    """Have the machine check it, once more if need be."""
    _checks().begin(current_actor(), matter_id)
    return redirect(url_for("checks.show", matter_id=matter_id), code=303)


@blueprint.post("/compare")
@roles_required("notary")
def compare(matter_id: str) -> str | tuple[str, int]:
    """Compare digests of the applicant's file; our script gets the answer alone."""
    form, quiet = request.form, "X-Fragment" in request.headers
    try:
        found = _checks().compare(
            current_actor(),
            matter_id,
            form.get("sha256", "")[:200],
            form.get("sm3", "")[:200],
            form.get("name", "")[:2000],
        )
    except PortalError as error:
        if quiet or error.status != 422:
            raise
        message = gettext(error.message, **error.params)
        view = _checks().latest(current_actor(), matter_id)
        return _page(matter_id, view, compare_problem=message), error.status
    values = {"compared": found, "digits": _digits(found)}
    if quiet:
        return render_template("checks/compared.html", **values)
    return _page(matter_id, _checks().latest(current_actor(), matter_id), **values)


@blueprint.get("/runs/<check_id>/confirm")
@roles_required("notary")
@fresh_required
def confirm(matter_id: str, check_id: str) -> str:
    """The four groups once more, each to be confirmed."""
    return _confirm_page(matter_id, _view(matter_id, check_id))


@blueprint.post("/runs/<check_id>/confirm")
@roles_required("notary")
@fresh_required
def confirmed(matter_id: str, check_id: str) -> Response | tuple[str, int]:
    """Confirm the groups that were ticked."""
    view = _view(matter_id, check_id)
    ticked = [name for name in GROUPS if request.form.get(name)]
    said = {name: request.form.get(f"reason-{name}", "") for name in ticked}
    if not said:
        message = gettext("Tick at least one group.")
        return _confirm_page(matter_id, view, problem=message), 422
    try:
        _checks().confirm_groups(current_actor(), check_id, said)
    except PortalError as error:
        if error.status not in (409, 422):
            raise
        message = gettext(error.message, **error.params)
        return _confirm_page(matter_id, view, message, error.field or ""), error.status
    flash(gettext("Confirmed."), "success")
    return redirect(url_for("checks.show", matter_id=matter_id), code=303)


@blueprint.get("/runs/<check_id>/report.json")
@roles_required("notary", "auditor")
def report(matter_id: str, check_id: str) -> Response:
    """The canonical report of a run."""
    view = _view(matter_id, check_id)
    number = view.document.get("matter", "check")
    name = f"{number}-check-{view.n}.json"
    actor = current_actor()
    return attachment(
        Download(
            name, "application/json", lambda: iter((_checks().document(actor, check_id),)), None
        )
    )


@blueprint.get("/recording")
@roles_required("notary", "auditor")
def recording(matter_id: str) -> str:
    """The recording of a capture, with its markers; looking is an entry in the custody log."""
    actor = current_actor()
    deposit_id, found = _checks().recording(actor, matter_id)
    capture = services().captures.of_deposit(deposit_id)
    if capture is None:
        raise NotFound("no_recording", "This matter is about no recording.")

    def address(position: int) -> str:
        return url_for("checks.recorded", matter_id=matter_id, position=position)

    return render_template(
        "checks/recording.html",
        about=_checks().about(actor, matter_id),
        capture=capture,
        found=found,
        player=captured.player(capture, found, address),
        film=captured.filmstrip(capture, found, address),
        moments=captured.moment_lines(found),
        clean=captured.checks(found),
        clean_counts=captured.counts(found),
        clock=captured.clock,
        complete=capture.terminal == "complete",
    )


@blueprint.get("/recording/<int:position>")
@roles_required("notary", "auditor")
def recorded(matter_id: str, position: int) -> Response:
    """A segment or picture of it. Players ask for parts (RFC 9110 §14)."""
    file, data = _checks().shown(current_actor(), matter_id, position)
    answer = make_response(data)
    answer.mimetype = _TYPES[file.path.rpartition(".")[2]]
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, max-age=3600, immutable"
    answer.headers["Expires"] = http_date(services().clock() + timedelta(hours=1))
    answer.set_etag(file.sha256)
    return answer.make_conditional(request, accept_ranges=True, complete_length=len(data))


def _checks() -> CheckService:
    return services().checks


def _view(matter_id: str, check_id: str) -> CheckView:
    """A check of this very matter."""
    view = _checks().view(current_actor(), check_id)
    if view.matter_id != matter_id:
        raise NotFound("check_not_found", "There is no such check.")
    return view


def _page(matter_id: str, view: CheckView | None, **more: Any) -> str:
    actor, checks = current_actor(), _checks()
    standing = checks.standing_for(actor, matter_id)
    changed = checks.changes(actor, view.id) if view is not None and view.groups else None
    moving = _moving(matter_id, view) if view is not None else {"view": None}
    values = moving | {"matter_id": matter_id} | more
    return render_template(
        "checks/show.html",
        about=checks.about(actor, matter_id),
        cards=present.cards(view) if view is not None else [],
        standing=standing,
        problem=present.problem(standing),
        handles=checks.handles(actor, matter_id),
        mine={each.group for each in view.confirmed if each.by == actor.id} if view else set(),
        history=checks.history(actor, matter_id),
        earlier=changed[0] if changed else None,
        changes=present.difference_rows(changed[1]) if changed else [],
        words=words,
        **values,
    )


def _moving(matter_id: str, view: CheckView) -> dict[str, Any]:
    doing, percent = present.stage(view)
    return {"matter_id": matter_id, "view": view, "doing": doing, "percent": percent}


def _confirm_page(matter_id: str, view: CheckView, problem: str = "", field: str = "") -> str:
    actor = current_actor()
    own = {each.group: each for each in view.confirmed if each.by == actor.id}
    typed = request.form if request.method == "POST" else None
    return render_template(
        "checks/confirm.html",
        about=_checks().about(actor, matter_id),
        view=view,
        cards=present.cards(view),
        own=own,
        typed=typed,
        problem=problem,
        field=field,
        max_reason=MAX_REASON,
        words=words,
        handles=_checks().handles(actor, matter_id),
        matter_id=matter_id,
    )


def _digits(found: Compared) -> tuple[present.Digits, ...]:
    return () if found.same else present.aligned(found.deposited, found.given)
