"""The public verification page: whoever holds a file, a letter or a number may ask."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from chain_adapter import Digest, InvalidDigest
from portal.problems import BadInput, NotFound
from portal.ui.context import current_actor, services
from portal.ui.templating import file_size
from portal.verification.noting import note
from portal.verification.present import Shown, shown
from portal.verification.report import Report
from portal.verification.service import judge_record, missing
from portal.verification.uploads import FORM, examined, limit

blueprint = Blueprint("verification", __name__, template_folder="templates")

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
    if request.method == "GET":
        note(services().database, current_actor(), report)
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
    request.max_content_length = limit() + FORM
    try:
        upload = request.files.get("evidence")
    except RequestEntityTooLarge:
        problem = gettext(
            "That is larger than %(limit)s. Larger packages are verified on your own computer, "
            "with the command below.",
            limit=file_size(limit()),
        )
        return _page(upload_problem=problem, status=413)
    if upload is None or not upload.filename:
        problem = gettext("Choose a letter or a proof package first.")
        return _page(upload_problem=problem, status=422)
    report = examined(upload)
    note(services().database, current_actor(), report)
    return _page(report)


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
        limit=limit(),
    )
    return make_response(body, status)
