"""Rule 18: RFC 3161 over HTTP, against a real server on the loopback interface."""

from __future__ import annotations

import http.client
import io
import threading
from collections.abc import Iterator
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from tests.timestamping.authority.support import failure, parse, query, token_of
from timestamping.authority import (
    MAX_REQUEST,
    QUERY_TYPE,
    REPLY_TYPE,
    Authority,
    TsaApplication,
)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def server(authority: Authority) -> Iterator[tuple[str, int]]:
    with make_server("127.0.0.1", 0, TsaApplication(authority), handler_class=_Quiet) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield "127.0.0.1", running.server_port
        running.shutdown()
        thread.join()


def ask(
    server: tuple[str, int],
    body: bytes | None,
    *,
    method: str = "POST",
    media_type: str | None = QUERY_TYPE,
    **headers: str,
) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(*server, timeout=10)
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if media_type is not None:
        sent["Content-Type"] = media_type
    try:
        connection.request(method, "/", body, sent)
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


def test_rule_18_a_token(server: tuple[str, int]) -> None:
    response, body = ask(server, query(nonce=9))
    assert response.status == 200
    assert response.headers["Content-Type"] == REPLY_TYPE
    assert response.headers["Cache-Control"] == "no-store"
    assert int(response.headers["Content-Length"]) == len(body)
    token_of(body)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"garbage", "bad_data_format"),
        (b"", "bad_data_format"),
        (query(req_policy="1.2.3"), "unaccepted_policy"),
        (bytes(MAX_REQUEST), "bad_data_format"),
    ],
    ids=["garbage", "empty", "policy", "longest"],
)
def test_rule_18_a_rejection_is_200_too(server: tuple[str, int], body: bytes, reason: str) -> None:
    response, reply = ask(server, body)
    assert response.status == 200
    assert response.headers["Content-Type"] == REPLY_TYPE
    assert failure(reply) == reason


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_rule_18_405_for_other_methods(server: tuple[str, int], method: str) -> None:
    response, _ = ask(server, None, method=method)
    assert response.status == 405
    assert response.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    "media_type", [None, "", "text/plain", REPLY_TYPE, "application/timestamp-queryx"]
)
def test_rule_18_415_for_other_media_types(server: tuple[str, int], media_type: str | None) -> None:
    response, body = ask(server, query(), media_type=media_type)
    assert response.status == 415
    assert QUERY_TYPE in body.decode()


@pytest.mark.parametrize(
    "media_type", ["Application/Timestamp-Query", f"{QUERY_TYPE}; charset=binary"]
)
def test_rule_18_media_types_are_compared_as_such(server: tuple[str, int], media_type: str) -> None:
    response, body = ask(server, query(), media_type=media_type)
    assert response.status == 200
    token_of(body)


@pytest.mark.parametrize("length", [str(MAX_REQUEST + 1), "99999999999", "9" * 5000])
def test_rule_18_413_before_the_body_is_read(server: tuple[str, int], length: str) -> None:
    response, body = ask(server, None, Content_Length=length)
    assert response.status == 413
    assert str(MAX_REQUEST) in body.decode()


@pytest.mark.parametrize("length", ["-1", "12a", "²"])
def test_a_length_that_is_no_number(authority: Authority, length: str) -> None:
    status, _ = call(authority, io.BytesIO(query()), CONTENT_LENGTH=length)
    assert status == "400 Bad Request"


def test_a_body_of_unknown_length_is_read_only_where_its_end_is_marked(
    authority: Authority,
) -> None:
    status, reply = call(authority, io.BytesIO(query()))
    assert status == "200 OK"
    assert failure(reply) == "bad_data_format"

    marked = {"wsgi.input_terminated": True}
    status, reply = call(authority, io.BytesIO(query()), **marked)
    token_of(reply)
    status, _ = call(authority, io.BytesIO(bytes(MAX_REQUEST + 1)), **marked)
    assert status.startswith("413 ")


def test_no_more_than_the_length_said_is_read(authority: Authority) -> None:
    request = query()
    pipelined = io.BytesIO(request + b"POST / HTTP/1.1")
    _, reply = call(authority, pipelined, CONTENT_LENGTH=str(len(request)))
    assert parse(reply)["status"]["status"].native == "granted"
    assert pipelined.read() == b"POST / HTTP/1.1"


def call(authority: Authority, body: io.BytesIO, **environ: object) -> tuple[str, bytes]:
    """The application without a server, for what servers themselves would catch."""
    statuses: list[str] = []
    request = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": QUERY_TYPE,
        "wsgi.input": body,
        **environ,
    }
    parts = TsaApplication(authority)(request, lambda status, *_: statuses.append(status))  # type: ignore[arg-type, return-value]
    return statuses[0], b"".join(parts)
