"""One shape of errors for programs, helpful pages for people, and never a stack trace."""

from __future__ import annotations

import errno
from collections.abc import Callable
from io import StringIO

import pytest
from flask import Flask, abort, request
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from chain_adapter import Retryable
from portal import problems
from portal.accounts.models import User
from portal.storage import Missing, VaultUnavailable
from tests.portal.client import PortalClient

STATUSES = [400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 414, 415, 416, 422, 429, 431, 500]
STATUSES += [501, 503]


def _raise(error: BaseException) -> Callable[[], str]:
    def view() -> str:
        raise error

    return view


def _serve(app: Flask, view: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """The same view as a page and below /api/, both public for this test."""
    public = frozenset({"probe_page", "probe_api"})
    monkeypatch.setattr("portal.security.PUBLIC_ENDPOINTS", public)
    app.add_url_rule("/probe", "probe_page", view, methods=["GET", "POST"])
    app.add_url_rule("/api/probe", "probe_api", view, methods=["GET", "POST"])


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_has_the_shape(
    app: Flask, client: PortalClient, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    _serve(app, lambda: abort(status), monkeypatch)
    answer = client.get("/api/probe")
    assert answer.status_code == status
    assert answer.content_type == "application/json"
    assert set(answer.json) == {"error"}
    error = answer.json["error"]
    assert set(error) == {"code", "message", "field", "request_id"}
    assert error["code"]
    assert error["message"]
    assert error["request_id"] == answer.headers["X-Request-ID"]
    page = client.get("/probe", headers={"Accept-Language": "en"})
    assert page.status_code == status
    assert page.content_type.startswith("text/html")
    assert page.headers["X-Request-ID"] in page.text


@pytest.mark.parametrize(
    "kind",
    [
        problems.Unauthenticated,
        problems.Forbidden,
        problems.NotFound,
        problems.Conflict,
        problems.TooLarge,
        problems.BadInput,
        problems.RateLimited,
        problems.Unavailable,
    ],
)
def test_what_services_raise(
    app: Flask,
    client: PortalClient,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[problems.PortalError],
) -> None:
    error = kind("a_code", "At most %(most)s <b>things</b>.", field="things", most=3)
    _serve(app, _raise(error), monkeypatch)
    answer = client.get("/api/probe")
    assert answer.status_code == kind.status
    said = answer.json["error"]
    assert said["code"] == "a_code"
    assert said["field"] == "things"
    assert said["message"] == "At most 3 <b>things</b>." == str(error)
    page = client.get("/probe").text
    assert "At most 3 &lt;b&gt;things&lt;/b&gt;." in page


def test_percent_signs_in_a_message_without_places(
    app: Flask, client: PortalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _serve(app, _raise(problems.BadInput("x", "100% certain")), monkeypatch)
    assert client.get("/api/probe").json["error"]["message"] == "100% certain"


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OperationalError("SELECT 1", {}, Exception("database is locked")), 503, "database_busy"),
        (IntegrityError("INSERT", {}, Exception("secret row")), 409, "conflict"),
        (Retryable("the ledger is locked"), 503, "ledger_unavailable"),
        (VaultUnavailable("/var/secret is away"), 503, "vault_unavailable"),
        (Missing("secret key"), 503, "vault"),
        (OSError(errno.ENOSPC, "No space left on device"), 503, "storage_full"),
        (OSError(errno.EACCES, "/var/secret/path"), 500, "internal"),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates"), 422, "unstorable"),
        (RecursionError(), 500, "internal"),
        (RuntimeError("secret detail"), 500, "internal"),
        (ZeroDivisionError(), 500, "internal"),
    ],
)
def test_faults_are_answered_without_a_trace(
    app: Flask,
    client: PortalClient,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
    code: str,
) -> None:
    _serve(app, _raise(error), monkeypatch)
    answer = client.get("/api/probe")
    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)
    for text in (answer.text, client.get("/probe").text):
        assert "Traceback" not in text
        assert "secret" not in text
        assert ".py" not in text
    if status == 503:
        assert answer.headers["Retry-After"]


def test_a_fault_is_logged_under_its_request_without_variables(
    app: Flask,
    client: PortalClient,
    monkeypatch: pytest.MonkeyPatch,
    logged: StringIO,
) -> None:
    def view() -> str:
        password = "hunter2-in-a-variable"
        raise RuntimeError(len(password))

    _serve(app, view, monkeypatch)
    answer = client.get("/api/probe?token=query-string-secret", headers={"Cookie": "a=cookie"})
    lines = logged.getvalue()
    assert answer.json["error"]["request_id"] in lines
    assert "RuntimeError" in lines
    for secret in ("hunter2", "query-string-secret", app.config["SECRET_KEY"]):
        assert secret not in lines


@pytest.mark.parametrize("depth", [10, 100_000])
def test_json_of_any_depth(
    app: Flask, client: PortalClient, monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    _serve(app, lambda: {"ok": bool(request.get_json())}, monkeypatch)
    body = "[" * depth + "1" + "]" * depth
    answer = client.post("/api/probe", data=body, content_type="application/json")
    assert answer.status_code == (200 if depth == 10 else 400)
    if depth > 10:
        assert answer.json["error"]["code"] in ("json_too_deep", "bad_request")


def test_json_over_the_limit(
    app: Flask, client: PortalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _serve(app, lambda: {"ok": bool(request.get_json())}, monkeypatch)
    body = '"' + "x" * 5 * 1024 * 1024 + '"'
    answer = client.post("/api/probe", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["error"]["code"]) == (413, "too_large")


def test_a_page_that_takes_words_takes_no_file(client: PortalClient) -> None:
    token = client.token()
    form = {"csrf_token": token, "email": "x" * 300_000}
    assert client.post("/signin", data=form).status_code == 413


def test_what_the_schemas_find_is_named(
    app: Flask, client: PortalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def view() -> str:
        error = HTTPException()
        error.code = 422
        error.data = {"messages": {"json": {"items": {3: {"sha256": ["Not a digest."]}}}}}
        raise error

    _serve(app, view, monkeypatch)
    said = client.get("/api/probe").json["error"]
    assert (said["code"], said["field"]) == ("invalid", "items.3.sha256")
    assert said["message"] == "Not a digest."


def test_unknown_addresses_and_methods(client: PortalClient) -> None:
    assert client.get("/api/v1/nowhere").json["error"]["code"] == "not_found"
    assert client.get("/nowhere").status_code == 404
    answer = client.delete("/signin")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a_nul_in_the_address(client: PortalClient) -> None:
    assert client.get("/signin?next=%00").status_code == 400


def test_programs_get_english_unless_they_ask(app: Flask, client: PortalClient, user: User) -> None:
    plain = client.get("/api/v1/nowhere").json["error"]["message"]
    asked = client.get("/api/v1/nowhere", headers={"Accept-Language": "zh"}).json["error"]
    assert plain.isascii()
    assert asked["message"] != ""


def test_an_error_page_whose_frame_fails_is_a_bare_one_and_at_last_plain_text(
    app: Flask, client: PortalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _serve(app, _raise(problems.BadInput("x", "<script>alert(1)</script>")), monkeypatch)
    monkeypatch.setattr("portal.errors.render_template", _fail)
    bare = client.get("/probe")
    assert (bare.status_code, bare.mimetype) == (422, "text/html")
    assert "<script>alert" not in bare.text
    assert "&lt;script&gt;alert(1)" in bare.text
    monkeypatch.setattr("portal.errors._bare", _fail)
    answer = client.get("/probe")
    assert (answer.status_code, answer.mimetype) == (422, "text/plain")


def _fail(*_: object, **__: object) -> str:
    raise RuntimeError
