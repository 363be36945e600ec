"""Sensitive pages: fresh proof of who it is, by a second factor where the role asks for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask

from portal.accounts.fresh import fresh_required
from portal.accounts.models import User
from portal.security import roles_required
from portal.services import Services
from tests.portal.accounts.conftest import EnableApp, code_of
from tests.portal.client import PASSWORD, PortalClient
from tests.portal.conftest import MakeKey, MakeUser

Login = Callable[[User], PortalClient]


@pytest.fixture
def app(app: Flask) -> Flask:
    """With a sensitive page, a form on it, and an endpoint."""

    @fresh_required
    def page() -> str:
        return "sensitive"

    @roles_required("operator")
    @fresh_required
    def guarded() -> str:
        return "sensitive"

    app.add_url_rule("/sensitive", "sensitive", page, methods=["GET", "POST"])
    app.add_url_rule("/guarded", "guarded", guarded)
    app.add_url_rule("/api/sensitive", "api-sensitive", page)
    return app


def _later(minutes: int) -> time_machine.travel:
    return time_machine.travel(datetime.now(UTC) + timedelta(minutes=minutes), tick=False)


def test_after_signing_in_it_opens(login: Login, user: User) -> None:
    assert login(user).get("/sensitive").text == "sensitive"


def test_later_it_asks_for_the_password_again(login: Login, user: User) -> None:
    client = login(user)
    with _later(16):
        asked = client.get("/sensitive?a=1")
        assert asked.status_code == 303
        assert asked.headers["Location"] == "/account/verify?next=/sensitive?a%3D1"
        target = asked.headers["Location"]
        wrong = client.submit("/account/verify", {"password": "wrong"}, page=target)
        assert wrong.status_code == 422
        assert client.get("/sensitive").status_code == 303
        form = {"password": PASSWORD, "next": "/sensitive?a=1"}
        done = client.submit("/account/verify", form, page=target)
        assert done.headers["Location"] == "/sensitive?a=1"
        assert client.get("/sensitive").text == "sensitive"


def test_a_role_asks_for_a_second_factor(
    login: Login, login_strong: Login, make_user: MakeUser
) -> None:
    user = make_user("operator")
    client = login(user)
    asked = client.get("/guarded", headers={"Accept-Language": "en"})
    assert asked.status_code == 303
    page = client.get(asked.headers["Location"], headers={"Accept-Language": "en"}).text
    assert "A second factor is needed here" in page
    assert "/account/authenticator" in page
    assert client.get("/account/authenticator").status_code == 200, "where it is set up"
    assert login_strong(user).get("/guarded").text == "sensitive"


def test_setting_an_app_up_is_proof_enough(
    login: Login, make_user: MakeUser, services: Services
) -> None:
    user = make_user("notary")
    client = login(user)
    assert client.get("/sensitive").status_code == 303
    client.get("/account/authenticator")
    secret = services.accounts.factors.begin_app(user.id)
    assert client.submit("/account/authenticator", {"code": code_of(secret)}).status_code == 201
    assert client.get("/sensitive").text == "sensitive"


def test_the_wrong_role_is_told_so_first(login: Login, user: User) -> None:
    assert login(user).get("/guarded").status_code == 403


def test_with_a_factor_the_password_is_not_enough(
    login: Login, user: User, enable_app: EnableApp
) -> None:
    client = login(user)
    secret = enable_app(user)
    assert client.get("/sensitive").status_code == 303
    assert client.submit("/account/verify", {"password": PASSWORD}).status_code == 200
    assert client.get("/sensitive").status_code == 303
    assert client.submit("/account/verify", {"code": code_of(secret)}).status_code == 303
    assert client.get("/sensitive").text == "sensitive"


def test_a_form_is_sent_again_from_its_page(login: Login, user: User) -> None:
    client = login(user)
    with _later(16):
        token = client.token("/account/password")
        headers = {"Referer": "http://localhost/account/keys?x=1", "X-CSRFToken": token}
        asked = client.post("/sensitive", headers=headers)
        assert asked.headers["Location"] == "/account/verify?next=/account/keys?x%3D1"
        fragment = {"HX-Request": "true", "HX-Current-URL": "http://localhost/deposits"}
        answer = client.post("/sensitive", headers=headers | fragment)
        assert answer.status_code == 401
        assert answer.headers["HX-Redirect"] == "/account/verify?next=/deposits"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_next_leads_nowhere_else(login: Login, user: User, target: str) -> None:
    client = login(user)
    for form in ({"password": PASSWORD, "next": target}, {"password": PASSWORD}):
        token = client.token("/account/verify")
        answer = client.post(
            "/account/verify", query_string={"next": target}, data=form | {"csrf_token": token}
        )
        assert answer.headers["Location"] == "/account"


def test_a_key_is_no_person(client: PortalClient, user: User, make_key: MakeKey) -> None:
    answer = client.get("/api/sensitive", headers=client.bearer(make_key(user)))
    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "fresh_proof_required"


def test_roles_can_be_let_off(login: Login, make_user: MakeUser, services: Services) -> None:
    changed = services.settings.model_copy(update={"second_factor_roles": ""})
    object.__setattr__(services, "settings", changed)
    assert login(make_user("operator")).get("/guarded").text == "sensitive"
