"""Every endpoint refuses whoever is not named."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.routing import Rule

from portal.accounts.models import ROLES, User
from portal.security import CSRF_EXEMPT, PUBLIC_ENDPOINTS, PUBLIC_REASONS, safe_next
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser

_UNSAFE = ("POST", "PUT", "PATCH", "DELETE")


def _inside(location: str) -> bool:
    """Whether every browser stays on this site: one slash, then no slash in any spelling."""
    return location[:1] == "/" and location[1:2] not in ("/", "\\") and location.isprintable()


def _address(rule: Rule) -> str:
    """An address the rule matches: numbers for numbers, words for the rest."""
    return re.sub(r"<(int:)?[^>]*>", lambda part: "1" if part[1] else "x", rule.rule)


def _cases(app: Flask) -> list[tuple[str, str, str]]:
    return [
        (rule.endpoint, method, _address(rule))
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})
    ]


def test_every_endpoint_not_named_public_refuses_an_anonymous_visitor(
    app: Flask, client: PortalClient
) -> None:
    token = client.token()
    tried = 0
    for endpoint, method, address in _cases(app):
        if endpoint in PUBLIC_ENDPOINTS:
            continue
        answer = client.open(address, method=method, headers={"X-CSRFToken": token})
        where = f"{method} {address} ({endpoint})"
        if address.startswith("/api/"):
            assert answer.status_code == 401, where
            assert answer.json["error"]["code"] == "not_signed_in", where
        else:
            assert answer.status_code == 303, where
            assert answer.headers["Location"].startswith("/signin"), where
        tried += 1
    assert tried >= 6


def test_public_endpoints_exist_and_have_reasons(app: Flask) -> None:
    assert set(app.view_functions) >= PUBLIC_ENDPOINTS
    assert all(PUBLIC_REASONS.values())
    assert set(CSRF_EXEMPT) <= PUBLIC_ENDPOINTS


def test_every_endpoint_with_roles_refuses_every_other_role(
    app: Flask, make_user: MakeUser, login: Callable[[User], PortalClient]
) -> None:
    guarded = {
        endpoint: view.required_roles
        for endpoint, view in app.view_functions.items()
        if hasattr(view, "required_roles")
    }
    assert {"audit.log", "audit.verify", "observability.metrics"} <= set(guarded)
    for role in ROLES:
        client = login(make_user(role))
        token = client.token("/account/password")
        for endpoint, method, address in _cases(app):
            if endpoint not in guarded:
                continue
            answer = client.open(address, method=method, headers={"X-CSRFToken": token})
            refused = answer.status_code == 403
            assert refused == (role not in guarded[endpoint]), f"{role}: {method} {address}"


def test_every_changing_page_wants_our_token(app: Flask, login, user: User) -> None:  # type: ignore[no-untyped-def]
    client = login(user)
    for endpoint, method, address in _cases(app):
        if method in _UNSAFE and endpoint not in CSRF_EXEMPT:
            answer = client.open(address, method=method)
            assert answer.status_code == 400, f"{method} {address}"
            if address.startswith("/api/"):
                assert answer.json["error"]["code"] == "csrf"


def test_csrf_refusal_is_a_clear_sentence_and_changes_nothing(login, user: User) -> None:  # type: ignore[no-untyped-def]
    client = login(user)
    answer = client.post("/account/keys", data={"name": "x"}, headers={"Accept-Language": "en"})
    assert answer.status_code == 400
    assert "not sent from a current page of this portal, so nothing was done" in answer.text
    forged = client.post("/account/keys", data={"name": "x", "csrf_token": "forged"})
    assert forged.status_code == 400
    assert "nep_" not in client.get("/account/keys").text


def test_a_token_of_another_session_is_refused(login, user: User, client: PortalClient) -> None:  # type: ignore[no-untyped-def]
    stranger = client.token()
    answer = login(user).post("/signout", data={"csrf_token": stranger})
    assert answer.status_code == 400


def test_the_api_takes_a_sessions_token_from_the_header_only(app: Flask, login, user) -> None:  # type: ignore[no-untyped-def]
    app.add_url_rule("/api/probe", "probe", lambda: {"ok": True}, methods=["POST"])
    client = login(user)
    token = client.token("/account/password")
    assert client.post("/api/probe", data={"csrf_token": token}).status_code == 400
    assert client.post("/api/probe", headers={"X-CSRFToken": token}).status_code == 200


def test_a_key_needs_no_token(app: Flask, client: PortalClient, api_key: str) -> None:
    app.add_url_rule("/api/probe", "probe", lambda: {"ok": True}, methods=["POST"])
    assert client.post("/api/probe", headers=client.bearer(api_key)).status_code == 200


def test_a_polling_fragment_sends_the_page_to_sign_in(client: PortalClient) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/account?tab=1"}
    answer = client.get("/account/keys", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/signin?next=/account%3Ftab%3D1"
    answer = client.get("/account/keys", headers=headers | {"HX-Current-URL": "http://["})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/signin")


def test_a_page_that_names_no_address_is_none(client: PortalClient) -> None:
    answer = client.post("/signin", headers={"Referer": "http://a]b/"})
    assert answer.status_code == 400  # without our token
    assert "<h1" in answer.text


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "evil.example",
        "http:/evil.example",
        "",
    ],
)
def test_open_redirects_end_at_home(client: PortalClient, user: User, target: str) -> None:
    assert safe_next(target) == "/"
    by_form = client.submit(
        "/signin", {"email": user.email, "password": "correct horse 电池", "next": target}
    )
    assert by_form.status_code == 302
    assert _inside(by_form.headers["Location"])


def test_a_line_break_in_next_makes_no_header(client: PortalClient, user: User) -> None:
    assert safe_next("/ok\r\nSet-Cookie: a=b") == "/"
    answer = client.sign_in(user.email, next="/ok\r\nSet-Cookie: evil=1")
    assert "evil" not in "".join(answer.headers.getlist("Set-Cookie"))


def test_a_redirect_within_the_portal_is_followed(client: PortalClient, user: User) -> None:
    answer = client.get("/account/keys")
    assert answer.headers["Location"] == "/signin?next=/account/keys"
    page = client.get(answer.headers["Location"])
    assert 'value="/account/keys"' in page.text
    done = client.sign_in(user.email, next="/account/keys")
    assert done.headers["Location"] == "/account/keys"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_an_address_in_the_query_does_not_redirect_out(
    client: PortalClient, user: User, target: str
) -> None:
    token = client.token()
    answer = client.post(
        "/signin",
        query_string={"next": target},
        data={"email": user.email, "password": "correct horse 电池", "csrf_token": token},
    )
    assert answer.status_code == 302
    assert _inside(answer.headers["Location"])
