"""Sessions end on the server: a copied cookie dies with them. New passwords; slowed guessing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event

from portal.accounts.browsers import browser_name
from portal.accounts.models import User
from portal.app import create_app
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.audit.service import latest
from portal.services import Services
from tests.portal.accounts.conftest import EnableApp, Mailbox
from tests.portal.client import PASSWORD, PortalClient
from tests.portal.conftest import MakeSettings, MakeUser

Login = Callable[[User], PortalClient]
NewClient = Callable[[], PortalClient]
NEW = {"password": "another long sentence", "password_confirm": "another long sentence"}


@pytest.fixture
def thief(new_client: NewClient) -> Callable[[PortalClient], PortalClient]:
    """Another browser with a copy of somebody's cookie."""

    def steal(client: PortalClient) -> PortalClient:
        cookie = client.get_cookie("notary")
        assert cookie is not None
        other = new_client()
        other.set_cookie("notary", cookie.value)
        return other

    return steal


def _is_in(client: PortalClient) -> bool:
    return client.get("/account").status_code == 200


class TestEnding:
    def test_signing_out_ends_a_stolen_cookie(
        self, login: Login, user: User, thief: Callable[[PortalClient], PortalClient]
    ) -> None:
        client = login(user)
        other = thief(client)
        assert _is_in(other)
        client.submit("/signout", page="/account/password")
        assert not _is_in(client)
        assert not _is_in(other)

    def test_signing_out_here_leaves_the_others(self, login: Login, user: User) -> None:
        here, there = login(user), login(user)
        here.submit("/signout", page="/account/password")
        assert _is_in(there)

    def test_a_link_does_not_sign_out(self, login: Login, user: User) -> None:
        client = login(user)
        assert client.get("/signout").status_code == 405
        assert _is_in(client)

    def test_everywhere(
        self,
        login: Login,
        user: User,
        mailbox: Mailbox,
        actions: Callable[[User], list[str]],
        client: PortalClient,
    ) -> None:
        client.submit("/forgotten", {"email": user.email})
        (link, *_) = (each for each in mailbox.links(user.email) if each.startswith("/forgotten/"))
        here, there = login(user), login(user)
        assert here.submit("/account/sessions/end", page="/account").status_code == 303
        assert not _is_in(here)
        assert not _is_in(there)
        assert client.get(link).headers["Location"] == "/forgotten", "links end, too"
        assert "account.signed_out_everywhere" in actions(user)
        assert _is_in(login(user))

    def test_one_browser(self, login: Login, services: Services, user: User) -> None:
        here, there = login(user), login(user)
        with there.session_transaction() as session:
            target = session["sid"]
        assert here.submit(f"/account/sessions/{target}/end", page="/account").status_code == 303
        assert not _is_in(there)
        assert _is_in(here)
        again = here.submit(f"/account/sessions/{target}/end", page="/account")
        assert again.status_code == 404

    def test_somebody_elses_session_is_not_there(self, login: Login, make_user: MakeUser) -> None:
        mine, theirs = login(make_user()), login(make_user())
        with theirs.session_transaction() as session:
            target = session["sid"]
        assert mine.submit(f"/account/sessions/{target}/end", page="/account").status_code == 404
        assert _is_in(theirs)

    def test_time_ends_what_nobody_uses(self, login: Login, user: User) -> None:
        client = login(user)
        now = datetime.now(UTC)
        for hours, alive in ((11, True), (22, True), (35, False)):
            with time_machine.travel(now + timedelta(hours=hours), tick=False):
                assert _is_in(client) == alive, hours

    def test_a_session_of_another_person_does_not_carry_over(
        self, app: Flask, login: Login, make_user: MakeUser
    ) -> None:
        """A cookie that names my person and somebody's session, were it signed, is nobody."""
        mine, theirs = login(make_user()), login(make_user())
        with theirs.session_transaction() as session:
            target = session["sid"]
        with mine.session_transaction() as session:
            session["sid"] = target
        assert not _is_in(mine)


class TestFixation:
    def test_the_id_is_new_at_each_sign_in(self, client: PortalClient, user: User) -> None:
        client.get("/signin")
        with client.session_transaction() as session:
            session["sid"] = "planted"
            session["second"] = {"u": "planted", "t": 2**40, "n": "/"}
            before = client.get_cookie("notary")
        client.sign_in(user.email)
        with client.session_transaction() as session:
            assert session["sid"] != "planted"
            assert "second" not in session
        after = client.get_cookie("notary")
        assert before is None or (after is not None and before.value != after.value)
        assert _is_in(client)

    def test_a_cookie_from_before_signing_in_stays_anonymous(
        self, client: PortalClient, user: User, thief: Callable[[PortalClient], PortalClient]
    ) -> None:
        client.get("/signin")
        planted = thief(client)
        client.sign_in(user.email)
        assert _is_in(client)
        assert not _is_in(planted)

    def test_a_cookie_from_before_the_second_step_stays_half(
        self,
        client: PortalClient,
        user: User,
        enable_app: EnableApp,
        thief: Callable[[PortalClient], PortalClient],
        services: Services,
    ) -> None:
        enable_app(user)
        codes = services.accounts.factors.new_codes(Actor(user.id, user.name))
        client.sign_in(user.email)
        half = thief(client)
        client.submit("/signin/second", {"code": codes[0]})
        assert _is_in(client)
        assert not _is_in(half)


class TestCost:
    def test_a_page_asks_once_for_its_visitor_and_a_key_never(
        self,
        app: Flask,
        services: Services,
        login: Login,
        user: User,
        api_key: str,
        client: PortalClient,
    ) -> None:
        app.add_url_rule("/api/probe", "probe", lambda: {"ok": True})
        app.add_url_rule("/probe", "page-probe", lambda: "ok")
        signed_in = login(user)
        asked: list[str] = []

        def note(_c: object, _u: object, statement: str, *_: object) -> None:
            if statement.startswith(("SELECT", "UPDATE", "INSERT")):
                asked.append(statement)

        event.listen(services.database.engine, "before_cursor_execute", note)
        assert signed_in.get("/probe").status_code == 200
        about_visitor = [each for each in asked if "sign_ins" in each or "users" in each]
        assert len(about_visitor) == 1, about_visitor
        asked.clear()
        assert client.get("/api/probe", headers=client.bearer(api_key)).status_code == 200
        assert not any("sign_ins" in each for each in asked)
        event.remove(services.database.engine, "before_cursor_execute", note)


class TestForgottenPassword:
    def _link(self, client: PortalClient, user: User, mailbox: Mailbox) -> str:
        client.submit("/forgotten", {"email": user.email.upper()})
        return next(each for each in mailbox.links(user.email) if each.startswith("/forgotten/"))

    def test_a_new_password_ends_every_session(
        self,
        client: PortalClient,
        login: Login,
        user: User,
        mailbox: Mailbox,
        actions: Callable[[User], list[str]],
    ) -> None:
        there = login(user)
        link = self._link(client, user, mailbox)
        assert client.submit(link, NEW).status_code == 302
        assert not _is_in(there)
        assert not _is_in(client), "nobody is signed in by a link alone"
        assert client.sign_in(user.email, PASSWORD).status_code == 200
        assert client.sign_in(user.email, NEW["password"]).status_code == 302
        assert "account.password_reset" in actions(user)
        assert len(mailbox.mails(user.email)) == 2, "the link, and that it was used"

    def test_a_link_works_once(self, client: PortalClient, user: User, mailbox: Mailbox) -> None:
        link = self._link(client, user, mailbox)
        token = client.token(link)
        assert client.post(link, data=NEW | {"csrf_token": token}).status_code == 302
        again = client.submit(link, NEW | {"password": "third sentence here"}, page="/forgotten")
        assert again.headers["Location"] == "/forgotten"
        assert client.sign_in(user.email, NEW["password"]).status_code == 302

    def test_after_an_hour_it_is_too_old(
        self, client: PortalClient, user: User, mailbox: Mailbox
    ) -> None:
        link = self._link(client, user, mailbox)
        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61)):
            assert client.get(link).headers["Location"] == "/forgotten"
            done = client.submit(link, NEW, page="/forgotten")
            assert done.headers["Location"] == "/forgotten"
        assert client.sign_in(user.email, PASSWORD).status_code == 302

    def test_a_changed_password_ends_the_link(
        self, client: PortalClient, login: Login, user: User, mailbox: Mailbox
    ) -> None:
        link = self._link(client, user, mailbox)
        form = {"password": PASSWORD, "new_password": NEW["password"]}
        form["new_password_confirm"] = NEW["password"]
        assert login(user).submit("/account/password", form).status_code == 302
        assert client.get(link).headers["Location"] == "/forgotten"

    def test_the_second_step_stays(
        self, client: PortalClient, user: User, mailbox: Mailbox, enable_app: EnableApp
    ) -> None:
        enable_app(user)
        client.submit(self._link(client, user, mailbox), NEW)
        answer = client.sign_in(user.email, NEW["password"])
        assert answer.headers["Location"] == "/signin/second"

    @pytest.mark.parametrize("damage", [lambda t: t[:-1], lambda t: t + "x", lambda t: "x" + t])
    def test_a_changed_link_is_nothing(
        self, client: PortalClient, user: User, mailbox: Mailbox, damage: Callable[[str], str]
    ) -> None:
        head, token = self._link(client, user, mailbox).rsplit("/", 1)
        assert client.get(f"{head}/{damage(token)}").headers["Location"] == "/forgotten"

    def test_links_and_addresses_stay_out_of_the_custody_log(
        self, client: PortalClient, services: Services, user: User, mailbox: Mailbox
    ) -> None:
        link = self._link(client, user, mailbox)
        client.submit(link, NEW)
        with services.database.reading() as session:
            text = " ".join(entry.detail for entry in latest(session, 50))
        assert link.rsplit("/", 1)[1] not in text
        assert user.email not in text


def test_recent_sign_ins_show_failures_and_ways(
    login: Login, client: PortalClient, user: User
) -> None:
    agent = "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0 <script>alert(1)</script>"
    form = {"email": user.email, "password": "wrong", "csrf_token": client.token()}
    client.post("/signin", data=form, headers={"User-Agent": agent})
    page = login(user).get("/account", headers={"Accept-Language": "en"}).text
    table = page[page.index("Recent sign-ins") :]
    assert table.count("let in") >= 1
    assert table.count("refused") == 1
    assert "Firefox · Windows" in table
    assert "<script>alert(1)" not in page


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140 Safari/537.36", "Chrome · Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537.36 Edg/140", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari", "Safari · iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/1 MicroMessenger/8", "微信 WeChat · Android"),
        ("curl/8.5.0", "curl"),
        ("", ""),
        ("\x00<b>", ""),
    ],
)
def test_browsers_by_name(agent: str, name: str) -> None:
    assert browser_name(agent) == name
    assert len(browser_name(agent * 100)) <= 80


def test_slowed_guessing_is_recorded_once_a_minute(
    make_settings: MakeSettings, services: Services, user: User
) -> None:
    app = create_app(make_settings(sign_in_rate_limit="2 per minute"), services)
    app.test_client_class = PortalClient
    client = app.test_client()
    assert isinstance(client, PortalClient)
    answers = [client.sign_in(user.email, "wrong").status_code for _ in range(6)]
    assert answers == [200, 200, 429, 429, 429, 429]
    with services.database.reading() as session:
        slowed = [each for each in latest(session, 50) if each.action == "account.slowed"]
    assert [each.subject for each in slowed] == [f"user:{user.id}"]
    assert isinstance(slowed[0], AuditEntry)
    assert re.search(r"security\.login", slowed[0].detail)
