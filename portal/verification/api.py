"""REST: ``/api/v1/verification``. Whoever holds a digest, number, letter or package may ask."""

# flask-smorest has no type information, so its decorators have none to keep.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from flask import Response, jsonify, request
from flask.views import MethodView
from flask_smorest import Blueprint
from werkzeug.exceptions import UnsupportedMediaType

from portal.api.schemas import ErrorSchema
from portal.problems import BadInput
from portal.ui.context import current_actor, services
from portal.verification import caching
from portal.verification.asking import LONGEST
from portal.verification.noting import note
from portal.verification.report import Report
from portal.verification.schemas import QuestionSchema, ReportSchema
from portal.verification.software import software
from portal.verification.telling import told
from portal.verification.uploads import evidence_of, examined, verification

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
        number, digest = question["number"].strip(), question["sha256"].strip()
        return _told(_answered(number, digest))


@blueprint.route("/numbers/<number>")
class NumberVerification(MethodView):
    @blueprint.doc(operationId="verifyNumber")
    @blueprint.response(200, ReportSchema)
    @blueprint.alt_response(422, schema=ErrorSchema, description="It is no number or digest")
    def get(self, number: str) -> Response:
        """Verify what is recorded under a number, which caches may keep for a minute.

        A deposit's number or short code, a certificate's number, or a SHA-256.
        """
        report = _answered(number[:LONGEST], "")
        return cast(Response, caching.short(_told(report), report))


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
        upload = evidence_of(request)
        if upload is None:
            message = "Send a letter or a proof package as the form's file “evidence”."
            raise BadInput("file_missing", message, field="evidence")
        return _told(examined(upload).answered.report)


def _answered(number: str, digest: str) -> Report:
    answered = verification().answer(number, digest)
    if answered is None:
        raise BadInput("number", "Give a sha256 or a number.", field="number")
    return answered.report


def _told(report: Report) -> Response:
    note(services().database, current_actor(), report)
    values: dict[str, Any] = told(report)
    return jsonify(**values, software=asdict(software()))
