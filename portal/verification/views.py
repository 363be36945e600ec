"""The public verification page: whoever holds a file, a letter or a number may ask."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import IO, Final

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from chain_adapter import Digest, InvalidDigest
from portal.problems import BadInput, NotFound
from portal.ui.context import services
from portal.ui.templating import file_size
from portal.verification.present import Shown, shown
from portal.verification.report import Report
from portal.verification.service import examine as examine_file
from portal.verification.service import judge_record, missing

blueprint = Blueprint("verification", __name__, template_folder="templates")

#: The largest letter or package examined here, bytes; larger ones are verified offline. Strangers
#: may send them, so it stays well below what depositors may.
_UPLOAD_LIMIT: Final = 256 * 1024**2
#: What the form around it may weigh.
_FORM: Final = 64 * 1024
_DIGITS: Final = 64


@blueprint.get("/verify")
def page() -> Response:
    """The page; with ``?n=`` a number or digest, with ``?sha256=`` also a file's digest.

    Our script asks with ``X-Fragment: 1`` and gets the report alone.
    """
    asked = request.args.get("n", "").strip()[:100]
    given = request.args.get("sha256", "").strip()[:100]
    fragment = "X-Fragment" in request.headers
    try:
        report = _report(asked, given)
    except BadInput as problem:
        message = gettext(problem.message, **problem.params)
        return _page(asked=asked, problem=message, status=422)
    if fragment and report is not None:
        response = make_response(render_template("verification/report.html", report=shown(report)))
        response.headers["X-Fragment"] = "1"
        return response
    return _page(report, asked=asked)


@blueprint.get("/verify/<number>")
@blueprint.get("/v/<number>")
def short(number: str) -> Response:
    """Where QR codes lead."""
    return redirect(url_for("verification.page", n=number[:100]), code=303)


@blueprint.post("/verify/examine")
def examine() -> Response:
    """Examine a letter or package that was sent, and keep nothing of it."""
    request.max_content_length = _limit() + _FORM
    try:
        upload = request.files.get("evidence")
    except RequestEntityTooLarge:
        limit = file_size(_limit())
        problem = gettext(
            "That is larger than %(limit)s. Larger packages are verified on your own computer, "
            "with the command below.",
            limit=limit,
        )
        return _page(upload_problem=problem, status=413)
    if upload is None or not upload.filename:
        problem = gettext("Choose a letter or a proof package first.")
        return _page(upload_problem=problem, status=422)
    with tempfile.NamedTemporaryFile(prefix="examine-") as copy:
        _copy(upload, copy)
        report = examine_file(Path(copy.name), services().deposits.trust())
    return _page(report)


def _limit() -> int:
    return min(_UPLOAD_LIMIT, services().settings.max_upload_bytes)


def _report(asked: str, given: str) -> Report | None:
    """What to answer, or None when nothing was asked. Raises BadInput for what is no number."""
    digest = _digest(given or asked) if given or len(asked) == _DIGITS else None
    wanted = asked if given and asked else given or asked
    if not wanted:
        return None
    deposits = services().deposits
    try:
        evidence = deposits.find_evidence(wanted)
    except NotFound:
        return missing("number" if asked and len(asked) != _DIGITS else "record")
    return judge_record(evidence, deposits.trust(), digest)


def _digest(text: str) -> Digest:
    try:
        return Digest.parse("sha256", text.lower())
    except InvalidDigest as error:
        message = "A SHA-256 has 64 characters from 0–9 and a–f."
        raise BadInput("digest", message, field="n") from error


def _page(
    report: Report | None = None,
    *,
    asked: str = "",
    problem: str = "",
    upload_problem: str = "",
    status: int = 200,
) -> Response:
    answer: Shown | None = shown(report) if report else None
    # A file dropped on the page of a number is compared with that very deposit.
    number = report.found.number if report and report.found and report.subject == "number" else ""
    body = render_template(
        "verification/page.html",
        report=answer,
        number=number,
        asked=asked,
        problem=problem,
        upload_problem=upload_problem,
        limit=_limit(),
    )
    return make_response(body, status)


def _copy(upload: FileStorage, target: IO[bytes]) -> None:
    """To a file with a name, which the verifier opens; werkzeug's own may have none."""
    upload.save(target)
    target.flush()
