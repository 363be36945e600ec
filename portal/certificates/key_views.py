"""A notary's keys: handed in, made here, or on a token. Each page and act asks for fresh proof."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from portal.accounts.fresh import fresh_required
from portal.certificates import words
from portal.certificates.blueprint import NOTARY, blueprint, certificates, said
from portal.certificates.keys import MAX_FILE, MIN_PASSWORD
from portal.problems import PortalError
from portal.security import roles_required
from portal.ui.context import current_actor


@blueprint.get("/desk/keys")
@roles_required(NOTARY)
@fresh_required
def keys() -> str:
    """The keys there are, and the three ways to another."""
    return _page()


@blueprint.post("/desk/keys/file")
@roles_required(NOTARY)
@fresh_required
def upload_key() -> Response | tuple[str, int]:
    """Take a PKCS#12 file. Nothing but it is kept: the password goes with this request."""
    file = request.files.get("file")
    data = file.stream.read(MAX_FILE + 1) if file is not None else b""
    try:
        certificates().add_pkcs12(current_actor(), data, request.form.get("password", ""))
    except PortalError as error:
        return _page("file", error), error.status
    return _done(gettext("The key is kept; its password is not."))


@blueprint.post("/desk/keys/office")
@roles_required(NOTARY)
@fresh_required
def make_key() -> Response | tuple[str, int]:
    """Have the office's authority make one."""
    password, again = request.form.get("password", ""), request.form.get("again", "")
    try:
        certificates().make_office_key(current_actor(), password, again)
    except PortalError as error:
        return _page("office", error), error.status
    return _done(gettext("The key was made. Remember its password: nobody else knows it."))


@blueprint.post("/desk/keys/token")
@roles_required(NOTARY)
@fresh_required
def token_key() -> Response | tuple[str, int]:
    """Remember a key on a token."""
    token, label = request.form.get("token", ""), request.form.get("label", "")
    try:
        certificates().add_token(current_actor(), token, label, request.form.get("pin", ""))
    except PortalError as error:
        return _page("token", error), error.status
    return _done(gettext("The token's key is known; its PIN is asked for at each signature."))


@blueprint.post("/desk/keys/<key_id>/remove")
@roles_required(NOTARY)
@fresh_required
def remove_key(key_id: str) -> Response:
    """Take a key out of use."""
    try:
        revoked = certificates().remove_key(current_actor(), key_id)
    except PortalError as error:
        flash(said(error), "error")
        return redirect(url_for("certificates.keys"), code=303)
    if revoked:
        return _done(gettext("The key is removed, and its certificate is on the revocation list."))
    return _done(gettext("The key is removed. If others may have it, have its issuer revoke it."))


def _page(form: str = "", error: PortalError | None = None) -> str:
    return render_template(
        "certificates/keys.html",
        rows=certificates().keys(current_actor()),
        takes_tokens=certificates().takes_tokens,
        words=words,
        form=form,
        problem=said(error) if error else "",
        typed={name: request.form.get(name, "") for name in ("token", "label")},
        shortest=MIN_PASSWORD,
    )


def _done(sentence: str) -> Response:
    flash(sentence, "success")
    return redirect(url_for("certificates.keys"), code=303)
