"""RFC 3161 over HTTP (§3.4) as a small WSGI application.

Rule 18: whatever the body of a well-formed POST, the answer is 200 with
``application/timestamp-reply``, a rejection too. Otherwise 405 (method), 415 (media type), 413
(more than 64 KiB) or 400 (a Content-Length that is no number).
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from timestamping.authority.engine import Authority
from timestamping.authority.request import MAX_REQUEST

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

QUERY_TYPE: Final = "application/timestamp-query"
REPLY_TYPE: Final = "application/timestamp-reply"


class _Refused(Exception):
    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status


class TsaApplication:
    """Serves ``authority`` at whatever path it is mounted."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            body = _read_query(environ)
        except _Refused as refused:
            return _answer(start_response, refused.status, "text/plain", f"{refused}\n".encode())
        reply = self._authority.respond(body)
        return _answer(start_response, HTTPStatus.OK, REPLY_TYPE, reply)


def _read_query(environ: WSGIEnvironment) -> bytes:
    if environ["REQUEST_METHOD"] != "POST":
        raise _Refused(HTTPStatus.METHOD_NOT_ALLOWED, "a time-stamp query is sent by POST")
    media_type = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    if media_type != QUERY_TYPE:
        raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"the media type must be {QUERY_TYPE}")
    body: bytes = environ["wsgi.input"].read(_length_to_read(environ))
    if len(body) > MAX_REQUEST:
        raise _too_large()
    return body


def _length_to_read(environ: WSGIEnvironment) -> int:
    length = environ.get("CONTENT_LENGTH") or ""
    if not length:
        # Chunked: only a server that marks the end of the body lets us read without a length.
        return MAX_REQUEST + 1 if environ.get("wsgi.input_terminated") else 0
    if not (length.isascii() and length.isdigit()):
        raise _Refused(HTTPStatus.BAD_REQUEST, "Content-Length is not a number")
    # Told by its digits first: int() itself refuses a number that is thousands of digits long.
    if len(length.lstrip("0")) > len(str(MAX_REQUEST)) or int(length) > MAX_REQUEST:
        raise _too_large()
    return int(length)


def _too_large() -> _Refused:
    text = f"a time-stamp query has at most {MAX_REQUEST} bytes"
    return _Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, text)


def _answer(
    start_response: StartResponse, status: HTTPStatus, media_type: str, body: bytes
) -> Iterable[bytes]:
    headers = [
        ("Content-Type", media_type),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append(("Allow", "POST"))
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]
