"""The office's figures as a page and as files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from flask import render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.desk import words
from portal.desk.blueprint import LOOKING, blueprint
from portal.desk.figures import BOUNDS, OUTCOMES, Fact, Figures, figures
from portal.desk.pictures import stacks
from portal.downloads import Download
from portal.problems import BadInput, NotFound
from portal.security import roles_required
from portal.sheets import Cell, Sheet, csv_bytes, xlsx_bytes
from portal.ui.attachments import attachment
from portal.ui.context import current_actor, services

_FORMS: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_DATE: Final = "A date is written as year-month-day, for example 2026-11-21."


@blueprint.get("/statistics")
@roles_required(*LOOKING)
def statistics() -> str | tuple[str, int]:
    """The figures of the matters submitted ``?since= until=`` (this year, when not said)."""
    today = services().desk.today
    problem, status = "", 200
    try:
        since, until = _asked(today)
        found = services().desk.statistics(current_actor(), since, until)
    except BadInput as error:
        problem, status = gettext(error.message, **error.params), error.status
        since, until = today.replace(month=1, day=1), today
        found = services().desk.statistics(current_actor(), since, until)
    shown = _page(found, since, until, problem)
    return (shown, status) if problem else shown


@blueprint.get("/statistics.<form>")
@roles_required(*LOOKING)
def statistics_file(form: str) -> Response:
    """The same matters one by one (CSV), with the figures on further sheets (XLSX)."""
    if form not in _FORMS:
        raise NotFound("form", "There is nothing at this address.")
    actor = current_actor()
    since, until = _asked(services().desk.today)
    facts = services().desk.facts(actor, since, until)

    def begin() -> Any:
        services().desk.taken_away(actor, since, until, form, len(facts))
        return iter([_file(form, facts, since, until)])

    name = f"statistics-{since}-{until}.{form}"
    return attachment(Download(name, _FORMS[form], begin))


def _page(found: Figures, since: date, until: date, problem: str) -> str:
    asked: dict[str, Any] = {"since": since.isoformat(), "until": until.isoformat()}
    return render_template(
        "desk/statistics.html",
        found=found,
        since=since,
        until=until,
        problem=problem,
        picture=stacks([month.counts for month in found.months]),
        outcomes=[str(words.OUTCOMES[each]) for each in OUTCOMES],
        buckets=list(zip(_buckets(), found.durations.buckets, strict=True)),
        **_tables(found),
        files={form: url_for("desk.statistics_file", form=form, **asked) for form in _FORMS},
    )


def _tables(found: Figures) -> dict[str, Any]:
    """The small tables: rows of (name, count), and how many were refused."""
    return {
        "state_rows": [(_state(each), count) for each, count in found.states.items()],
        "template_rows": [
            (str(words.TEMPLATES.get(each, each)), count) for each, count in found.templates.items()
        ],
        "notary_rows": [(each or gettext("nobody"), n) for each, n in found.notaries.items()],
        "late_rows": [(gettext("in time"), found.in_time), (gettext("overdue"), found.overdue)],
        "refusal_rows": [(words.reason_words(each), n) for each, n in found.refusals.items()],
        "refused": sum(found.refusals.values()),
    }


def _asked(today: date) -> tuple[date, date]:
    try:
        since = date.fromisoformat(request.args.get("since") or f"{today.year}-01-01")
        until = date.fromisoformat(request.args.get("until") or today.isoformat())
    except ValueError as error:
        raise BadInput("date", _DATE, field="since") from error
    if since.year < 2000 or until.year > 2100:
        raise BadInput("date", "Choose days between 2000 and 2100.", field="since")
    return since, until


def _buckets() -> list[str]:
    names, low = [], 0
    for bound in BOUNDS:
        if bound is None:
            names.append(gettext("over %(days)s days", days=low - 1))
        else:
            names.append(gettext("%(low)s to %(high)s days", low=low, high=bound))
            low = bound + 1
    return names


def _file(form: str, facts: Sequence[Fact], since: date, until: date) -> bytes:
    heading = [
        gettext("Number"),
        gettext("Template"),
        gettext("State"),
        gettext("First notary"),
        gettext("Submitted"),
        gettext("Accepted on"),
        gettext("Concluded"),
        gettext("Working days used"),
        gettext("Overdue"),
        gettext("Ground of refusal"),
    ]
    rows = [_row(each) for each in facts]
    if form == "csv":
        return csv_bytes(heading, rows)
    counted = figures(facts, since, until)
    return xlsx_bytes(
        [
            Sheet(gettext("Matters"), heading, rows),
            Sheet(
                gettext("Figures"),
                [gettext("Table"), gettext("Row"), gettext("Count")],
                _counted(counted),
            ),
        ]
    )


def _row(fact: Fact) -> list[Cell]:
    return [
        fact.number,
        str(words.TEMPLATES.get(fact.template, fact.template)),
        _state(fact.state),
        fact.notary,
        fact.submitted_on.isoformat(),
        fact.accepted_on.isoformat() if fact.accepted_on else "",
        fact.ended_on.isoformat() if fact.ended_on else "",
        fact.used if fact.accepted_on else None,
        gettext("yes") if fact.overdue else gettext("no"),
        words.reason_words(fact.refusal) if fact.refusal else "",
    ]


def _counted(found: Figures) -> list[list[Cell]]:
    state, template = gettext("State"), gettext("Template")
    rows: list[list[Cell]] = [[gettext("Total"), gettext("Submitted"), found.total]]
    rows += [[state, _state(each), count] for each, count in found.states.items()]
    rows += [
        [template, str(words.TEMPLATES.get(each, each)), count]
        for each, count in found.templates.items()
    ]
    nobody = gettext("nobody")
    rows += [[gettext("First notary"), each or nobody, n] for each, n in found.notaries.items()]
    rows += [
        [month.name, str(words.OUTCOMES[outcome]), count]
        for month in found.months
        for outcome, count in zip(OUTCOMES, month.counts, strict=True)
    ]
    rows += [
        [gettext("Duration"), name, count]
        for name, count in zip(_buckets(), found.durations.buckets, strict=True)
    ]
    rows += [
        [gettext("Ground of refusal"), words.reason_words(each), count]
        for each, count in found.refusals.items()
    ]
    return rows


def _state(state: str) -> str:
    return str(words.STATES[state][0]) if state in words.STATES else state
