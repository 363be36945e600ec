"""Papers to take away: the sealed report, the draft certification, rule 17, trust anchors."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import Any, Final

from flask import Response, render_template, request

from portal.problems import BadInput, PortalError, Unavailable
from portal.ui.context import current_actor, services
from portal.ui.locale import language
from portal.verification.answering import Answered
from portal.verification.asking import LONGEST
from portal.verification.fre902 import set_draft
from portal.verification.noting import note
from portal.verification.paper import House, set_report
from portal.verification.papers import read_reference, values_of
from portal.verification.rule17 import PREFACE, READING, answer_sheet
from portal.verification.rule17_paper import set_sheet
from portal.verification.uploads import verification
from portal.verification.views import blueprint
from timestamping.errors import TimestampError
from timestamping.pdf.errors import PdfError

_REASON: Final = "核验报告 Verification report"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@blueprint.get("/verify/report.pdf")
def report() -> Response:
    """The sealed report of a question (``?n=``, ``?sha256=``), asked again now."""
    answered, examined = _answered()
    values = values_of(answered.report, examined)
    return _sealed_report(values, services().clock())


@blueprint.post("/verify/report.pdf")
def report_sent() -> Response:
    """The sealed report of what was sent, from the reference that its sender holds."""
    return _sealed_report(*read_reference(request.form.get("reference", "")))


@blueprint.get("/verify/fre-902.pdf")
def fre902() -> Response:
    """A draft certification under FRE 902(13)/(14) for a question's deposit."""
    answered, examined = _answered()
    kind = answered.evidence.deposit.kind if answered.evidence else ""
    return _draft(values_of(answered.report, examined), services().clock(), kind)


@blueprint.post("/verify/fre-902.pdf")
def fre902_sent() -> Response:
    """The same for what was sent."""
    values, at = read_reference(request.form.get("reference", ""))
    return _draft(values, at, _kind(values))


@blueprint.get("/verify/rule-17")
def rule17() -> str:
    """The answer sheet to rule 17 of the Online Litigation Rules."""
    sheet = answer_sheet(services())
    return render_template(
        "verification/rule17.html", sheet=sheet, code=language(), reading=READING, preface=PREFACE
    )


@blueprint.get("/verify/rule-17.pdf")
def rule17_pdf() -> Response:
    """The same, sealed."""
    sheet = answer_sheet(services())
    made = set_sheet(sheet, House.of(services().settings))
    return _pdf(_sealed(made, "第十七条应答表 Rule 17 answer sheet"), "rule-17.pdf")


@blueprint.get("/verify/trust.zip")
def trust() -> Response:
    """The anchors this office's letters and packages are judged by, for ``--trust``."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in services().deposits.trust().files().items():
            if content:
                archive.writestr(zipfile.ZipInfo(name, _EPOCH), content)
    answer = Response(out.getvalue(), mimetype="application/zip")
    answer.headers["Content-Disposition"] = 'attachment; filename="trust.zip"'
    return answer


def _answered() -> tuple[Answered, dict[str, Any]]:
    """What is asked in the address, and how the report names it."""
    asked = request.args.get("n", "").strip()[:LONGEST]
    sha256 = request.args.get("sha256", "").strip()[:LONGEST]
    answered = verification().answer(asked, sha256)
    if answered is None:
        raise BadInput("number", "Give a sha256 or a number.", field="n")
    note(services().database, current_actor(), answered.report)
    return answered, {"asked": asked, "sha256": sha256.lower()}


def _kind(values: dict[str, Any]) -> str:
    """Of the deposit found, as the records have it; empty when they do not."""
    found = values["report"]["found"]
    try:
        return services().deposits.find_public(found["number"]).kind if found else ""
    except PortalError:
        return ""


def _sealed_report(values: dict[str, Any], at: datetime) -> Response:
    made = set_report(values, at, House.of(services().settings))
    return _pdf(_sealed(made, _REASON), f"verification-report-{at:%Y%m%dT%H%M%SZ}.pdf")


def _draft(values: dict[str, Any], at: datetime, kind: str) -> Response:
    made = set_draft(values, at, House.of(services().settings), kind)
    return _pdf(made, f"fre-902-draft-{values['report']['found']['number']}.pdf")


def _sealed(pdf: bytes, reason: str) -> bytes:
    """Under the office's seal.

    Raises:
        Unavailable: no time-stamp is to be had now, and a seal without one proves no time.
    """
    try:
        return services().sealer.seal(pdf, reason=reason)
    except (PdfError, TimestampError) as error:
        message = "It cannot be sealed now, because no time-stamp is to be had. Try again shortly."
        raise Unavailable("not_sealed", message) from error


def _pdf(content: bytes, name: str) -> Response:
    answer = Response(content, mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
