"""The blueprint that all pages of certificates share, and the few things all of them need."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.certificates.service import CertificateService
from portal.problems import PortalError
from portal.ui.context import services

blueprint = Blueprint("certificates", __name__, template_folder="templates")
NOTARY = "notary"
LOOKING = ("notary", "auditor")


def certificates() -> CertificateService:
    return services().certificates


def said(error: PortalError) -> str:
    """The sentence, in the visitor's language."""
    return str(gettext(error.message, **error.params))


def to_certificate(certificate_id: str, error: PortalError | None = None) -> Response:
    """303 to the certificate's page, with what was wrong when anything was."""
    if error is not None:
        flash(said(error), "error")
    return redirect(url_for("certificates.show", certificate_id=certificate_id), code=303)
