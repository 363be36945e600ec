"""Pages of cases: the list, one case with its deposits and timeline, and what is done there."""

from __future__ import annotations

from typing import Any, Final

from flask import redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.cases import picture, placing, present
from portal.cases.asking import case_filter, event_filter
from portal.cases.blueprint import blueprint
from portal.cases.forms import CaseForm
from portal.cases.paper import write_csv, write_pdf
from portal.cases.service import MAX_NOTE, CaseService
from portal.deposits import present as deposits_present
from portal.problems import BadInput
from portal.ui.attachments import attachment
from portal.ui.context import current_actor, services

__all__ = ["blueprint", "placing"]

_PAGE: Final = 30
_DEPOSITS: Final = 10
_EVENTS: Final = 60
#: the largest number a database compares
_LARGEST: Final = 2**63 - 1


@blueprint.get("/cases")
def listing() -> str:
    """The cases of whom one acts for, newest first; ``?text= state= cursor=``."""
    wanted = case_filter(request.args)
    cursor = request.args.get("cursor") or None
    page = _cases().page(current_actor(), wanted, cursor, _PAGE)
    asked: dict[str, Any] = {"text": wanted.text, "state": wanted.state}
    asked = {name: value for name, value in asked.items() if value}
    return render_template(
        "cases/list.html",
        rows=page.items,
        wanted=wanted,
        states=present.CASE_STATES,
        filtered=bool(asked),
        newest=url_for("cases.listing", **asked) if cursor else None,
        older=url_for("cases.listing", **asked, cursor=page.cursor) if page.cursor else None,
    )


@blueprint.get("/cases/new")
def new() -> str:
    """The form."""
    return render_template("cases/form.html", form=CaseForm(formdata=None), case=None)


@blueprint.post("/cases/new")
def create() -> Response | tuple[str, int]:
    """Make a case; 303 to its page."""
    form = CaseForm(meta={"csrf": False})  # the guard before every view has checked the token
    try:
        case = _cases().create(current_actor(), form.fields())
    except BadInput as error:
        return render_template("cases/form.html", form=form, case=None), error.status
    return redirect(url_for("cases.show", case_id=case.id), code=303)


@blueprint.get("/cases/<case_id>")
def show(case_id: str) -> str:
    """One case; ``?kind= since= until= after= cursor=`` choose events and deposits."""
    return _page(case_id)


@blueprint.get("/cases/<case_id>/edit")
def edit(case_id: str) -> str:
    """The form, filled."""
    case = _cases().get(current_actor(), case_id)
    return render_template("cases/form.html", form=CaseForm.of(case), case=case)


@blueprint.post("/cases/<case_id>/edit")
def change(case_id: str) -> Response | tuple[str, int]:
    """Say something else about the case."""
    case = _cases().get(current_actor(), case_id)
    form = CaseForm(meta={"csrf": False})
    try:
        _cases().change(current_actor(), case_id, form.fields())
    except BadInput as error:
        return render_template("cases/form.html", form=form, case=case), error.status
    return redirect(url_for("cases.show", case_id=case_id), code=303)


@blueprint.post("/cases/<case_id>/close")
def close(case_id: str) -> Response:
    _cases().close(current_actor(), case_id)
    return redirect(url_for("cases.show", case_id=case_id), code=303)


@blueprint.post("/cases/<case_id>/reopen")
def reopen(case_id: str) -> Response:
    _cases().reopen(current_actor(), case_id)
    return redirect(url_for("cases.show", case_id=case_id), code=303)


@blueprint.post("/cases/<case_id>/notes")
def add_note(case_id: str) -> Response | tuple[str, int]:
    """Note something in the case."""
    text = request.form.get("text", "")
    try:
        _cases().add_note(current_actor(), case_id, text)
    except BadInput as error:
        problem = gettext(error.message, **error.params)
        return _page(case_id, noted=text, note_problem=problem), error.status
    return redirect(url_for("cases.show", case_id=case_id, _anchor="timeline"), code=303)


@blueprint.get("/cases/<case_id>/timeline.pdf")
def timeline_pdf(case_id: str) -> Response:
    """The timeline on paper, with the filter of the page."""
    return _export(case_id, "pdf")


@blueprint.get("/cases/<case_id>/timeline.csv")
def timeline_csv(case_id: str) -> Response:
    """The timeline for spreadsheets, with the filter of the page."""
    return _export(case_id, "csv")


def _page(case_id: str, **more: str) -> str:
    actor = current_actor()
    case = _cases().get(actor, case_id)
    wanted, typed, problem = event_filter(request.args)
    timeline = _cases().timeline
    after = request.args.get("after", type=int)
    if after is not None:
        after = min(max(after, 0), _LARGEST)
    events = timeline.page(actor, case_id, wanted, after, _EVENTS, newest_first=True)
    moments = timeline.moments(actor, case_id, wanted)
    deposits = _cases().deposits(actor, case_id, request.args.get("cursor") or None, _DEPOSITS)
    drawn = picture.draw(moments, tuple(present.KINDS), services().settings.zone)
    here: dict[str, Any] = {"case_id": case_id, **typed}
    return render_template(
        "cases/case.html",
        case=case,
        may_change=_cases().may_change(actor, case),
        size=_cases().size(actor, case_id),
        rows=[deposits_present.row(each) for each in deposits.items],
        further=url_for("cases.show", **here, cursor=deposits.cursor) if deposits.cursor else None,
        continued="cursor" in request.args,
        groups=present.groups(present.lines(events.items)),
        older=url_for("cases.show", **here, after=events.after, _anchor="timeline")
        if events.after
        else None,
        newest="after" not in request.args,
        drawn=drawn,
        described=present.described(drawn) if drawn else "",
        kinds={kind: name for kind, (name, _) in present.KINDS.items()},
        kind_name=present.kind_name,
        typed=typed,
        problem=problem,
        most_pictured=len(moments),
        max_note=MAX_NOTE,
        **more,
    )


def _export(case_id: str, form: str) -> Response:
    wanted, _, problem = event_filter(request.args)
    if problem:
        raise BadInput(
            "date", "A date is written as year-month-day, for example 2026-11-21.", field="since"
        )
    actor, settings = current_actor(), services().settings
    write = write_pdf if form == "pdf" else write_csv
    return attachment(
        _cases().exports.timeline(
            actor, case_id, wanted, form, lambda extract: write(extract, actor, settings, wanted)
        )
    )


def _cases() -> CaseService:
    return services().cases
