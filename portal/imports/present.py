"""Imports as pages and the result file show them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from flask_babel import gettext, lazy_gettext

from portal.imports.models import ImportRow, ImportState, RowStatus
from portal.sheets import Cell, csv_bytes

#: status → what it is called, and its icon
STATUSES: Final = {
    RowStatus.READY: (lazy_gettext("ready"), "circle-check"),
    RowStatus.DEPOSITED: (lazy_gettext("deposited"), "rosette-discount-check"),
    RowStatus.KNOWN: (lazy_gettext("deposited before"), "files"),
    RowStatus.DUPLICATE: (lazy_gettext("repeats another row"), "copy"),
    RowStatus.INVALID: (lazy_gettext("cannot be deposited"), "circle-x"),
    RowStatus.FAILED: (lazy_gettext("refused"), "alert-triangle"),
}
STATES: Final = {
    ImportState.PREVIEW: lazy_gettext("looked at, not confirmed"),
    ImportState.RUNNING: lazy_gettext("confirmed, not finished"),
    ImportState.DONE: lazy_gettext("deposited"),
}
_FIELDS: Final = {
    "title": lazy_gettext("Title"),
    "note": lazy_gettext("Note"),
    "filename": lazy_gettext("File name"),
    "tags": lazy_gettext("Tags"),
    "size": lazy_gettext("Size"),
}


def reason(row: ImportRow) -> str:
    """Why a row is not simply deposited; empty when it is."""
    if row.problem:
        problem = json.loads(row.problem)
        params = dict(problem["params"])
        if "name" in params:  # the field in the visitor's words
            params["name"] = str(_FIELDS.get(params["name"], params["name"]))
        return str(gettext(problem["message"], **params))
    if row.status == RowStatus.DUPLICATE:
        return str(gettext("The same digest stands in line %(line)s.", line=row.repeats or 0))
    return ""


def status_name(status: str) -> str:
    return str(STATUSES[RowStatus(status)][0])


def result_csv(rows: Iterator[tuple[ImportRow, str]]) -> bytes:
    """One line for each row of the file; digests and titles under the names an import reads."""
    heading = (
        gettext("Line"),
        gettext("Result"),
        gettext("Reason"),
        gettext("Letter number"),
        "sha256",
        "sm3",
        "title",
        "filename",
        "size",
        "note",
        "tag",
        "code",
    )
    return csv_bytes(heading, (_line(row, number) for row, number in rows))


def template_csv() -> bytes:
    """A file to fill in, with one example."""
    return csv_bytes(
        ("sha256", "title", "filename", "size", "note", "tag"),
        [
            (
                "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                gettext("Example: supply contract"),
                "contract.pdf",
                "4",
                gettext("Replace this row by your own"),
                gettext("example; contract"),
            )
        ],
    )


def _line(row: ImportRow, number: str) -> tuple[Cell, ...]:
    return (
        row.line,
        status_name(row.status),
        reason(row),
        number,
        row.sha256 or row.given,
        row.sm3,
        row.title,
        row.filename,
        row.size,
        row.note,
        "; ".join(json.loads(row.tags)),
        row.status,
    )
