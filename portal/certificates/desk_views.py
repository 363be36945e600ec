"""A certificate at the desk: writing, preview, approval, signature, what follows, copies."""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.accounts.fresh import fresh_required
from portal.certificates import words
from portal.certificates.blueprint import (
    LOOKING,
    NOTARY,
    blueprint,
    certificates,
    said,
    to_certificate,
)
from portal.certificates.drafting import MAX_REASON, MAX_TESTIMONY
from portal.certificates.shapes import CORRECTION, REVOCATION, CertificateView
from portal.problems import BadInput, Conflict, NotFound, PortalError
from portal.security import roles_required
from portal.ui.attachments import attachment
from portal.ui.context import current_actor


@blueprint.post("/desk/matters/<matter_id>/certificate")
@roles_required(NOTARY)
def draft(matter_id: str) -> Response:
    """Begin the matter's certificate, or go to the one there is."""
    try:
        certificate_id = certificates().draft(current_actor(), matter_id)
    except NotFound:
        raise
    except PortalError as error:
        flash(said(error), "error")
        return redirect(url_for("desk.show", matter_id=matter_id), code=303)
    return to_certificate(certificate_id)


@blueprint.get("/desk/certificates/<certificate_id>")
@roles_required(*LOOKING)
def show(certificate_id: str) -> str:
    """The text to be written, or what was issued."""
    view = certificates().office_view(current_actor(), certificate_id)
    return _page(view)


@blueprint.post("/desk/certificates/<certificate_id>")
@roles_required(NOTARY)
def edit(certificate_id: str) -> Response | tuple[str, int] | tuple[Response, int]:
    """Keep what was written; the page's script asks for JSON. Nothing typed is ever lost: what
    cannot be kept stands on the page again."""
    quiet = request.accept_mimetypes.best == "application/json"
    typed = {name: request.form.get(name, "") for name in ("zh", "en", "reason")}
    try:
        revision = certificates().edit(
            current_actor(),
            certificate_id,
            typed["zh"],
            typed["en"],
            _revision(),
            typed["reason"] if "reason" in request.form else None,
        )
    except NotFound:
        raise
    except PortalError as error:
        if quiet:
            return jsonify(problem=said(error)), error.status
        view = certificates().office_view(current_actor(), certificate_id)
        return _page(view, typed, error), error.status
    if quiet:
        return make_response(jsonify(revision=revision))
    flash(gettext("Saved."), "success")
    return to_certificate(certificate_id)


@blueprint.post("/desk/certificates/<certificate_id>/renew")
@roles_required(NOTARY)
def renew(certificate_id: str) -> Response:
    """Fill the testimony in again from what is known now."""
    return _do(certificate_id, lambda: certificates().renew(*_who(certificate_id), _revision()))


@blueprint.post("/desk/certificates/<certificate_id>/drop")
@roles_required(NOTARY)
def drop(certificate_id: str) -> Response:
    """Give up what was not issued."""
    view = certificates().office_view(current_actor(), certificate_id)
    try:
        certificates().drop(current_actor(), certificate_id)
    except NotFound:
        raise
    except PortalError as error:
        return to_certificate(certificate_id, error)
    flash(gettext("The draft was given up; another can be begun."), "success")
    return redirect(url_for("desk.show", matter_id=view.matter_id), code=303)


@blueprint.get("/desk/certificates/<certificate_id>/preview.pdf")
@roles_required(*LOOKING)
def preview(certificate_id: str) -> Response:
    """As it stands, marked DRAFT on each page."""
    data = certificates().preview(current_actor(), certificate_id)
    return _inline(data, "draft.pdf")


@blueprint.get("/desk/certificates/<certificate_id>/certificate.pdf")
@roles_required(*LOOKING)
def pdf(certificate_id: str) -> Response:
    """The signed certificate."""
    return attachment(certificates().pdf(current_actor(), certificate_id, "office"))


@blueprint.get("/desk/certificates/<certificate_id>/approve")
@roles_required(NOTARY)
@fresh_required
def approve_form(certificate_id: str) -> str:
    """The text once more, and the button."""
    view = certificates().office_view(current_actor(), certificate_id)
    return render_template("certificates/approve.html", view=view, words=words)


@blueprint.post("/desk/certificates/<certificate_id>/approve")
@roles_required(NOTARY)
@fresh_required
def approve(certificate_id: str) -> Response:
    """Approve the text as it stood on the page."""
    return _do(
        certificate_id,
        lambda: certificates().approve(*_who(certificate_id), _revision()),
        gettext("Approved. It waits for the signature."),
    )


@blueprint.get("/desk/certificates/<certificate_id>/issue")
@roles_required(NOTARY)
@fresh_required
def issue_form(certificate_id: str) -> str | Response:
    """Exactly what will be signed, and with which key."""
    view = certificates().office_view(current_actor(), certificate_id)
    if not view.open:
        return to_certificate(certificate_id)
    return _proposal(certificate_id)


@blueprint.post("/desk/certificates/<certificate_id>/issue")
@roles_required(NOTARY)
@fresh_required
def issue(certificate_id: str) -> Response | tuple[str, int]:
    """Number, sign, seal, issue. What is refused leaves everything as it was."""
    form = request.form
    second = (form.get("second_key", ""), form.get("second_secret", ""))
    try:
        done = certificates().issue(
            current_actor(),
            certificate_id,
            form.get("key", ""),
            form.get("secret", ""),
            _revision(),
            second if second[0] else None,
        )
    except NotFound as error:
        if error.code != "key_not_found":
            raise
        return _proposal(certificate_id, error), error.status
    except PortalError as error:
        return _proposal(certificate_id, error), error.status
    flash(gettext("Issued: %(number)s", number=str(done.number)), "success")
    return to_certificate(certificate_id)


@blueprint.get("/desk/certificates/<certificate_id>/correct")
@roles_required(NOTARY)
@fresh_required
def correct_form(certificate_id: str) -> str:
    """Why it is corrected."""
    return _follow_page(certificate_id, CORRECTION)


@blueprint.post("/desk/certificates/<certificate_id>/correct")
@roles_required(NOTARY)
@fresh_required
def correct(certificate_id: str) -> Response | tuple[str, int]:
    """Begin the correction."""
    return _follow(certificate_id, CORRECTION)


@blueprint.get("/desk/certificates/<certificate_id>/revoke")
@roles_required(NOTARY)
@fresh_required
def revoke_form(certificate_id: str) -> str:
    """Why it is revoked."""
    return _follow_page(certificate_id, REVOCATION)


@blueprint.post("/desk/certificates/<certificate_id>/revoke")
@roles_required(NOTARY)
@fresh_required
def revoke(certificate_id: str) -> Response | tuple[str, int]:
    """Begin the revocation."""
    return _follow(certificate_id, REVOCATION)


@blueprint.get("/desk/certificates/<certificate_id>/copies")
@roles_required(*LOOKING)
def copies(certificate_id: str) -> str:
    """Numbered copies and how they were handed over."""
    service, actor = certificates(), current_actor()
    return render_template(
        "certificates/copies.html",
        view=service.office_view(actor, certificate_id),
        rows=service.copies(actor, certificate_id),
        parties=service.copy_parties(actor, certificate_id),
        acts=actor.has(NOTARY),
        words=words,
    )


@blueprint.post("/desk/certificates/<certificate_id>/copies")
@roles_required(NOTARY)
def add_copy(certificate_id: str) -> Response:
    """A further copy for a party."""
    try:
        certificates().add_copy(current_actor(), certificate_id, request.form.get("party", ""))
    except PortalError as error:
        if isinstance(error, NotFound) and error.code != "party_not_found":
            raise
        flash(said(error), "error")
    return redirect(url_for("certificates.copies", certificate_id=certificate_id), code=303)


@blueprint.post("/desk/certificates/<certificate_id>/copies/<copy_id>")
@roles_required(NOTARY)
def hand_over(certificate_id: str, copy_id: str) -> Response:
    """A copy went out."""
    how = request.form.get("how", "")
    try:
        certificates().hand_over(current_actor(), certificate_id, copy_id, how)
    except (BadInput, Conflict) as error:
        flash(said(error), "error")
    return redirect(url_for("certificates.copies", certificate_id=certificate_id), code=303)


def _who(certificate_id: str) -> tuple[Any, str]:
    return current_actor(), certificate_id


def _revision() -> int:
    """As the page had it; what is no number is no revision."""
    return request.form.get("revision", -1, type=int)


def _do(certificate_id: str, act: Any, sentence: str = "") -> Response:
    try:
        act()
    except NotFound:
        raise
    except PortalError as error:
        return to_certificate(certificate_id, error)
    if sentence:
        flash(sentence, "success")
    return to_certificate(certificate_id)


def _page(
    view: CertificateView, typed: dict[str, str] | None = None, error: PortalError | None = None
) -> str:
    first = "first" in view.parts and not view.own
    return render_template(
        "certificates/show.html",
        view=view,
        words=words,
        typed=typed,
        problem=said(error) if error else "",
        field=error.field if error else None,
        writes=first and view.open and current_actor().has(NOTARY),
        approves=_approves(view),
        max_testimony=MAX_TESTIMONY,
        max_reason=MAX_REASON,
        followable=view.followable and first,
    )


def _approves(view: CertificateView) -> bool:
    part = "second" if view.second_needed else "first"
    mine = part in view.parts and not (view.second_needed and view.drafted_by_me)
    return mine and view.state == "draft" and not view.own and current_actor().has(NOTARY)


def _proposal(certificate_id: str, error: PortalError | None = None) -> str:
    return render_template(
        "certificates/issue.html",
        proposal=certificates().proposal(current_actor(), certificate_id),
        words=words,
        said=said,
        problem=said(error) if error else "",
        field=error.field if error else None,
        chosen=request.form.get("key", ""),
    )


def _follow_page(certificate_id: str, kind: str, error: PortalError | None = None) -> str:
    return render_template(
        "certificates/follow.html",
        view=certificates().office_view(current_actor(), certificate_id),
        kind=kind,
        words=words,
        typed=request.form.get("reason", ""),
        problem=said(error) if error else "",
        max_reason=MAX_REASON,
    )


def _follow(certificate_id: str, kind: str) -> Response | tuple[str, int]:
    begin = certificates().correct if kind == CORRECTION else certificates().revoke
    try:
        made = begin(current_actor(), certificate_id, request.form.get("reason", ""))
    except NotFound:
        raise
    except PortalError as error:
        return _follow_page(certificate_id, kind, error), error.status
    return to_certificate(made)


def _inline(data: bytes, name: str) -> Response:
    answer = make_response(data)
    answer.mimetype = "application/pdf"
    answer.headers["Content-Disposition"] = f'inline; filename="{name}"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
