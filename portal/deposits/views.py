"""Pages of deposits: the form, and what is taken away from an item; list and item beside it."""

from __future__ import annotations

import re
from typing import Final

from flask import jsonify, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from chain_adapter import Digest
from portal.deposits import folder_views, item, listing, showing
from portal.deposits.blueprint import blueprint
from portal.deposits.formpage import form_values
from portal.deposits.forms import DepositForm, new_key
from portal.deposits.schemas import digest_from
from portal.deposits.service import Accepted, DepositService, Metadata
from portal.deposits.uploads import intake_of
from portal.problems import BadInput, PortalError
from portal.signing.cosigning import Cosigning
from portal.signing.reading import cosigning_from_text
from portal.ui.attachments import attachment
from portal.ui.context import current_actor, request_id, services

__all__ = ["blueprint", "folder_views", "form_values", "item", "listing", "showing"]

#: the guard before every view has checked the token
_CSRF_CHECKED: Final = {"csrf": False}
#: a file's size as our script tells it
_SIZE: Final = re.compile("[0-9]{1,16}")
#: fields whose errors the form shows where they are
_SHOWN_BESIDE: Final = frozenset({"title", "note", "sha256"})


@blueprint.get("/deposits/new")
def new() -> str:
    """The form, with its limits."""
    return render_template("deposits/new.html", **form_values(DepositForm()))


@blueprint.post("/deposits/new")
def create() -> Response | tuple[str, int]:
    """Take a deposit: 303 to its page; to our script, which says so, 201 and its address."""
    scripted = request.accept_mimetypes.best == "application/json"
    form = DepositForm(formdata=None, meta=_CSRF_CHECKED)
    try:
        form = DepositForm(meta=_CSRF_CHECKED)  # reads the upload, which may be refused
        if not form.validate():
            field = next(iter(form.errors))
            raise BadInput("form", str(form.errors[field][0]), field=field)
        accepted = _receive(form)
    except PortalError as error:
        return _refused(error, form, scripted)
    address = url_for("deposits.show", deposit_id=accepted.deposit.id)
    if scripted:
        return make_response(jsonify(location=address, id=accepted.deposit.id), 201)
    return redirect(address, code=303)


@blueprint.get("/deposits/<deposit_id>/letter")
def letter(deposit_id: str) -> Response:
    """The sealed PDF."""
    return attachment(_deposits().letter(current_actor(), deposit_id))


@blueprint.get("/deposits/<deposit_id>/token")
def token(deposit_id: str) -> Response:
    """The RFC 3161 response."""
    return attachment(_deposits().token(current_actor(), deposit_id))


@blueprint.get("/deposits/<deposit_id>/receipt")
def receipt(deposit_id: str) -> Response:
    """The ledger's receipt."""
    return attachment(_deposits().receipt(current_actor(), deposit_id))


@blueprint.get("/deposits/<deposit_id>/package")
def package(deposit_id: str) -> Response:
    """The proof package; with the deposited file when ``?original=1``."""
    with_original = request.args.get("original") == "1"
    return attachment(_deposits().package(current_actor(), deposit_id, with_original))


@blueprint.get("/deposits/<deposit_id>/original")
def original(deposit_id: str) -> Response:
    """The deposited bytes, always as a download: nothing of a stranger's runs as ours."""
    return attachment(_deposits().original(current_actor(), deposit_id))


def _deposits() -> DepositService:
    return services().deposits


def _receive(form: DepositForm) -> Accepted:
    """Hand the form's content to the service."""
    actor, key = current_actor(), form.idempotency_key.data or None
    claimed, signing = _digests(form), _signing(form)
    if form.mode.data == "digest":
        size = int(form.size.data) if _SIZE.fullmatch(form.size.data or "") else None
        return _deposits().receive_digest(actor, claimed, _metadata(form), key, size, signing)
    file = request.files.get("file")
    if file is None or not file.filename:
        raise BadInput("file_missing", "Choose a file first.", field="file")
    metadata = _metadata(form, file.filename, file.mimetype)
    return _deposits().receive_file(actor, intake_of(file), metadata, key, claimed, signing)


def _signing(form: DepositForm) -> Cosigning | None:
    """What our script signed; without script, the key of the depositor's that the portal holds."""
    if form.signature.data:
        return cosigning_from_text(form.deposit_id.data, form.signature.data)
    key_id = form.sign_with.data
    return Cosigning("", str(key_id)) if key_id else None


def _metadata(form: DepositForm, filename: str = "", media_type: str = "") -> Metadata:
    """Forms send line ends as CR LF; a note has LF, as it was typed."""
    return Metadata(
        title=(form.title.data or "").strip(),
        note=(form.note.data or "").replace("\r\n", "\n").strip(),
        filename=form.filename.data or filename,
        media_type=form.media_type.data or media_type,
    )


def _digests(form: DepositForm) -> list[Digest]:
    given = {"sha256": form.sha256.data, "sm3": form.sm3.data}
    return [digest_from(name, text.lower(), name) for name, text in given.items() if text]


def _refused(error: PortalError, form: DepositForm, scripted: bool) -> Response | tuple[str, int]:
    message = gettext(error.message, **error.params)
    if scripted:
        shape = {"code": error.code, "message": message, "field": error.field}
        return make_response(jsonify(error=shape | {"request_id": request_id()}), error.status)
    # Another try is another request: it must not meet the refused one's key.
    form.idempotency_key.data = new_key()
    beside = error.code == "form" and error.field in _SHOWN_BESIDE
    values = form_values(form, "" if beside else message)
    return render_template("deposits/new.html", **values), error.status
