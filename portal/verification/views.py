"""The public verification page: whoever holds a file, a letter, a certificate, a package or a
number may ask."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from portal.problems import BadInput
from portal.ui.context import current_actor, services
from portal.ui.templating import file_size
from portal.verification import caching
from portal.verification.answering import Answered
from portal.verification.asking import LONGEST
from portal.verification.noting import note
from portal.verification.papers import reference_to
from portal.verification.picture import picture
from portal.verification.present import shown
from portal.verification.report import Answer
from portal.verification.sentences import HELP
from portal.verification.uploads import evidence_of, examined, limit, verification

blueprint = Blueprint("verification", __name__, template_folder="templates")

blueprint.record_once(lambda state: state.app.jinja_env.globals.update(verification_limit=limit))
#: Reading a QR code needs the camera; no other page may have it.
_PERMISSIONS: Final = "camera=(self), microphone=(), geolocation=(), payment=(), usb=()"


@blueprint.get("/verify")
def page() -> Response:
    """The page; with ``?n=`` a number or digest, with ``?sha256=`` also a file's digest.

    Our script asks with ``X-Fragment: 1`` and gets the report alone.
    """
    asked, given = _asked()
    try:
        answered = verification().answer(asked, given)
    except BadInput as problem:
        message = gettext(problem.message, **problem.params)
        return _page(asked=asked, problem=message, status=422)
    if request.method == "GET":
        note(services().database, current_actor(), answered.report if answered else None)
    if answered is None or not _fragment():
        return _page(answered, asked=asked)
    return caching.short(_answer_alone(answered), answered.report)


@blueprint.get("/verify/<number>")
@blueprint.get("/v/<number>")
def short(number: str) -> Response:
    """Where QR codes lead."""
    return redirect(url_for("verification.page", n=number[:LONGEST]), code=303)


@blueprint.post("/verify/examine")
def examine() -> Response:
    """Examine a letter or package that was sent, and keep nothing of it."""
    try:
        upload = evidence_of(request)
        sent = examined(upload) if upload is not None and upload.filename else None
    except RequestEntityTooLarge:
        problem = gettext(
            "That is larger than %(limit)s. Larger packages are verified on your own computer, "
            "with the command below.",
            limit=file_size(limit()),
        )
        return _page(upload_problem=problem, status=413)
    if sent is None:
        problem = gettext("Choose a letter or a proof package first.")
        return _page(upload_problem=problem, status=422)
    note(services().database, current_actor(), sent.answered.report)
    reference = reference_to(sent.answered.report, sent.values())
    if _fragment():
        return _answer_alone(sent.answered, reference)
    return _page(sent.answered, reference=reference)


def _asked() -> tuple[str, str]:
    query = request.args
    return query.get("n", "").strip()[:LONGEST], query.get("sha256", "").strip()[:LONGEST]


def _fragment() -> bool:
    return "X-Fragment" in request.headers


def _answer_alone(answered: Answered, reference: str = "") -> Response:
    body = render_template("verification/report.html", **_values(answered, reference))
    response = make_response(body)
    response.headers["X-Fragment"] = "1"
    return response


def _values(answered: Answered | None, reference: str = "") -> dict[str, Any]:
    """What ``verification/report.html`` shows."""
    if answered is None:
        return {"report": None}
    report = answered.report
    asked, given = _asked()
    lost = report.answer is Answer.MISSING and report.subject in ("record", "upload")
    return {
        "report": shown(report),
        "picture": picture(answered),
        "reference": reference,
        "question": {key: value for key, value in (("n", asked), ("sha256", given)) if value},
        "certified": report.answer is Answer.MATCHES and report.found is not None,
        "help": HELP if lost else (),
    }


def _page(
    answered: Answered | None = None,
    *,
    asked: str = "",
    reference: str = "",
    problem: str = "",
    upload_problem: str = "",
    status: int = 200,
) -> Response:
    report = answered.report if answered else None
    # A file dropped on the page of a number is compared with that very deposit.
    by_number = report is not None and report.subject in ("number", "certificate")
    number = report.found.number if by_number and report and report.found else ""
    body = render_template(
        "verification/page.html",
        **_values(answered, reference),
        number=number,
        asked=asked,
        problem=problem,
        upload_problem=upload_problem,
        limit=limit(),
    )
    response = make_response(body, status)
    response.headers["Permissions-Policy"] = _PERMISSIONS
    return response


from portal.verification import paper_views  # noqa: E402, F401 - it adds its views to the blueprint
