"""The office's calendar: a year at a glance, and changing it."""

from __future__ import annotations

import calendar as months
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from flask_babel import format_date, gettext
from werkzeug.wrappers import Response

from portal.accounts.fresh import fresh_required
from portal.desk.blueprint import LOOKING, NOTARY, blueprint
from portal.desk.day_lists import FIRST, LAST, MAX_BYTES, MAX_NOTE, DayListError, ListedDay
from portal.desk.office_days import OfficeDays
from portal.problems import BadInput, PortalError
from portal.security import roles_required
from portal.ui.context import current_actor, services

_WEEKDAYS: Final = (date(2024, 1, 1), 7)  # a Monday, and how many days follow
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Day:
    """``look``: "work", "weekend", "off" (a holiday) or "extra" (a weekend that is worked)."""

    day: date
    works: bool
    look: str
    note: str
    name: str


@dataclass(frozen=True, slots=True)
class Month:
    """``weeks``: rows of seven, None before the first and after the last."""

    name: str
    weeks: tuple[tuple[Day | None, ...], ...]
    working: int


@blueprint.get("/calendar")
@roles_required(*LOOKING)
def calendar() -> str:
    """A year; ``?year=``."""
    return _page(_year(), editing=False)


@blueprint.get("/calendar/edit")
@roles_required(NOTARY)
@fresh_required
def calendar_edit() -> str:
    """The same, with each day a button."""
    return _page(_year(), editing=True)


@blueprint.post("/calendar/days")
@roles_required(NOTARY)
@fresh_required
def calendar_set() -> Response | tuple[str, int]:
    """Say of one day whether it is worked: ``day=2026-10-01:off`` or ``:working``, and ``note``."""
    text, _, meaning = request.form.get("day", "").partition(":")
    note = request.form.get("note", "")
    try:
        day = _day(text)
        if meaning not in ("off", "working"):
            raise BadInput("day_kind", "A day is off or working.", field="day")
        change = _days().set(current_actor(), day, meaning == "working", note)
    except PortalError as error:
        return _refused(error)
    if change:
        shown = format_date(day, "full")
        off = gettext("%(day)s is a day off now.", day=shown)
        flash(
            gettext("%(day)s is worked now.", day=shown) if meaning == "working" else off, "success"
        )
    return _back(day.year)


@blueprint.post("/calendar/list")
@roles_required(NOTARY)
@fresh_required
def calendar_take() -> Response | tuple[str, int]:
    """Take a list over: ``file``, or what was pasted into ``list``."""
    pasted, given = request.form.get("list", ""), request.files.get("file")
    data = given.read(MAX_BYTES + 1) if given and given.filename else pasted.encode()
    try:
        change, count = _days().take(current_actor(), data)
    except DayListError as error:
        return _refused(error, faults=error.faults, pasted=pasted)
    except PortalError as error:
        return _refused(error, pasted=pasted)
    if change:
        flash(gettext("Days taken over: %(num)s.", num=count), "success")
    else:
        flash(gettext("The calendar says all of it already."), "info")
    return _back(_year())


@blueprint.post("/calendar/undo/<change_id>")
@roles_required(NOTARY)
@fresh_required
def calendar_undo(change_id: str) -> Response | tuple[str, int]:
    """Put back what stood before a change."""
    try:
        _days().undo(current_actor(), change_id)
    except PortalError as error:
        if error.status == 404:
            raise
        return _refused(error)
    flash(gettext("The change is taken back."), "success")
    return _back(_year())


def _page(year: int, *, editing: bool, **more: Any) -> str:
    actor = current_actor()
    known = _days().year(actor, year)
    first, count = _WEEKDAYS
    weekdays = [first.replace(day=place + 1) for place in range(count)]
    shown = [_month(year, month, known) for month in range(1, 13)]
    return render_template(
        "desk/calendar.html",
        year=year,
        months=shown,
        working=sum(month.working for month in shown),
        special=list(_runs(known.values())),
        weekdays=[(format_date(day, "EEEEE"), format_date(day, "EEEE")) for day in weekdays],
        changes=_days().changes(actor) if actor.has(NOTARY) else [],
        editing=editing,
        may_edit=actor.has(NOTARY),
        today=services().desk.today,
        previous=year - 1 if year > FIRST.year else None,
        following=year + 1 if year < LAST.year else None,
        full=lambda day: format_date(day, "full"),
        medium=lambda day: format_date(day, "medium"),
        max_note=MAX_NOTE,
        **more,
    )


@dataclass(frozen=True, slots=True)
class Run:
    """Days in a row that say the same."""

    first: date
    last: date
    working: bool
    note: str


def _runs(days: Iterable[ListedDay]) -> Iterator[Run]:
    run: Run | None = None
    for each in days:
        same = run is not None and (run.working, run.note) == (each.working, each.note)
        if run is not None and same and each.day == run.last + timedelta(days=1):
            run = replace(run, last=each.day)
            continue
        if run is not None:
            yield run
        run = Run(each.day, each.day, each.working, each.note)
    if run is not None:
        yield run


def _month(year: int, month: int, known: dict[date, ListedDay]) -> Month:
    weeks = tuple(
        tuple(_shown(date(year, month, day), known) if day else None for day in week)
        for week in months.Calendar().monthdayscalendar(year, month)
    )
    working = sum(day.works for week in weeks for day in week if day is not None)
    return Month(format_date(date(year, month, 1), "LLLL"), weeks, working)


def _shown(day: date, known: dict[date, ListedDay]) -> Day:
    weekday, listed = day.weekday() < _SATURDAY, known.get(day)
    works = listed.working if listed else weekday
    usual = "work" if weekday else "weekend"
    look = usual if works == weekday else "extra" if works else "off"
    return Day(day, works, look, listed.note if listed else "", format_date(day, "full"))


def _refused(error: PortalError, **more: Any) -> tuple[str, int]:
    problem = gettext(error.message, **error.params)
    return _page(_year(), editing=True, problem=problem, **more), error.status


def _year() -> int:
    """``year`` of the address or the form, else the present one."""
    asked = request.values.get("year", type=int)
    known = asked is not None and FIRST.year <= asked <= LAST.year
    return asked if known and asked else services().desk.today.year


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("day", "Choose a day of the calendar.", field="day") from error


def _back(year: int) -> Response:
    return redirect(url_for("desk.calendar_edit", year=year), code=303)


def _days() -> OfficeDays:
    return services().desk.days
