"""The operators' pages, and that nobody else sees or does any of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from portal.accounts.models import ROLES, User
from portal.app import create_app
from portal.audit.service import latest
from portal.deposits.models import Deposit
from portal.deposits.service import DepositService
from portal.jobs import Heartbeat
from portal.operators.service import OperatorService
from portal.services import Services
from portal.settings import Settings
from tests.functional.conftest import SilentStamper
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeSettings, MakeUser
from tests.portal.deposits.conftest import actor_of, put, run

Login = Callable[[User], PortalClient]
_PAGES = (
    "/operators",
    "/operators/live",
    "/operators/waiting",
    "/operators/settings",
    "/operators/organisations",
    "/operators/people",
    "/operators/announcements",
)


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    """No second factor here: what it guards is tried with the accounts."""
    return make_settings(second_factor_roles="")


@pytest.fixture
def english(login: Login) -> Login:
    def sign_in(user: User) -> PortalClient:
        browser = login(user)
        browser.submit("/language", {"locale": "en"}, page="/account/keys")
        return browser

    return sign_in


@pytest.fixture
def operator(make_user: MakeUser, english: Login) -> PortalClient:
    return english(make_user("operator"))


@pytest.fixture
def administrator(make_user: MakeUser) -> User:
    return make_user("administrator", name="管理员")


def test_every_page_refuses_everybody_else(
    make_user: MakeUser, login: Login, client: PortalClient
) -> None:
    for role in ROLES:
        browser = login(make_user(role))
        for page in _PAGES:
            allowed = role in ("operator", "administrator")
            assert browser.get(page).status_code == (200 if allowed else 403), f"{role} {page}"
    for page in _PAGES:
        assert client.get(page).status_code == 303


def test_every_act_refuses_everybody_else(
    app: Flask, make_user: MakeUser, login: Login, user: User
) -> None:
    acts = [
        rule.rule.replace("<user_id>", user.id).replace("<act>", "close")
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/operators") and "POST" in (rule.methods or ())
    ]
    assert len(acts) >= 7
    for role in set(ROLES) - {"operator", "administrator"}:
        browser = login(make_user(role))
        token = browser.token("/account/keys")
        for act in acts:
            answer = browser.post(act, headers={"X-CSRFToken": token})
            assert answer.status_code == 403, f"{role} {act}"
    operator = login(make_user("operator"))
    token = operator.token("/account/keys")
    for act in (f"/operators/people/{user.id}/roles", f"/operators/people/{user.id}/do/close"):
        assert operator.post(act, headers={"X-CSRFToken": token}).status_code == 403


class TestOverview:
    def test_of_an_empty_portal_says_what_to_do(self, operator: PortalClient) -> None:
        page = operator.get("/operators").text
        assert "Nothing waits" in page
        assert "start it with flask --app wsgi worker" in page
        assert "own root certificate" in page
        assert 'hx-get="/operators/live"' in page

    def test_shows_who_lives_and_what_was_asked(
        self, operator: PortalClient, services: Services
    ) -> None:
        Heartbeat(services.database)("webhooks")
        operator.submit("/operators/check", page="/operators")
        page = operator.get("/operators/live").text
        assert "2/2" in page
        assert "icon-good" in page
        assert services.ledger.id in page

    def test_what_waits_and_why_and_trying_again(
        self, services: Services, settings: Settings, make_user: MakeUser
    ) -> None:
        tools = dataclasses.replace(services.deposits.tools, stamper=SilentStamper())
        deposits = DepositService(tools)
        operators = OperatorService(
            tools, services.mail, services.webhooks, services.operators.people
        )
        silent = dataclasses.replace(
            services, deposits=deposits, stamper=tools.stamper, operators=operators
        )
        app = create_app(settings, silent)
        app.test_client_class = PortalClient
        browser = app.test_client()
        assert isinstance(browser, PortalClient)
        browser.sign_in(make_user("operator").email)
        browser.submit("/language", {"locale": "en"}, page="/account/keys")
        actor = actor_of(make_user())
        first = put(deposits, actor, title="<b>secret title</b>")
        put(deposits, actor)
        run(deposits)
        _let_wait(services, first.id, timedelta(hours=2))

        page = browser.get("/operators").text
        assert "The time-stamping authority cannot be reached." in page
        assert ">2</a>" in page
        assert "secret title" not in page
        rows = browser.get("/operators/waiting?step=received&reason=tsa-unavailable").text
        assert rows.index(first.number) < rows.index("Try again")
        assert "secret title" not in rows

        before = _waits(services, first.id)
        answer = browser.submit(
            f"/operators/waiting/{first.id}/retry",
            {"step": "received", "reason": "tsa-unavailable"},
            page="/operators/waiting",
        )
        assert answer.location == "/operators/waiting?step=received&reason=tsa-unavailable"
        assert _waits(services, first.id) < before
        answer = browser.submit("/operators/waiting/retry", {}, page="/operators")
        assert "Deposits tried again now: 2" in browser.get(answer.location).text
        with services.database.reading() as session:
            acts = [(each.action, each.subject) for each in latest(session, 2)]
        assert acts == [
            ("operator.retried", "deposits:"),
            ("operator.retried", f"deposit:{first.id}"),
        ]

    def test_a_made_up_step_or_deposit(self, operator: PortalClient) -> None:
        assert operator.get("/operators/waiting?step=issued").status_code == 422
        answer = operator.submit("/operators/waiting/none/retry", {}, page="/operators")
        assert answer.status_code == 404


def _let_wait(services: Services, deposit_id: str, age: timedelta) -> None:
    with services.database.transaction() as session:
        received = services.clock() - age
        later = services.clock() + timedelta(hours=1)
        session.execute(
            update(Deposit)
            .where(Deposit.id == deposit_id)
            .values(received_at=received, next_attempt_at=later)
        )


def _waits(services: Services, deposit_id: str):  # type: ignore[no-untyped-def]
    with services.database.reading() as session:
        row = session.get(Deposit, deposit_id)
        assert row is not None
        return row.next_attempt_at


class TestPeople:
    def test_are_found_by_parts_of_names(self, operator: PortalClient, make_user: MakeUser) -> None:
        make_user("notary", name="<script>alert(1)</script>", email="odd_name%@example.com")
        found = operator.get("/operators/people", query_string={"text": "ODD_NAME%"}).text
        assert "&lt;script&gt;" in found
        assert "<script>alert" not in found
        nothing = operator.get("/operators/people", query_string={"text": "oddXname"}).text
        assert "Nobody was found" in nothing
        clerks = operator.get("/operators/people", query_string={"role": "notary"}).text
        assert "odd_name%@example.com" in clerks

    def test_roles_are_given_with_a_custody_entry(
        self, administrator: User, english: Login, user: User, services: Services
    ) -> None:
        browser, page = english(administrator), f"/operators/people/{user.id}"
        answer = browser.submit(f"{page}/roles", {"roles": ["notary", "auditor"]}, page=page)
        assert answer.status_code == 303
        assert services.operators.people.person(user.id).role_names == {"notary", "auditor"}
        with services.database.reading() as session:
            entry = latest(session, 1)[0]
        assert (entry.action, entry.actor_id) == ("account.roles_changed", administrator.id)
        assert entry.detail == '{"after":"auditor notary","before":"depositor"}'

    def test_the_last_administrator_stays(
        self, administrator: User, english: Login, services: Services, make_user: MakeUser
    ) -> None:
        browser, page = english(administrator), f"/operators/people/{administrator.id}"
        answer = browser.submit(f"{page}/roles", {"roles": ["operator"]}, page=page)
        assert answer.status_code == 409
        assert "last administrator" in answer.text
        other = make_user("administrator")
        assert browser.submit(f"{page}/do/close", {}, page=page).status_code == 409
        answer = browser.submit(f"{page}/roles", {"roles": ["operator"]}, page=page)
        assert answer.status_code == 303
        assert services.operators.people.person(administrator.id).role_names == {"operator"}
        assert other.role_names == {"administrator"}

    def test_a_closed_account_is_out_at_once_and_its_key_refused(
        self,
        administrator: User,
        english: Login,
        login: Login,
        user: User,
        client: PortalClient,
        services: Services,
    ) -> None:
        from portal.accounts.keys import create_api_key

        actor = actor_of(user)
        key = create_api_key(services.database, actor, "k", ("read",), 30)[1]
        theirs = login(user)
        browser, page = english(administrator), f"/operators/people/{user.id}"
        assert browser.submit(f"{page}/do/close", {}, page=page).status_code == 303
        assert theirs.get("/account/keys").status_code == 303
        headers = client.bearer(key)
        assert client.get("/api/v1/deposits", headers=headers).status_code == 401
        assert browser.submit(f"{page}/do/reopen", {}, page=page).status_code == 303
        assert client.get("/api/v1/deposits", headers=headers).status_code == 200
        assert login(user).get("/account/keys").status_code == 200

    def test_signed_out_everywhere_and_asked_for_a_password(
        self, administrator: User, english: Login, login: Login, user: User
    ) -> None:
        theirs = login(user)
        browser, page = english(administrator), f"/operators/people/{user.id}"
        browser.submit(f"{page}/do/sign-out", {}, page=page)
        assert theirs.get("/account/keys").location.startswith("/signin")
        browser.submit(f"{page}/do/password", {}, page=page)
        again = login(user).get("/account/keys")
        assert again.location == "/account/password"

    def test_an_unknown_person_or_act(self, administrator: User, english: Login) -> None:
        browser = english(administrator)
        assert browser.get("/operators/people/none").status_code == 404
        page = f"/operators/people/{administrator.id}"
        assert browser.submit(f"{page}/do/promote", {}, page=page).status_code == 404
        answer = browser.submit(f"{page}/roles", {"roles": ["emperor"]}, page=page)
        assert answer.status_code == 409, (
            "unknown roles are not ticked, and one stays administrator"
        )


def test_settings_are_shown_without_their_secrets(
    make_settings: MakeSettings, services: Services, make_user: MakeUser
) -> None:
    secret = "s3cr3t-w0rd"
    shown = make_settings(
        second_factor_roles="",
        secret_key=secret,
        mail=f"smtp://user:{secret}@mail.example:587",
        stampers=f"https://me:{secret}@tsa.example/tsr#token={secret}",
    )
    tools = dataclasses.replace(services.deposits.tools, settings=shown)
    operators = OperatorService(tools, services.mail, services.webhooks, services.operators.people)
    app = create_app(services.settings, dataclasses.replace(services, operators=operators))
    app.test_client_class = PortalClient
    browser = app.test_client()
    assert isinstance(browser, PortalClient)
    browser.sign_in(make_user("operator").email)
    page = browser.get("/operators/settings").text
    assert secret not in page
    assert "https://me:••••••@tsa.example/tsr#token=••••••" in page
    for name in ("SECRET_KEY", "STAMPERS", "WEBHOOK_ALLOW_PRIVATE"):
        assert name in page


class TestAnnouncements:
    def test_stands_on_every_page_until_it_is_closed(
        self, operator: PortalClient, client: PortalClient
    ) -> None:
        answer = _announce(operator, text_en="Planned <b>work</b> tonight")
        assert answer.status_code == 303
        page = client.get("/verify", headers={"Accept-Language": "en"}).text
        assert "Planned &lt;b&gt;work&lt;/b&gt; tonight" in page
        assert "今晚维护" in client.get("/", headers={"Accept-Language": "zh"}).text
        assert "今晚维护" in client.get("/nowhere", headers={"Accept-Language": "zh"}).text
        address = page.split('action="/announcements/')[1].split('"')[0]
        closed = client.submit(
            f"/announcements/{address}", {"next": "https://evil.example/"}, page="/verify"
        )
        assert closed.location == "/"
        assert "今晚维护" not in client.get("/", headers={"Accept-Language": "zh"}).text

    def test_withdrawn_and_kept_in_the_history(
        self, operator: PortalClient, client: PortalClient, services: Services
    ) -> None:
        _announce(operator)
        row = services.announcements.history()[0]
        operator.submit(
            f"/operators/announcements/{row.id}/withdraw", {}, page="/operators/announcements"
        )
        assert "今晚维护" not in client.get("/", headers={"Accept-Language": "zh"}).text
        page = operator.get("/operators/announcements").text
        assert "今晚维护" in page
        assert "withdrawn" in page

    def test_for_those_who_signed_in_alone(
        self, operator: PortalClient, client: PortalClient
    ) -> None:
        _announce(operator, audience="signed-in")
        assert "今晚维护" not in client.get("/", headers={"Accept-Language": "zh"}).text
        assert "Work tonight" in operator.get("/").text

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"text_zh": ""}, "both languages"),
            ({"text_en": "x" * 501}, "500"),
            ({"ends_at": "2020-01-01T00:00"}, "in the past"),
            ({"starts_at": "2999-01-02T00:00", "ends_at": "2999-01-01T00:00"}, "before"),
            ({"starts_at": "tomorrow"}, "Not a valid"),
            ({"level": "loud"}, "Not a valid choice"),
        ],
    )
    def test_what_is_not_right_is_said_and_the_text_kept(
        self, operator: PortalClient, services: Services, change: dict[str, str], words: str
    ) -> None:
        answer = _announce(operator, **change)
        assert answer.status_code == 422
        assert words in answer.text
        assert change.get("text_zh", "今晚维护") in answer.text
        assert services.announcements.history() == []


def _announce(browser: PortalClient, **change: str):  # type: ignore[no-untyped-def]
    given = {
        "text_zh": "今晚维护",
        "text_en": "Work tonight",
        "level": "warning",
        "audience": "everybody",
        **change,
    }
    return browser.submit("/operators/announcements", given)
