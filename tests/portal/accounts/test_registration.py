"""Registering, confirming the address, and what neither of them gives away."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
import time_machine
from flask import Flask

from portal.accounts.models import User
from portal.accounts.service import find_user
from portal.app import create_app
from portal.services import Services
from tests.portal.accounts.conftest import Mailbox
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeSettings, MakeUser

Actions = Callable[[User], list[str]]
EMAIL = "li.na@example.com"
PASSWORD = "a long sentence"
FORM: dict[str, str] = {
    "name": "李娜",
    "email": "Li.Na@example.com",
    "password": PASSWORD,
    "password_confirm": PASSWORD,
}
_CHANGING = re.compile(r'value="[^"]*"|/[0-9a-f-]{36}')


@pytest.fixture
def registered(client: PortalClient, services: Services) -> User:
    """Somebody who has registered and not yet confirmed."""
    answer = client.submit("/register", FORM)
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/register/sent"
    user = find_user(services.database, EMAIL)
    assert user is not None
    return user


def _token(mailbox: Mailbox) -> str:
    (path,) = [link for link in mailbox.links(EMAIL) if link.startswith("/confirm/")]
    return path


class TestConfirmation:
    def test_the_link_and_the_password_open_the_account(
        self,
        client: PortalClient,
        services: Services,
        registered: User,
        mailbox: Mailbox,
        actions: Actions,
    ) -> None:
        assert client.get("/account").status_code == 303
        link = _token(mailbox)
        assert EMAIL in client.get(link).text
        assert client.submit(link, {"password": PASSWORD}).status_code == 303
        assert "李娜" in client.get("/account").text
        user = find_user(services.database, EMAIL)
        assert user is not None
        assert user.confirmed_at is not None
        assert user.identity_level == "email-proven"
        assert user.role_names == {"depositor"}
        assert str(user.password).startswith("$argon2id$")
        expected = ["account.registered", "account.signed_in", "account.confirmed"]
        assert actions(user) == expected

    def test_opening_the_link_alone_changes_nothing(
        self, client: PortalClient, services: Services, registered: User, mailbox: Mailbox
    ) -> None:
        """Mail scanners open links, too."""
        assert client.get(_token(mailbox)).status_code == 200
        user = find_user(services.database, EMAIL)
        assert user is not None
        assert user.confirmed_at is None

    def test_before_it_nobody_signs_in_and_is_told_why(
        self, client: PortalClient, registered: User, new_client: Callable[[], PortalClient]
    ) -> None:
        english = {"Accept-Language": "en"}
        token = client.token()
        form = {"email": EMAIL, "password": PASSWORD, "csrf_token": token}
        answer = client.post("/signin", data=form, headers=english)
        assert answer.status_code == 200
        assert "Confirm your e-mail address first" in answer.text
        wrong = client.post("/signin", data=form | {"password": "wrong"}, headers=english)
        assert "E-mail or password is wrong" in wrong.text
        assert "Confirm your e-mail" not in wrong.text
        assert client.get("/account").status_code == 303

    def test_a_squatters_password_opens_nothing_for_the_owner_of_the_address(
        self, client: PortalClient, services: Services, registered: User, mailbox: Mailbox
    ) -> None:
        """Somebody registers with another's address and waits for them to confirm it."""
        link = _token(mailbox)
        answer = client.submit(link, {"password": "what the owner would guess"})
        assert answer.status_code == 422
        user = find_user(services.database, EMAIL)
        assert user is not None
        assert user.confirmed_at is None
        # The owner chooses a password of their own by the same mailbox: the squatter's is gone.
        client.submit("/forgotten", {"email": EMAIL})
        (reset,) = [each for each in mailbox.links(EMAIL) if each.startswith("/forgotten/")]
        mine = {"password": "the owner's sentence", "password_confirm": "the owner's sentence"}
        assert client.submit(reset, mine).status_code == 302
        assert client.sign_in(EMAIL, PASSWORD).status_code == 200
        assert client.sign_in(EMAIL, "the owner's sentence").status_code == 302

    def test_the_link_of_another_confirms_the_other_only(
        self,
        client: PortalClient,
        services: Services,
        registered: User,
        mailbox: Mailbox,
        new_client: Callable[[], PortalClient],
    ) -> None:
        link = _token(mailbox)
        other = new_client()
        other.submit("/register", FORM | {"email": "b@example.com"})
        theirs = next(iter(mailbox.links("b@example.com")))
        mixed = link[:-4] + theirs[-4:]
        assert client.get(mixed).status_code == 302
        client.submit(link, {"password": PASSWORD})
        b = find_user(services.database, "b@example.com")
        assert b is not None
        assert b.confirmed_at is None

    def test_used_old_and_invented_links_lead_to_a_new_one(
        self,
        client: PortalClient,
        registered: User,
        mailbox: Mailbox,
        new_client: Callable[[], PortalClient],
    ) -> None:
        link = _token(mailbox)
        invented = client.get("/confirm/invented")
        assert invented.headers["Location"] == "/confirm"
        with time_machine.travel(datetime.now(UTC) + timedelta(hours=49)):
            assert client.get(link).headers["Location"] == "/confirm"
        client.submit(link, {"password": PASSWORD})
        again = new_client().get(link)
        assert again.headers["Location"] == "/signin"

    def test_the_link_is_sent_again(
        self, client: PortalClient, registered: User, mailbox: Mailbox
    ) -> None:
        assert client.submit("/confirm", {"email": EMAIL}).status_code == 200
        assert len(mailbox.mails(EMAIL)) == 2
        assert client.submit(_token(mailbox), {"password": PASSWORD}).status_code == 303

    def test_mails_name_our_address_whatever_the_request_says(
        self, client: PortalClient, mailbox: Mailbox
    ) -> None:
        token = client.token("/register")
        evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
        client.post("/register", data=FORM | {"csrf_token": token}, headers=evil)
        client.submit("/register", FORM)
        for mail in mailbox.mails():
            assert "evil.example" not in str(mail.get_content())
            assert "http://127.0.0.1:8000/" in str(mail.get_content())


class TestNothingIsGivenAway:
    def _shown(self, client: PortalClient, path: str, form: dict[str, str]) -> tuple[int, str]:
        token = client.token(path)
        answer = client.post(path, data=form | {"csrf_token": token}, follow_redirects=True)
        page = _CHANGING.sub("", answer.text)
        return answer.status_code, page.replace(form["email"], "E")

    @pytest.mark.parametrize("path", ["/register", "/forgotten", "/confirm"])
    def test_taken_and_free_addresses_read_the_same(
        self, new_client: Callable[[], PortalClient], make_user: MakeUser, path: str
    ) -> None:
        make_user(email="taken@example.com")
        shown = {
            self._shown(new_client(), path, FORM | {"email": email})
            for email in ("taken@example.com", "free1@example.com")
        }
        assert len(shown) == 1
        assert shown.pop()[0] == 200

    def test_the_owner_of_a_taken_address_is_told(
        self,
        client: PortalClient,
        services: Services,
        make_user: MakeUser,
        mailbox: Mailbox,
        actions: Actions,
    ) -> None:
        user = make_user(email=EMAIL)
        client.submit("/register", FORM)
        assert any(link.startswith("/forgotten/") for link in mailbox.links(EMAIL))
        found = find_user(services.database, EMAIL)
        assert found is not None
        assert found.password == user.password
        assert actions(user) == ["account.created"]

    def test_nothing_is_sent_to_strangers(self, client: PortalClient, mailbox: Mailbox) -> None:
        client.submit("/forgotten", {"email": "nobody@example.com"})
        client.submit("/confirm", {"email": "nobody@example.com"})
        assert mailbox.mails() == []

    def test_a_closed_account_gets_no_link(
        self, client: PortalClient, services: Services, user: User, mailbox: Mailbox
    ) -> None:
        with services.database.transaction() as session:
            session.get_one(User, user.id).active = False
        client.submit("/forgotten", {"email": user.email})
        assert mailbox.mails() == []


class TestInput:
    CASES: ClassVar = [
        ("password", "short", "at least 10 characters"),
        ("password_confirm", "another one entirely", "The two passwords differ."),
        ("email", "no address", "This is not an e-mail address."),
        ("email", "a@example.com\r\nBcc: b@example.com", "This is not an e-mail address."),
        ("name", " ", "Please give your name."),
        ("name", "a\x1bb", "no control characters"),
        ("name", "x" * 101, "100"),
    ]

    @pytest.mark.parametrize(("field", "value", "sentence"), CASES)
    def test_bad_input_is_named(
        self, client: PortalClient, services: Services, field: str, value: str, sentence: str
    ) -> None:
        form = FORM | {field: value, "csrf_token": client.token("/register")}
        answer = client.post("/register", data=form, headers={"Accept-Language": "en"})
        assert answer.status_code == 200
        assert sentence in answer.text
        assert find_user(services.database, EMAIL) is None

    def test_roles_cannot_be_asked_for(self, client: PortalClient, services: Services) -> None:
        more = {"roles": "administrator", "active": "1", "confirmed_at": "2020-01-01"}
        client.submit("/register", FORM | more)
        user = find_user(services.database, EMAIL)
        assert user is not None
        assert user.role_names == {"depositor"}
        assert user.confirmed_at is None

    def test_markup_in_a_name_stays_text(self, client: PortalClient, mailbox: Mailbox) -> None:
        name = "<script>alert(1)</script>"
        client.submit("/register", FORM | {"name": name})
        client.submit(_token(mailbox), {"password": PASSWORD})
        page = client.get("/account").text
        assert name not in page
        assert "&lt;script&gt;" in page

    @pytest.mark.parametrize("next_page", ["https://evil.example/", "//evil.example", "/\\evil"])
    def test_next_leads_nowhere_else(
        self, client: PortalClient, next_page: str, mailbox: Mailbox
    ) -> None:
        token = client.token("/register")
        form = FORM | {"csrf_token": token, "next": next_page}
        answer = client.post("/register", query_string={"next": next_page}, data=form)
        assert answer.headers["Location"] == "/register/sent"
        done = client.submit(_token(mailbox), {"password": PASSWORD, "next": next_page})
        assert done.headers["Location"] == "/"


class TestWithoutConfirmation:
    @pytest.fixture
    def open_client(self, make_settings: MakeSettings, services: Services) -> PortalClient:
        app = create_app(make_settings(confirm_email=False), services)
        app.test_client_class = PortalClient
        object.__setattr__(services, "settings", make_settings(confirm_email=False))
        return app.test_client()  # type: ignore[return-value]

    def test_a_new_person_is_signed_in(
        self, open_client: PortalClient, services: Services, actions: Actions
    ) -> None:
        assert open_client.submit("/register", FORM).status_code == 302
        assert "李娜" in open_client.get("/account").text
        user = find_user(services.database, EMAIL)
        assert user is not None
        assert user.identity_level == "self-declared"
        assert actions(user) == ["account.registered"]

    def test_a_taken_address_is_said(self, open_client: PortalClient, make_user: MakeUser) -> None:
        make_user(email=EMAIL)
        form = FORM | {"csrf_token": open_client.token("/register")}
        answer = open_client.post("/register", data=form, headers={"Accept-Language": "en"})
        assert "has an account: sign in with it" in answer.text


def test_registration_can_be_closed(make_settings: MakeSettings, services: Services) -> None:
    app: Flask = create_app(make_settings(registration_open=False), services)
    client = app.test_client()
    assert client.get("/register").status_code == 404
    assert 'href="/register"' not in client.get("/signin").text
