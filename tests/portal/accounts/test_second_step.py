"""The second step of signing in: wrong, old, used and guessed codes, and codes for emergencies."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from portal.accounts.factors import MAX_FAILURES, Factors
from portal.accounts.models import User
from portal.accounts.security_models import Authenticator, RecoveryCode
from portal.accounts.sign_ins import Visit
from portal.audit.actor import Actor
from portal.problems import BadInput, NotFound, RateLimited
from portal.services import Services
from tests.portal.accounts.authenticator import SoftAuthenticator
from tests.portal.accounts.conftest import EnableApp, Mailbox, code_of
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser

HERE = Visit("203.0.113.5", "Firefox · Linux")
Login = Callable[[User], PortalClient]


@pytest.fixture
def factors(services: Services) -> Factors:
    return services.accounts.factors


def _actor(user: User) -> Actor:
    return Actor(user.id, user.name, user.role_names)


def _password(client: PortalClient, user: User, **more: str) -> None:
    answer = client.sign_in(user.email, **more)
    assert answer.headers["Location"] == "/signin/second"


class TestApp:
    def test_the_password_alone_opens_nothing(
        self, client: PortalClient, user: User, enable_app: EnableApp
    ) -> None:
        enable_app(user)
        _password(client, user)
        assert client.get("/account").status_code == 303

    def test_the_code_completes_it(
        self, client: PortalClient, user: User, enable_app: EnableApp, services: Services
    ) -> None:
        secret = enable_app(user)
        _password(client, user, next="/account/keys")
        done = client.submit(
            "/signin/second", {"code": f" {code_of(secret)[:3]} {code_of(secret)[3:]}"}
        )
        assert done.headers["Location"] == "/account/keys"
        assert client.get("/account").status_code == 200
        (latest, *_) = services.accounts.sign_ins.recent(user.id)
        assert (latest.way, latest.ok, latest.strong) == ("totp", True, True)

    @pytest.mark.parametrize("kind", ["wrong", "old", "early", "empty", "letters"])
    def test_codes_that_do_not_hold(
        self,
        client: PortalClient,
        user: User,
        enable_app: EnableApp,
        kind: str,
        actions: Callable[[User], list[str]],
    ) -> None:
        secret = enable_app(user)
        near = {code_of(secret, step) for step in (-2, -1, 0, 1, 2)}
        code = {
            "wrong": next(f"{n:06}" for n in range(10) if f"{n:06}" not in near),
            "old": code_of(secret, -5),
            "early": code_of(secret, 5),
            "empty": "",
            "letters": "<b>x</b>",
        }[kind]
        _password(client, user)
        answer = client.submit("/signin/second", {"code": code})
        assert answer.status_code == (200 if kind == "empty" else 422)
        assert "<b>x</b>" not in answer.text
        assert client.get("/account").status_code == 303
        assert actions(user).count("account.sign_in_failed") == (kind != "empty")

    def test_a_code_counts_once(
        self,
        client: PortalClient,
        new_client: Callable[[], PortalClient],
        user: User,
        enable_app: EnableApp,
    ) -> None:
        secret = enable_app(user)
        code = {"code": code_of(secret)}
        _password(client, user)
        assert client.submit("/signin/second", code).status_code == 303
        watcher = new_client()
        _password(watcher, user)
        assert watcher.submit("/signin/second", code).status_code == 422
        assert watcher.get("/account").status_code == 303

    def test_of_two_at_the_same_moment_one_is_let_in(
        self, factors: Factors, user: User, enable_app: EnableApp
    ) -> None:
        code = code_of(enable_app(user))

        def use(_: int) -> bool:
            try:
                factors.check_code(user.id, code, HERE)
            except BadInput:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sum(pool.map(use, range(4))) == 1

    def test_a_code_for_one_is_no_code_for_another(
        self, factors: Factors, make_user: MakeUser, enable_app: EnableApp
    ) -> None:
        mine, theirs = make_user(), make_user()
        secret = enable_app(mine)
        enable_app(theirs)
        with pytest.raises(BadInput):
            factors.check_code(theirs.id, code_of(secret), HERE)

    def test_guessing_ends_after_ten_from_all_addresses_together(
        self, factors: Factors, services: Services, user: User, enable_app: EnableApp
    ) -> None:
        secret = enable_app(user)
        for number in range(MAX_FAILURES):
            with pytest.raises(BadInput):
                factors.check_code(user.id, "abcdef", Visit(f"203.0.113.{number}", ""))
        with pytest.raises(RateLimited):
            factors.check_code(user.id, code_of(secret), HERE)

    def test_who_is_guessed_at_gets_a_mail(
        self, client: PortalClient, user: User, enable_app: EnableApp, mailbox: Mailbox
    ) -> None:
        enable_app(user)
        _password(client, user)
        for _ in range(MAX_FAILURES):
            assert client.submit("/signin/second", {"code": "abcdef"}).status_code == 422
        assert client.submit("/signin/second", {"code": "abcdef"}).status_code == 429
        assert len(mailbox.mails(user.email)) == 1

    def test_the_password_is_good_for_ten_minutes(
        self, client: PortalClient, user: User, enable_app: EnableApp
    ) -> None:
        secret = enable_app(user)
        _password(client, user)
        token = client.token("/signin/second")
        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11), tick=False):
            form = {"code": code_of(secret), "csrf_token": token}
            assert client.post("/signin/second", data=form).headers["Location"] == "/signin"
            assert client.get("/account").status_code == 303

    def test_nobody_skips_the_password(self, client: PortalClient) -> None:
        assert client.get("/signin/second").headers["Location"] == "/signin"
        answer = client.submit("/signin/second", {"code": "000000"}, page="/signin")
        assert answer.headers["Location"] == "/signin"

    def test_the_secret_is_sealed(
        self, services: Services, user: User, enable_app: EnableApp
    ) -> None:
        secret = enable_app(user)
        with services.database.reading() as session:
            row = session.get_one(Authenticator, user.id)
        assert row.secret is not None
        assert secret not in row.secret


class TestPasskeyAsSecondStep:
    def test_it_completes_the_password(
        self, client: PortalClient, services: Services, user: User
    ) -> None:
        passkeys, device = services.accounts.passkeys, SoftAuthenticator(verifies=False)
        asked = passkeys.ask_new(user)
        passkeys.add(_actor(user), "key", device.create(json.loads(asked.options)), asked.value)
        _password(client, user, next="/account/keys")
        headers = {"X-CSRFToken": client.token("/signin/second")}
        options = client.post("/signin/passkey/challenge?step=second", headers=headers).json
        assert len(options["allowCredentials"]) == 1
        answer = {"credential": device.get(options)}
        done = client.submit("/signin/second/passkey", answer, page="/signin/second")
        assert done.headers["Location"] == "/account/keys"
        assert client.get("/account").status_code == 200

    def test_somebody_elses_does_not(
        self, client: PortalClient, services: Services, make_user: MakeUser
    ) -> None:
        passkeys, devices = services.accounts.passkeys, []
        for user in (mine := make_user(), make_user()):
            device = SoftAuthenticator()
            asked = passkeys.ask_new(user)
            passkeys.add(_actor(user), "key", device.create(json.loads(asked.options)), asked.value)
            devices.append(device)
        _password(client, mine)
        headers = {"X-CSRFToken": client.token("/signin/second")}
        options = client.post("/signin/passkey/challenge?step=second", headers=headers).json
        answer = {"credential": devices[1].get(options)}
        done = client.submit("/signin/second/passkey", answer, page="/signin/second")
        assert done.headers["Location"] == "/signin/second"
        assert client.get("/account").status_code == 303


class TestRecoveryCodes:
    def test_each_works_once(
        self,
        client: PortalClient,
        new_client: Callable[[], PortalClient],
        user: User,
        factors: Factors,
        enable_app: EnableApp,
        mailbox: Mailbox,
    ) -> None:
        enable_app(user)
        codes = factors.new_codes(_actor(user))
        _password(client, user)
        assert client.submit("/signin/second", {"code": codes[3].upper()}).status_code == 303
        assert client.get("/account").status_code == 200
        assert factors.state(user.id).codes_left == 9
        assert mailbox.mails(user.email), "its use is told"
        other = new_client()
        _password(other, user)
        assert other.submit("/signin/second", {"code": codes[3]}).status_code == 422
        assert other.submit("/signin/second", {"code": codes[4]}).status_code == 303

    def test_only_digests_are_kept(
        self, services: Services, user: User, factors: Factors, enable_app: EnableApp
    ) -> None:
        enable_app(user)
        codes = factors.new_codes(_actor(user))
        with services.database.reading() as session:
            kept = " ".join(str(vars(row)) for row in session.scalars(select(RecoveryCode)))
        assert not any(code in kept or code.replace("-", "") in kept for code in codes)

    def test_new_ones_end_the_old_ones(
        self, user: User, factors: Factors, enable_app: EnableApp
    ) -> None:
        enable_app(user)
        old = factors.new_codes(_actor(user))
        new = factors.new_codes(_actor(user))
        with pytest.raises(BadInput):
            factors.check_code(user.id, old[0], HERE)
        assert factors.check_code(user.id, new[0], HERE) == "recovery"

    def test_they_are_shown_once(self, login: Login, user: User) -> None:
        client = login(user)
        page = client.get("/account/authenticator").text
        key = re.search(r'class="secret"><code>([A-Z2-7 ]+)</code>', page)
        assert key
        secret = base64.b32decode(key[1].replace(" ", ""))
        made = client.submit("/account/authenticator", {"code": code_of(secret)})
        codes = re.findall(r"<li><code>([a-z2-9-]{19})</code></li>", made.text)
        assert len(codes) == 10
        assert made.headers["Cache-Control"] == "private, no-store"
        assert not any(code in client.get("/account").text for code in codes)


class TestSettingUp:
    def test_a_reloaded_page_shows_the_same_key(self, login: Login, user: User) -> None:
        client = login(user)
        keys = {
            re.findall(r'class="secret"><code>([A-Z2-7 ]+)</code>', client.get(path).text)[0]
            for path in ("/account/authenticator",) * 2
        }
        assert len(keys) == 1

    def test_a_wrong_code_sets_nothing_up(self, login: Login, user: User, factors: Factors) -> None:
        client = login(user)
        answer = client.submit("/account/authenticator", {"code": "abcdef"})
        assert answer.status_code == 422
        assert not factors.state(user.id).any

    def test_the_old_app_works_until_the_new_one_is_shown_to_work(
        self, user: User, factors: Factors, enable_app: EnableApp
    ) -> None:
        old = enable_app(user)
        factors.begin_app(user.id)
        assert factors.check_code(user.id, code_of(old), HERE) == "totp"

    def test_the_picture_is_one_the_policy_allows(self, login: Login, user: User) -> None:
        page = login(user).get("/account/authenticator")
        assert 'src="data:image/svg+xml;base64,' in page.text
        assert "img-src 'self' data:" in page.headers["Content-Security-Policy"]

    def test_removing_needs_the_app_once_more(
        self, client: PortalClient, user: User, enable_app: EnableApp, factors: Factors
    ) -> None:
        secret = enable_app(user)
        _password(client, user)
        client.submit("/signin/second", {"code": code_of(secret)})
        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=16), tick=False):
            asked = client.submit("/account/authenticator/remove", page="/account")
            assert asked.headers["Location"].startswith("/account/verify")
            assert factors.state(user.id).any
            password = {"password": "correct horse 电池"}
            assert client.submit("/account/verify", password).status_code == 200
            done = client.submit("/account/verify", {"code": code_of(secret)})
            assert done.status_code == 303
            client.submit("/account/authenticator/remove", page="/account")
        assert not factors.state(user.id).any

    def test_an_administrator_helps_who_lost_everything(
        self, login_strong: Login, user: User, factors: Factors, client: PortalClient
    ) -> None:
        signed_in = login_strong(user)
        factors.reset(Actor.process("cli"), user.id)
        assert signed_in.get("/account").status_code == 303
        assert client.sign_in(user.email).headers["Location"] != "/signin/second"
        with pytest.raises(NotFound):
            factors.reset(Actor.process("cli"), "nobody")


def test_the_command_takes_lost_factors_away(
    app: Flask, user: User, enable_app: EnableApp, factors: Factors
) -> None:
    enable_app(user)
    with app.app_context():
        done = app.test_cli_runner().invoke(args=["reset-second-factor", user.email])
        assert done.exit_code == 0, done.output
        assert not factors.state(user.id).any
        lost = app.test_cli_runner().invoke(args=["reset-second-factor", "nobody@example.com"])
        assert lost.exit_code == 1
