"""REST: ``/api/v1/verification``. Whoever holds a digest, number, letter or package may ask."""

# flask-smorest has no type information, so its decorators have none to keep.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, jsonify, request
from flask.views import MethodView
from flask_smorest import Blueprint
from werkzeug.exceptions import UnsupportedMediaType

from chain_adapter import Digest, InvalidDigest
from portal.problems import BadInput, NotFound
from portal.ui.context import current_actor, services
from portal.verification.noting import note
from portal.verification.report import Found, Report, Tick
from portal.verification.schemas import QuestionSchema, ReportSchema
from portal.verification.service import judge_record, missing
from portal.verification.uploads import FORM, examined, limit

blueprint = Blueprint(
    "verification_api",
    __name__,
    url_prefix="/api/v1/verification",
    description="Verify what is recorded, or a letter or package by itself. No key is needed.",
)
_FORM = {
    "type": "object",
    "required": ["evidence"],
    "properties": {
        "evidence": {
            "type": "string",
            "format": "binary",
            "description": "A letter (PDF) or a proof package (ZIP).",
        }
    },
}


@blueprint.route("/digest")
class DigestVerification(MethodView):
    @blueprint.doc(operationId="verifyDigest")
    @blueprint.arguments(QuestionSchema)
    @blueprint.response(200, ReportSchema)
    def post(self, question: dict[str, Any]) -> Response:
        """Verify a digest or a number against the records.

        The records are judged by the same verifiers as packages: nothing is believed because it
        stands in the portal's own database. Nothing deposited under it is an answer too: `missing`.
        """
        number, text = question["number"].strip(), question["sha256"].strip()
        digest = _digest(text) if text else None
        deposits = services().deposits
        try:
            evidence = deposits.find_evidence(number or text)
        except NotFound:
            return _told(missing("number" if number else "record"))
        return _told(judge_record(evidence, deposits.trust(), digest))


@blueprint.route("/package")
class PackageVerification(MethodView):
    @blueprint.doc(
        operationId="verifyPackage",
        requestBody={
            "required": True,
            "content": {"multipart/form-data": {"schema": _FORM, "example": {}}},
        },
    )
    @blueprint.response(200, ReportSchema)
    def post(self) -> Response:
        """Examine a letter or a proof package, and keep nothing of it.

        At most 256 MiB; larger ones are verified on your own computer, with
        `python -m portal.verification PACKAGE`.
        """
        if request.mimetype != "multipart/form-data":
            raise UnsupportedMediaType("Send multipart/form-data.")
        request.max_content_length = limit() + FORM
        upload = request.files.get("evidence")
        if upload is None:
            message = "Send a letter or a proof package as the form's file “evidence”."
            raise BadInput("file_missing", message, field="evidence")
        return _told(examined(upload))


def _told(report: Report) -> Response:
    note(services().database, current_actor(), report)
    return jsonify(_shown(report))


def _digest(text: str) -> Digest:
    try:
        return Digest.parse("sha256", text)
    except InvalidDigest as error:
        message = "A SHA-256 has 64 characters from 0–9 and a–f."
        raise BadInput("digest", message, field="sha256") from error


def _shown(report: Report) -> dict[str, Any]:
    return {
        "answer": str(report.answer),
        "subject": report.subject,
        "ticks": [_tick(each) for each in report.ticks],
        "found": _found(report.found) if report.found else None,
        "others": [_found(each) for each in report.others],
    }


def _tick(tick: Tick) -> dict[str, Any]:
    checks = [
        {
            "number": each.number,
            "code": each.code,
            "title": each.title,
            "outcome": str(each.outcome),
            "detail": each.detail,
        }
        for each in tick.checks
    ]
    return {"area": str(tick.area), "outcome": str(tick.outcome), "checks": checks}


def _found(found: Found) -> dict[str, Any]:
    def instant(moment: datetime | None) -> str | None:
        return moment.isoformat() if moment else None

    return {
        "number": found.number,
        "state": found.state,
        "received_at": instant(found.received_at),
        "gen_time": instant(found.gen_time),
        "anchored_at": instant(found.anchored_at),
        "position": found.position,
        "file_seen": found.file_seen,
    }
