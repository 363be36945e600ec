"""The applicant's side: what was issued, to be taken away and shown to others."""

from __future__ import annotations

import segno
from flask import Response, render_template, url_for
from markupsafe import Markup

from portal.certificates import words
from portal.certificates.blueprint import blueprint, certificates
from portal.deposits.models import State
from portal.ui.attachments import attachment
from portal.ui.context import current_actor, services


@blueprint.get("/my/certificates/<certificate_id>")
def mine(certificate_id: str) -> str:
    """One certificate: PDF, package, the address where anybody verifies it."""
    view = certificates().view(current_actor(), certificate_id)
    base = services().settings.base_url.rstrip("/")
    link = f"{base}/verify/{view.number}"
    return render_template(
        "certificates/mine.html",
        view=view,
        words=words,
        link=link,
        qr=_qr(link),
        has_package=view.deposit_state == State.ISSUED,
        package=url_for("deposits.package", deposit_id=view.deposit_id, original=1),
    )


@blueprint.get("/my/certificates/<certificate_id>/certificate.pdf")
def my_pdf(certificate_id: str) -> Response:
    """The signed certificate; taking it away is recorded as the hand over of a copy."""
    return attachment(certificates().pdf(current_actor(), certificate_id, "applicant"))


def _qr(link: str) -> Markup:
    code = segno.make(link, error="m")
    svg = code.svg_inline(border=2, omitsize=True, svgclass="qr", lineclass=None)
    return Markup(svg)  # noqa: S704 - drawn here from our own address
