"""Pages of imports: a file in, a look at its rows, what came of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.deposits.filenames import shown_name
from portal.downloads import Download
from portal.imports import present
from portal.imports.decoding import MAX_BYTES
from portal.imports.models import Import, ImportState, RowStatus
from portal.imports.parsing import MAX_ROWS
from portal.imports.service import PREVIEW_DAYS, ImportService
from portal.problems import BadInput, PortalError
from portal.ui.attachments import attachment
from portal.ui.context import current_actor, services

blueprint = Blueprint("imports", __name__, template_folder="templates")

_ROWS: Final = 100
_LINES: Final = 2**31 - 1


@blueprint.get("/imports")
def start() -> str:
    """Where a file is chosen, and the imports there were."""
    return _start()


@blueprint.post("/imports")
def upload() -> Response | tuple[str, int]:
    """Look at a file; 303 to what was found."""
    try:
        file = request.files.get("file")
        if file is None or not file.filename:
            raise BadInput("file_missing", "Choose a file first.", field="file")
        data = file.stream.read(MAX_BYTES + 1)
        made = _imports().look(current_actor(), file.filename, data)
    except PortalError as error:
        return _start(gettext(error.message, **error.params)), error.status
    return redirect(url_for("imports.show", import_id=made.id), code=303)


@blueprint.get("/imports/template.csv")
def template() -> Response:
    """A file to fill in."""
    data = present.template_csv()

    def begin() -> Iterator[bytes]:
        return iter((data,))

    return attachment(Download("import-template.csv", "text/csv", begin, len(data)))


@blueprint.get("/imports/<import_id>")
def show(import_id: str) -> str:
    """The rows, before or after they were deposited; ``?status= after=``."""
    return _page(import_id)


@blueprint.post("/imports/<import_id>/confirm")
def confirm(import_id: str) -> Response | tuple[str, int]:
    """Deposit what is ready. Fields: ``again``, ``case``."""
    again, case_id = request.form.get("again") == "1", request.form.get("case") or None
    try:
        made = _imports().confirm(current_actor(), import_id, again, case_id)
    except PortalError as error:
        if error.status == 404 and error.code == "import_not_found":
            raise
        return _page(import_id, gettext(error.message, **error.params)), error.status
    if made.state != ImportState.DONE:
        flash(gettext("Some rows could not be recorded just now; go on below."), "warning")
    return redirect(url_for("imports.show", import_id=import_id), code=303)


@blueprint.post("/imports/<import_id>/discard")
def discard(import_id: str) -> Response:
    """Forget a file that was only looked at."""
    _imports().discard(current_actor(), import_id)
    flash(gettext("The file was forgotten; nothing was deposited."), "success")
    return redirect(url_for("imports.start"), code=303)


@blueprint.get("/imports/<import_id>/result.csv")
def result(import_id: str) -> Response:
    """What came of each row."""
    return attachment(_imports().result(current_actor(), import_id, present.result_csv))


def _start(problem: str = "") -> str:
    return render_template(
        "imports/start.html",
        problem=problem,
        recent=_imports().recent(current_actor()),
        states=present.STATES,
        shown_name=shown_name,
        max_rows=MAX_ROWS,
        max_bytes=MAX_BYTES,
        days=PREVIEW_DAYS,
    )


def _page(import_id: str, problem: str = "") -> str:
    actor = current_actor()
    made = _imports().get(actor, import_id)
    counts = _imports().counts(actor, import_id)
    asked = request.args.get("status", "")
    status = RowStatus(asked) if asked in set(RowStatus) else None
    after = min(max(request.args.get("after", 0, type=int), 0), _LINES)
    page = _imports().rows(actor, import_id, status, after, _ROWS)
    here: dict[str, Any] = {"import_id": import_id} | ({"status": asked} if status else {})
    return render_template(
        "imports/import.html",
        made=made,
        name=shown_name(made.filename),
        counts=counts,
        total=sum(counts.values()),
        ready=counts.get(RowStatus.READY, 0),
        known=counts.get(RowStatus.KNOWN, 0),
        statuses=present.STATUSES,
        chosen=status,
        rows=[
            (row, present.reason(row), page.numbers.get(row.deposit_id or "")) for row in page.items
        ],
        further=url_for("imports.show", **here, after=page.after) if page.after else None,
        continued=after > 0,
        first=url_for("imports.show", **here),
        cases=services().cases.offered(actor),
        case=_case_of(made),
        problem=problem,
        days=PREVIEW_DAYS,
    )


def _case_of(made: Import) -> Any:
    """The case the import goes into, unless there is none or it is out of reach by now."""
    if made.case_id is None:
        return None
    try:
        return services().cases.get(current_actor(), made.case_id)
    except PortalError:
        return None


def _imports() -> ImportService:
    return services().imports
