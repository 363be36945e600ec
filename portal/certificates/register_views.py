"""The register: search, print, take away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

from flask import Response, flash, render_template, request, url_for
from flask_babel import gettext

from portal import days
from portal.certificates import words
from portal.certificates.blueprint import LOOKING, blueprint, certificates
from portal.certificates.shapes import RegisterFilter, RegisterRow
from portal.downloads import Download
from portal.security import roles_required
from portal.sheets import Cell, Sheet, csv_pieces, xlsx_bytes
from portal.ui.attachments import attachment
from portal.ui.context import current_actor, services

_FIELDS: Final = ("text", "notary", "template", "kind", "status", "since", "until")
#: So many stand on the page that is printed.
_PRINTED: Final = 2000


@blueprint.get("/desk/register")
@roles_required(*LOOKING)
def register() -> str:
    """A page of it; ``?text= notary= template= kind= status= since= until= cursor=``."""
    wanted, typed = _wanted()
    actor, cursor = current_actor(), request.args.get("cursor") or None
    page = certificates().register(actor, wanted, cursor)
    asked: dict[str, Any] = {name: value for name, value in typed.items() if value}
    return render_template(
        "certificates/register.html",
        page=page,
        typed=typed,
        asked=asked,
        words=words,
        notaries=certificates().notaries(actor),
        gaps=certificates().gaps(actor),
        newest=url_for("certificates.register", **asked) if cursor else None,
        older=url_for("certificates.register", **asked, cursor=page.cursor)
        if page.cursor
        else None,
    )


@blueprint.get("/desk/register/print")
@roles_required(*LOOKING)
def register_print() -> str:
    """All that was asked for on one page, for paper."""
    wanted, typed = _wanted()
    rows = []
    for row in certificates().export(current_actor(), wanted, "print"):
        rows.append(row)
        if len(rows) == _PRINTED:
            break
    return render_template(
        "certificates/register_print.html",
        rows=rows,
        asked={name: value for name, value in typed.items() if value},
        words=words,
        most=_PRINTED,
        now=services().clock(),
    )


@blueprint.get("/desk/register.csv")
@roles_required(*LOOKING)
def register_csv() -> Response:
    """For spreadsheets; no name in it runs as a formula."""
    wanted, _ = _wanted()
    actor = current_actor()

    def begin() -> Iterator[bytes]:
        rows = list(map(_cells, certificates().export(actor, wanted, "csv")))
        return csv_pieces(_heading(), rows)

    return attachment(Download("register.csv", "text/csv", begin))


@blueprint.get("/desk/register.xlsx")
@roles_required(*LOOKING)
def register_xlsx() -> Response:
    """As a workbook."""
    wanted, _ = _wanted()
    actor = current_actor()

    def begin() -> Iterator[bytes]:
        rows = list(map(_cells, certificates().export(actor, wanted, "xlsx")))
        return iter((xlsx_bytes([Sheet(str(gettext("Register")), _heading(), rows)]),))

    media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return attachment(Download("register.xlsx", media, begin))


def _wanted() -> tuple[RegisterFilter, dict[str, str]]:
    """The filter of the address; days are the office's, and the last one counts."""
    typed = {name: request.args.get(name, "").strip()[:100] for name in _FIELDS}
    zone, moments = services().settings.zone, {}
    for name, later in (("since", timedelta()), ("until", timedelta(days=1))):
        try:
            moments[name] = days.start_of(typed[name], zone, later)
        except ValueError:
            flash(gettext("This is no date: %(text)s", text=typed[name]), "error")
            typed[name], moments[name] = "", None
    known: dict[str, dict[str, Any]] = {
        "template": words.TEMPLATES,
        "kind": words.KINDS,
        "status": words.STATUSES,
    }
    for name, values in known.items():
        typed[name] = typed[name] if typed[name] in values else ""
    wanted = RegisterFilter(
        text=typed["text"],
        notary_id=typed["notary"],
        template=typed["template"],
        kind=typed["kind"],
        status=typed["status"],
        since=moments["since"],
        until=moments["until"],
    )
    return wanted, typed


def _heading() -> list[str]:
    return [
        str(each)
        for each in (
            gettext("Number"),
            gettext("Kind"),
            gettext("Matter certified"),
            gettext("Status"),
            gettext("Issued"),
            gettext("Application"),
            gettext("Applicants (masked)"),
            gettext("Notary"),
            gettext("Deposit concerned"),
            gettext("Deposit of the certificate"),
            gettext("SHA-256 of the PDF"),
        )
    ]


def _cells(row: RegisterRow) -> Sequence[Cell]:
    zone = services().settings.zone
    return (
        str(row.number),
        str(words.KINDS[row.kind]),
        str(words.TEMPLATES[row.template]),
        str(words.STATUSES[row.status][0]),
        row.issued_at.astimezone(zone).isoformat(timespec="seconds"),
        row.matter_number,
        "; ".join(row.parties),
        row.notary,
        row.subject_number,
        row.deposit_number,
        row.pdf_sha256,
    )
