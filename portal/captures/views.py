"""Pages of captures: asking, waiting, reviewing, sealing; desktops beside it."""

from __future__ import annotations

from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.captures import desk_views, forms, present, review_views, words
from portal.captures.blueprint import blueprint
from portal.captures.controlling import Standing
from portal.captures.models import Capture, CaptureState
from portal.captures.service import CaptureService, Said
from portal.problems import BadInput, PortalError
from portal.ui.context import current_actor, services
from portal.ui.panels import add_panel

__all__ = ["blueprint", "desk_views", "review_views"]


@blueprint.get("/captures")
def listing() -> str:
    """Captures and schedules of whom the visitor acts for; ``?page=``."""
    actor = current_actor()
    asked = request.args.get("page", 1, type=int)
    found, pages = _captures().listing(actor, min(max(asked, 1), 10_000))
    return render_template(
        "captures/list.html",
        rows=[present.row(each) for each in found],
        page=min(max(asked, 1), pages),
        pages=pages,
        address=lambda number: url_for("captures.listing", page=number),
        schedules=_captures().schedules.listing(actor),
        offer=_captures().offer(),
        words=words,
    )


@blueprint.get("/captures/new")
def new() -> str:
    """The form."""
    known = {name: request.args.get(name, "") for name in ("start_url", "case")}
    return _form(forms.DEFAULTS | {name: text for name, text in known.items() if text})


@blueprint.post("/captures/new")
def create() -> Response | tuple[str, int]:
    """Ask for it: 303 to where one sees it start, or to the list when it is for later."""
    values, settings, actor = forms.typed(request.form), services().settings, current_actor()
    try:
        wish = forms.wish_from(values, settings.capture_addresses)
        timing = forms.timing_from(values, settings.zone)
        if timing is not None:
            _captures().schedules.create(actor, wish, timing)
            flash(gettext("Scheduled. Each capture will appear in the list."), "success")
            return redirect(url_for("captures.listing", _anchor="schedules"), code=303)
        capture = _captures().ask(actor, wish)
    except PortalError as error:
        return _form(values, error), error.status
    return redirect(url_for("captures.show", capture_id=capture.id), code=303)


@blueprint.get("/captures/<capture_id>")
def show(capture_id: str) -> str | Response:
    """Whatever there is to see of it now."""
    standing = _captures().live.standing(current_actor(), capture_id)
    capture = standing.capture
    if capture.state == CaptureState.LIVE and not capture.unattended:
        return redirect(url_for("captures.desktop", capture_id=capture_id), code=303)
    if capture.state == CaptureState.SEALED:
        return redirect(url_for("deposits.show", deposit_id=capture.deposit_id), code=303)
    if capture.state == CaptureState.REVIEW:
        return review_views.page(capture_id)
    return render_template("captures/start.html", **_moving(standing))


@blueprint.get("/captures/<capture_id>/progress")
def progress(capture_id: str) -> Response:
    """The moving part of that page; htmx leaves for another one when it is time."""
    standing = _captures().live.standing(current_actor(), capture_id)
    answer = make_response(render_template("captures/progress.html", **_moving(standing)))
    attended = standing.capture.state == CaptureState.LIVE and not standing.capture.unattended
    if attended or standing.capture.state in (CaptureState.REVIEW, CaptureState.SEALED):
        answer.headers["HX-Redirect"] = url_for("captures.show", capture_id=capture_id)
    return answer


@blueprint.post("/captures/<capture_id>/finish")
def finish(capture_id: str) -> Response:
    """End the recording, then review it."""
    _captures().live.finish(current_actor(), capture_id)
    return redirect(url_for("captures.show", capture_id=capture_id), code=303)


@blueprint.post("/captures/<capture_id>/discard")
def discard(capture_id: str) -> Response:
    """Keep nothing but the custody entry."""
    _captures().live.abandon(current_actor(), capture_id)
    flash(gettext("Discarded. Only the entry in the custody log remains."), "info")
    return redirect(url_for("captures.listing"), code=303)


@blueprint.post("/captures/<capture_id>/seal")
def seal(capture_id: str) -> Response | tuple[str, int]:
    """Deposit it; whoever sends this twice gets the same deposit."""
    form = request.form
    note = form.get("note", "").replace("\r\n", "\n").strip()
    said = Said(form.get("title", "").strip(), note)
    try:
        deposit_id = _captures().seal(current_actor(), capture_id, said)
    except BadInput as error:
        problem = gettext(error.message, **error.params)
        return review_views.page(capture_id, problem), error.status
    return redirect(url_for("deposits.show", deposit_id=deposit_id), code=303)


@blueprint.post("/captures/schedules/<schedule_id>/stop")
def stop(schedule_id: str) -> Response:
    """No further captures of this schedule."""
    _captures().schedules.stop(current_actor(), schedule_id)
    flash(gettext("Stopped. The captures there are stay."), "success")
    return redirect(url_for("captures.listing", _anchor="schedules"), code=303)


def _captures() -> CaptureService:
    return services().captures


def _form(values: dict[str, str], problem: PortalError | None = None) -> str:
    settings = services().settings
    return render_template(
        "captures/new.html",
        values=values,
        problem=gettext(problem.message, **problem.params) if problem else "",
        field=problem.field if problem else None,
        offer=_captures().offer(),
        cases=services().cases.offered(current_actor()),
        settings=settings,
        words=words,
        **forms.choices(),
    )


def _moving(standing: Standing) -> dict[str, Any]:
    capture = standing.capture
    return {
        "capture": capture,
        "name": present.name(capture),
        "state": words.STATES[CaptureState(capture.state)],
        "steps": list(present.step_lines(capture, standing.seen)),
        "seen": standing.seen,
        "queue": present.wait_words(_captures().place(capture)),
        "clock": present.clock,
        "may_change": _captures().may_change(current_actor(), capture),
        "drives": standing.drives,
        "ended_by": words.ENDED_BY.get(capture.ended_by or ""),
        "still_moving": capture.state != CaptureState.FAILED,
    }


def _case_name(capture: Capture) -> str:
    """Of the case it is meant for; empty when there is none, or it is out of reach by now."""
    if capture.case_id is None:
        return ""
    try:
        return str(services().cases.get(current_actor(), capture.case_id).name)
    except PortalError:
        return ""


def _install(state: BlueprintSetupState) -> None:
    add_panel(state.app, "captures/panel.html", review_views.panel_values, wide=True)  # type: ignore[arg-type]
    state.app.jinja_env.globals["capture_case"] = _case_name


blueprint.record_once(_install)
