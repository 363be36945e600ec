"""The tus protocol 1.0 (tus.io/protocols/resumable-upload): core, creation, creation-with-upload,
checksum, termination and expiration; and what our own script asks beside it, as JSON.

``Upload-Metadata`` names: ``draft`` (a UUID of the client's choosing), ``path``, and perhaps
``type``, ``modified`` (milliseconds since 1970), ``sha256`` and ``sm3`` (hexadecimal).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC
from email.utils import format_datetime
from typing import Any, Final, cast

from flask import Blueprint, Response, jsonify, make_response, request, url_for
from flask_babel import gettext
from werkzeug.exceptions import ClientDisconnected

from chain_adapter import Digest
from portal.deposits.schemas import digest_from
from portal.deposits.uploads import UploadRequest
from portal.problems import BadInput, PortalError
from portal.signing.reading import cosignings_from
from portal.ui.context import current_actor, request_id, services
from portal.uploads.models import Upload
from portal.uploads.service import Body, Grouping, NewFile, UploadService, Wish

blueprint = Blueprint("uploads", __name__, url_prefix="/uploads")

_VERSION: Final = "1.0.0"
_EXTENSIONS: Final = "creation,creation-with-upload,checksum,termination,expiration"
_CHECKSUMS: Final = ("sha256", "sha1")
_PIECE: Final = "application/offset+octet-stream"
_MAX_METADATA: Final = 8000
_BODILESS: Final = Body(lambda _: b"", 0)
#: What the protocol answers to some refusals of ours.
_STATUSES: Final = {"checksum": 460, "tus_version": 412, "tus_type": 415}


@blueprint.after_request
def _tus(answer: Response) -> Response:
    answer.headers["Tus-Resumable"] = _VERSION
    if answer.status_code == 412:
        answer.headers["Tus-Version"] = _VERSION
    return answer


@blueprint.errorhandler(PortalError)
def _refused(error: PortalError) -> Response:
    if isinstance(request, UploadRequest) or hasattr(request, "refuse"):
        cast(UploadRequest, request).refuse()
    message = gettext(error.message, **error.params)
    shape = {"code": error.code, "message": message, "field": error.field}
    status = _STATUSES.get(error.code, error.status)
    return make_response(jsonify(error=shape | {"request_id": request_id()}), status)


@blueprint.route("/files", methods=["OPTIONS"], provide_automatic_options=False)
@blueprint.route("/files/<upload_id>", methods=["OPTIONS"], provide_automatic_options=False)
def abilities(upload_id: str = "") -> Response:
    """What this server can do."""
    answer = make_response("", 204)
    answer.headers["Tus-Version"] = _VERSION
    answer.headers["Tus-Extension"] = _EXTENSIONS
    answer.headers["Tus-Max-Size"] = str(services().settings.max_upload_bytes)
    answer.headers["Tus-Checksum-Algorithm"] = ",".join(_CHECKSUMS)
    return answer


@blueprint.post("/files")
def create() -> Response:
    """Begin an upload, with its first bytes when they come along."""
    _check_version()
    length = _number("Upload-Length")
    given = _metadata(request.headers.get("Upload-Metadata", ""))
    body = _BODILESS
    if request.mimetype == _PIECE:
        body = _body()
    elif request.content_length:
        raise _wrong_type()
    new = NewFile(
        path=given.get("path", ""),
        length=length,
        modified=_whole(given.get("modified", "0")),
        media_type=given.get("type", ""),
        digests=_digests(given),
    )
    upload = _uploads().create(current_actor(), given.get("draft", ""), new, body)
    answer = _progress(upload, 201)
    answer.headers["Location"] = url_for("uploads.piece", upload_id=upload.id)
    return answer


@blueprint.route("/files/<upload_id>", methods=["HEAD"])
def look(upload_id: str) -> Response:
    """How far it is."""
    _check_version()
    upload = _uploads().find(current_actor(), upload_id)
    answer = _progress(upload, 200)
    answer.headers["Upload-Length"] = str(upload.length)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.patch("/files/<upload_id>")
def piece(upload_id: str) -> Response:
    """The next bytes."""
    _check_version()
    if request.mimetype != _PIECE:
        raise _wrong_type()
    offset = _number("Upload-Offset")
    return _progress(_uploads().write(current_actor(), upload_id, offset, _body()), 204)


@blueprint.delete("/files/<upload_id>")
def terminate(upload_id: str) -> Response:
    """Forget the upload."""
    _check_version()
    _uploads().remove(current_actor(), upload_id)
    return make_response("", 204)


@blueprint.post("/files/<upload_id>/digests")
def digests(upload_id: str) -> Response:
    """What the browser computed, for the portal to compare."""
    given = _json()
    _uploads().claim_digests(current_actor(), upload_id, _digests(given))
    return make_response("", 204)


@blueprint.get("/drafts/<draft_id>/files")
def files(draft_id: str) -> Response:
    """What a draft holds, so that a page that was reloaded goes on where it was."""
    found = _uploads().view(current_actor(), draft_id)
    return jsonify(
        files=[
            {
                "id": each.id,
                "address": url_for("uploads.piece", upload_id=each.id),
                "path": each.path,
                "length": each.length,
                "offset": each.offset,
                "modified": each.modified,
                "stays": each.stays,
                "ready": each.ready,
                "sha256": each.sha256,
                "sm3": each.sm3,
            }
            for each in found.files
        ]
    )


@blueprint.post("/drafts/<draft_id>/digests")
def add_digests(draft_id: str) -> Response:
    """Digests of files that stay with their owner: ``{"files": [{path, size, sha256, …}, …]}``."""
    given = _json().get("files")
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise BadInput("files", "files is a list of objects.", field="files")
    listed = [
        NewFile(
            path=str(each.get("path", "")),
            length=_whole(each.get("size")),
            modified=_whole(each.get("modified", 0)),
            media_type=str(each.get("type", "")),
            digests=_digests(each),
        )
        for each in given
    ]
    _uploads().add_digests(current_actor(), draft_id, listed)
    return make_response("", 204)


@blueprint.post("/drafts/<draft_id>/words")
def describe(draft_id: str) -> Response:
    """Keep title, note and grouping with the draft."""
    _uploads().describe(current_actor(), draft_id, _wish())
    return make_response("", 204)


@blueprint.post("/drafts/<draft_id>/deposits")
def deposit(draft_id: str) -> Response:
    """Confirm: 201 and where to look at what was made, 200 when it had been made before."""
    made = _uploads().confirm(current_actor(), draft_id, _wish())
    address = after(made.deposits)
    status = 200 if made.replayed else 201
    return make_response(jsonify(location=address, deposits=list(made.deposits)), status)


@blueprint.delete("/drafts/<draft_id>")
def discard(draft_id: str) -> Response:
    """Forget a draft with everything in it."""
    _uploads().discard(current_actor(), draft_id)
    return make_response("", 204)


def after(deposits: tuple[str, ...]) -> str:
    """The page to show after a confirmation: the one item, or the list."""
    if len(deposits) == 1:
        return url_for("deposits.show", deposit_id=deposits[0])
    return url_for("deposits.listing")


def _uploads() -> UploadService:
    return services().uploads


def _progress(upload: Upload, status: int) -> Response:
    answer = make_response("", status)
    answer.headers["Upload-Offset"] = str(upload.offset)
    expires = _uploads().expires_at(upload, touched=status != 200)
    answer.headers["Upload-Expires"] = format_datetime(expires.astimezone(UTC), usegmt=True)
    return answer


def _body() -> Body:
    return Body(_read, request.content_length, _checksum())


def _read(count: int) -> bytes:
    """Bytes of the request; none when the connection broke, so that what came before is kept."""
    try:
        return request.stream.read(count)
    except (ClientDisconnected, OSError):
        return b""


def _checksum() -> tuple[str, bytes] | None:
    """``Upload-Checksum: sha256 <base64>``."""
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return None
    name, _, value = header.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _bad_header("Upload-Checksum") from error
    if name not in _CHECKSUMS:
        raise _bad_header("Upload-Checksum")
    return name, digest


def _metadata(header: str) -> dict[str, str]:
    """``name base64,name base64``: values as text."""
    if len(header) > _MAX_METADATA:
        raise _bad_header("Upload-Metadata")
    found: dict[str, str] = {}
    for part in header.split(",") if header else ():
        name, _, value = part.strip().partition(" ")
        try:
            text = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise _bad_header("Upload-Metadata") from error
        if name in found:
            raise _bad_header("Upload-Metadata")
        found[name] = text
    return found


def _digests(given: Mapping[str, Any]) -> tuple[Digest, ...]:
    return tuple(
        digest_from(name, str(given[name]), "sha256")
        for name in ("sha256", "sm3")
        if given.get(name)
    )


def _number(header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 16):
        raise _bad_header(header)
    return int(text)


def _whole(value: object) -> int:
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdecimal() and len(text) <= 16):
        raise BadInput("number", "A whole number is missing or wrong.", field="size")
    return int(text)


def _json() -> dict[str, Any]:
    given = request.get_json(silent=True)
    if not isinstance(given, dict):
        raise BadInput("json_object", "The JSON must be an object.")
    return given


def _wish() -> Wish:
    given = _json()
    wish = wish_from(given.get("grouping"), given.get("title"), given.get("note"))
    return replace(wish, signing=cosignings_from(given.get("signing"), given.get("sign_with")))


def wish_from(grouping: object, title: object, note: object) -> Wish:
    """What was typed; line ends as LF. Raises BadInput for a grouping that is none."""
    if not isinstance(grouping, str) or grouping not in set(Grouping):
        message = "Choose whether the files make one deposit each, or one together."
        raise BadInput("grouping", message, field="grouping")
    said = str(note or "").replace("\r\n", "\n").strip()
    return Wish(Grouping(grouping), str(title or "").strip(), said)


def _check_version() -> None:
    if request.headers.get("Tus-Resumable") != _VERSION:
        message = "This server speaks version 1.0.0 of the tus protocol."
        raise BadInput("tus_version", message, field="Tus-Resumable")


def _wrong_type() -> BadInput:
    message = "Pieces of an upload are sent as application/offset+octet-stream."
    return BadInput("tus_type", message, field="Content-Type")


def _bad_header(name: str) -> BadInput:
    message = "The header %(name)s is missing or not as the protocol writes it."
    return BadInput("header", message, field=name, name=name)
