"""Signing in, out, registering, changing the password; what the custody log says of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from portal.accounts.models import User
from portal.accounts.service import find_user
from portal.app import create_app
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.audit.service import entries_for, latest, record, verify_chain
from portal.services import Services
from tests.portal.client import PASSWORD, PortalClient
from tests.portal.conftest import MakeSettings, MakeUser

Login = Callable[[User], PortalClient]


def _actions(services: Services, user: User) -> list[str]:
    with services.database.reading() as session:
        return [entry.action for entry in entries_for(session, f"user:{user.id}")]


def _last(services: Services) -> AuditEntry:
    with services.database.reading() as session:
        assert verify_chain(session).ok
        return latest(session, 1)[0]


def test_a_visit_leaves_its_entries(services: Services, login: Login, user: User) -> None:
    client = login(user)
    assert client.get("/account").status_code == 200
    entry = _last(services)
    assert (entry.actor_id, entry.actor_name, entry.address) == (user.id, "张伟", "127.0.0.1")
    assert (entry.roles, entry.via) == ("depositor", "web")
    assert client.submit("/signout", page="/account/password").status_code == 302
    assert client.get("/account").status_code == 303
    expected = ["account.created", "account.signed_in", "account.signed_out"]
    assert _actions(services, user) == expected


def test_a_wrong_password_and_an_unknown_account_read_the_same(
    client: PortalClient, services: Services, user: User
) -> None:
    token = re.compile(r'value="[^"]*"')
    pages = []
    for email, password in (
        (user.email, "wrong password"),
        ("nobody@example.com", PASSWORD),
        ("no address", PASSWORD),
        (user.email, ""),
    ):
        answer = client.sign_in(email, password)
        assert answer.status_code == 200
        pages.append(token.sub("", answer.text))
    assert len(set(pages)) == 1
    assert client.get("/account").status_code == 303
    refused = _last(services)
    assert refused.action == "account.sign_in_failed"
    assert "wrong password" not in refused.detail
    assert _actions(services, user).count("account.sign_in_failed") >= 1


def test_what_was_typed_into_the_wrong_field_is_not_kept(
    client: PortalClient, services: Services
) -> None:
    client.sign_in("my-secret-password@example.com", "x")
    entry = _last(services)
    text = " ".join(str(getattr(entry, name)) for name in ("detail", "subject", "actor_name"))
    assert "secret" not in text


def test_a_closed_account_cannot_sign_in(
    client: PortalClient, services: Services, user: User
) -> None:
    with services.database.transaction() as session:
        found = session.get(User, user.id)
        assert found is not None
        found.active = False
    assert client.sign_in(user.email).status_code == 200
    assert client.get("/account").status_code == 303


def test_closing_an_account_ends_its_sessions(login: Login, services: Services, user: User) -> None:
    client = login(user)
    with services.database.transaction() as session:
        found = session.get(User, user.id)
        assert found is not None
        found.active = False
    assert client.get("/account").status_code == 303


def test_capitals_in_the_address_do_not_matter(client: PortalClient, make_user: MakeUser) -> None:
    make_user(email="Zhang.Wei@Example.com")
    assert client.sign_in("zhang.WEI@example.COM").status_code == 302


def test_signing_in_begins_a_new_session(client: PortalClient, user: User) -> None:
    """A session planted before signing in (fixation) is worth nothing afterwards."""
    client.get("/signin")
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
        before = dict(session)
    client.sign_in(user.email)
    with client.session_transaction() as session:
        assert session["sid"]
        assert session["csrf_token"] != before["csrf_token"] if "csrf_token" in session else True
        assert "planted" not in session
        assert session.permanent


def test_each_sign_in_has_its_own_session_id(login: Login, user: User) -> None:
    ids = []
    for _ in range(2):
        with login(user).session_transaction() as session:
            ids.append(session["sid"])
    assert ids[0] != ids[1]


def test_many_sign_in_while_others_write(
    services: Services, make_user: MakeUser, new_client: Callable[[], PortalClient]
) -> None:
    """On SQLite a transaction that reads first and writes later would be refused at once."""
    users = [make_user() for _ in range(6)]

    def sign_in(user: User) -> int:
        return new_client().sign_in(user.email).status_code

    def write(_: int) -> int:
        with services.database.transaction() as session:
            record(session, Actor.process("worker"), "x", "y")
        return 302

    with ThreadPoolExecutor(6) as pool:
        done = [pool.submit(sign_in, user) for user in users * 3]
        done += [pool.submit(write, number) for number in range(60)]
        assert {each.result() for each in done} == {302}
    with services.database.reading() as session:
        assert verify_chain(session).ok


def test_a_forged_session_is_nobody(client: PortalClient, user: User) -> None:
    client.set_cookie("notary", "eyJfdXNlcl9pZCI6IjEifQ.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb")
    assert client.get("/account").status_code == 303


def test_the_cookie_is_guarded(client: PortalClient) -> None:
    cookie = client.get("/signin").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(
    make_settings: MakeSettings, services: Services
) -> None:
    app = create_app(make_settings(base_url="https://notary.example"), services)
    cookie = app.test_client().get("/signin").headers["Set-Cookie"]
    assert cookie.startswith("__Host-notary=")
    assert "Secure" in cookie


def test_guessing_is_slowed_and_logged_for_the_address_and_the_account(
    make_settings: MakeSettings, services: Services, user: User
) -> None:
    app = create_app(make_settings(sign_in_rate_limit="3 per minute"), services)
    app.test_client_class = PortalClient
    client = app.test_client()
    for _ in range(3):
        assert client.sign_in(user.email, "wrong").status_code == 200
    answer = client.sign_in(user.email)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    other = client.post("/signin", data={"email": user.email}, environ_base=elsewhere)
    assert other.status_code == 429, "the account is slowed from every address"
    assert _actions(services, user).count("account.sign_in_failed") == 3


class TestPassword:
    NEW = "another long sentence"

    def _change(self, client: PortalClient, old: str, new: str) -> int:
        form = {"password": old, "new_password": new, "new_password_confirm": new}
        return client.submit("/account/password", form).status_code

    def test_changing_it_signs_out_everywhere_else(
        self, login: Login, services: Services, user: User
    ) -> None:
        here, there = login(user), login(user)
        assert self._change(here, PASSWORD, self.NEW) == 302
        assert here.get("/account").status_code == 200
        assert there.get("/account").status_code == 303
        assert there.sign_in(user.email, PASSWORD).status_code == 200
        assert there.sign_in(user.email, self.NEW).status_code == 302
        assert "account.password_changed" in _actions(services, user)

    @pytest.mark.parametrize(
        ("old", "new"), [("wrong", NEW), (PASSWORD, "short"), (PASSWORD, PASSWORD)]
    )
    def test_refusals_change_nothing(
        self, login: Login, client: PortalClient, user: User, old: str, new: str
    ) -> None:
        assert self._change(login(user), old, new) == 200
        assert client.sign_in(user.email, PASSWORD).status_code == 302

    def test_a_one_time_password_opens_only_the_page_that_changes_it(
        self, app: Flask, make_user: MakeUser, login: Login, make_key: Callable[[User], str]
    ) -> None:
        app.add_url_rule("/api/probe", "probe", lambda: {"ok": True})
        user = make_user("administrator", must_change_password=True)
        client = login(user)
        for page in ("/", "/account", "/audit", "/account/keys"):
            answer = client.get(page)
            assert answer.status_code == 303, page
            assert answer.headers["Location"] == "/account/password"
        key = client.bearer(make_key(user))
        answer = client.get("/api/probe", headers=key)
        assert answer.status_code == 403
        assert answer.json["error"]["code"] == "password_change_required"
        assert self._change(client, PASSWORD, self.NEW) == 302
        assert client.get("/audit").status_code == 200
        assert client.get("/api/probe", headers=key).status_code == 200


class TestLanguage:
    def test_the_browser_is_heard(self, client: PortalClient) -> None:
        english = client.get("/signin", headers={"Accept-Language": "en-GB,en;q=0.9"}).text
        chinese = client.get("/signin", headers={"Accept-Language": "zh-CN,zh;q=0.9"}).text
        assert '<html lang="en"' in english
        assert '<html lang="zh-CN"' in chinese

    def test_a_choice_outlasts_the_browsers_wish(self, client: PortalClient) -> None:
        answer = client.submit("/language", {"locale": "en", "next": "/register"}, page="/signin")
        assert answer.headers["Location"] == "/register"
        page = client.get("/signin", headers={"Accept-Language": "zh"}).text
        assert '<html lang="en"' in page

    def test_a_persons_choice_follows_them(
        self, login: Login, services: Services, user: User, new_client: Callable[[], PortalClient]
    ) -> None:
        login(user).submit("/language", {"locale": "en"}, page="/account/password")
        found = find_user(services.database, user.email)
        assert found is not None
        assert found.locale == "en"
        elsewhere = new_client()
        elsewhere.sign_in(user.email)
        page = elsewhere.get("/account", headers={"Accept-Language": "zh"}).text
        assert '<html lang="en"' in page

    def test_an_unknown_language_changes_nothing(self, client: PortalClient) -> None:
        client.submit("/language", {"locale": "xx"}, page="/signin")
        assert client.get("/signin", headers={"Accept-Language": "en"}).status_code == 200
