"""Passkeys: of this portal, of this person, answered once."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal.accounts.ceremony import Party
from portal.accounts.models import User
from portal.accounts.passkeys import MAX_PASSKEYS, Passkeys
from portal.accounts.security_models import Passkey
from portal.audit.actor import Actor
from portal.problems import BadInput, Conflict, NotFound
from portal.services import Services
from tests.effort import examples
from tests.portal.accounts.authenticator import SoftAuthenticator
from tests.portal.accounts.conftest import Mailbox
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeSettings, MakeUser

Login = Callable[[User], PortalClient]
AddPasskey = Callable[..., SoftAuthenticator]


def _actor(user: User) -> Actor:
    return Actor(user.id, user.name, user.role_names)


@pytest.fixture
def passkeys(services: Services) -> Passkeys:
    return services.accounts.passkeys


@pytest.fixture
def add_passkey(passkeys: Passkeys) -> AddPasskey:
    """A passkey of somebody's."""

    def add(user: User, device: SoftAuthenticator | None = None) -> SoftAuthenticator:
        device = device or SoftAuthenticator(user_handle=user.id.encode())
        asked = passkeys.ask_new(user)
        passkeys.add(_actor(user), "my key", device.create(json.loads(asked.options)), asked.value)
        return device

    return add


def _refused(error: pytest.ExceptionInfo[BadInput]) -> None:
    assert error.value.code == "passkey"
    assert str(error.value) == "The passkey was not accepted. Try again."


class TestMaking:
    def test_it_is_kept_with_what_is_needed(
        self, services: Services, passkeys: Passkeys, user: User, add_passkey: AddPasskey
    ) -> None:
        add_passkey(user)
        with services.database.reading() as session:
            (row,) = session.scalars(select(Passkey))
        assert (row.user_id, row.name, row.transports) == (user.id, "my key", "internal")
        options = json.loads(passkeys.ask_new(user).options)
        assert [each["id"] for each in options["excludeCredentials"]] == [row.credential]
        assert options["rp"]["id"] == "localhost"
        assert options["user"]["name"] == user.email

    @pytest.mark.parametrize(
        "change",
        [
            {"origin": "https://evil.example"},
            {"origin": "http://localhost:8001"},
            {"origin": "http://localhost:8000.evil.example"},
            {"rp_id": "evil.example"},
        ],
    )
    def test_another_origins_is_refused(
        self, passkeys: Passkeys, user: User, change: dict[str, str]
    ) -> None:
        asked = passkeys.ask_new(user)
        answer = replace(SoftAuthenticator(), **change).create(json.loads(asked.options))
        with pytest.raises(BadInput) as error:
            passkeys.add(_actor(user), "x", answer, asked.value)
        _refused(error)
        assert passkeys.held_by(user.id) == []

    def test_another_challenge_is_refused(self, passkeys: Passkeys, user: User) -> None:
        first, second = passkeys.ask_new(user), passkeys.ask_new(user)
        answer = SoftAuthenticator().create(json.loads(first.options))
        with pytest.raises(BadInput) as error:
            passkeys.add(_actor(user), "x", answer, second.value)
        _refused(error)

    def test_one_passkey_belongs_to_one_person(
        self, passkeys: Passkeys, make_user: MakeUser, add_passkey: AddPasskey
    ) -> None:
        device = add_passkey(make_user())
        with pytest.raises(Conflict):
            add_passkey(make_user(), device)

    @pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\nb", "a\x00b"])
    def test_names_can_be_shown(self, passkeys: Passkeys, user: User, name: str) -> None:
        asked = passkeys.ask_new(user)
        answer = SoftAuthenticator().create(json.loads(asked.options))
        with pytest.raises(BadInput) as error:
            passkeys.add(_actor(user), name, answer, asked.value)
        assert error.value.field == "name"

    def test_there_is_a_limit(
        self, passkeys: Passkeys, user: User, add_passkey: AddPasskey
    ) -> None:
        for _ in range(MAX_PASSKEYS):
            add_passkey(user)
        with pytest.raises(Conflict) as error:
            add_passkey(user)
        assert error.value.code == "too_many_passkeys"


class TestUsing:
    def test_it_says_whose_it_is(
        self, passkeys: Passkeys, user: User, add_passkey: AddPasskey
    ) -> None:
        device = add_passkey(user)
        asked = passkeys.ask(None, must_verify=True)
        assert json.loads(asked.options)["allowCredentials"] == []
        proven = passkeys.check(device.get(json.loads(asked.options)), asked.value, None, True)
        assert (proven.user.id, proven.strong) == (user.id, True)
        (held,) = passkeys.held_by(user.id)
        assert held.last_used_at is not None
        assert held.sign_count == 1

    @pytest.mark.parametrize(
        "change",
        [
            {"origin": "https://evil.example"},
            {"origin": "https://localhost:8000"},
            {"rp_id": "127.0.0.1"},
            {"verifies": False},
            {"user_handle": b"somebody else"},
            {"user_handle": b"\xff" * 64},
            {"id": bytes(32)},
        ],
        ids=str,
    )
    def test_lies_are_refused(
        self, passkeys: Passkeys, user: User, add_passkey: AddPasskey, change: dict[str, Any]
    ) -> None:
        device = replace(add_passkey(user), **change)
        asked = passkeys.ask(None, must_verify=True)
        with pytest.raises(BadInput) as error:
            passkeys.check(device.get(json.loads(asked.options)), asked.value, None, True)
        _refused(error)

    def test_another_key_is_refused(
        self, passkeys: Passkeys, user: User, add_passkey: AddPasskey
    ) -> None:
        forged = replace(add_passkey(user), key=SoftAuthenticator().key)
        asked = passkeys.ask(None, must_verify=True)
        with pytest.raises(BadInput) as error:
            passkeys.check(forged.get(json.loads(asked.options)), asked.value, None, True)
        _refused(error)

    def test_an_answer_counts_once(
        self, passkeys: Passkeys, user: User, add_passkey: AddPasskey
    ) -> None:
        """Also for devices that do not count, as synchronised passkeys do not."""
        device = add_passkey(user)
        device.counter = -1
        asked = passkeys.ask(None, must_verify=True)
        answer = device.get(json.loads(asked.options))
        passkeys.check(answer, asked.value, None, True)
        with pytest.raises(BadInput) as error:
            passkeys.check(answer, asked.value, None, True)
        _refused(error)

    def test_a_counter_that_goes_back_is_a_copy(
        self, passkeys: Passkeys, user: User, add_passkey: AddPasskey
    ) -> None:
        device = add_passkey(user)
        for counter, good in ((5, True), (3, False), (7, True)):
            device.counter = counter
            asked = passkeys.ask(None, must_verify=True)
            answer = device.get(json.loads(asked.options))
            if good:
                passkeys.check(answer, asked.value, None, True)
            else:
                with pytest.raises(BadInput):
                    passkeys.check(answer, asked.value, None, True)

    def test_another_persons_is_refused_where_a_person_is_known(
        self, passkeys: Passkeys, make_user: MakeUser, add_passkey: AddPasskey
    ) -> None:
        mine, theirs = make_user(), make_user()
        add_passkey(mine)
        device = add_passkey(theirs)
        asked = passkeys.ask(mine.id, must_verify=False)
        with pytest.raises(BadInput) as error:
            passkeys.check(device.get(json.loads(asked.options)), asked.value, mine.id, False)
        _refused(error)

    def test_a_closed_account_stays_closed(
        self, services: Services, passkeys: Passkeys, user: User, add_passkey: AddPasskey
    ) -> None:
        device = add_passkey(user)
        with services.database.transaction() as session:
            session.get_one(User, user.id).active = False
        asked = passkeys.ask(None, must_verify=True)
        with pytest.raises(BadInput) as error:
            passkeys.check(device.get(json.loads(asked.options)), asked.value, None, True)
        _refused(error)

    @settings(
        max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        st.one_of(
            st.text(max_size=200),
            st.recursive(
                st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20)),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(
                        st.sampled_from(["id", "rawId", "type", "response", "clientDataJSON"])
                        | st.sampled_from(["authenticatorData", "signature", "userHandle"]),
                        inner,
                    )
                ),
                max_leaves=8,
            ).map(json.dumps),
        )
    )
    def test_rubbish_is_refused(self, passkeys: Passkeys, answer: str) -> None:
        with pytest.raises(BadInput):
            passkeys.check(answer, "AAAA", None, True)
        with pytest.raises(BadInput):
            passkeys.add(Actor("x", "x"), "name", answer, "AAAA")

    @pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
    def test_damage_anywhere_is_refused(
        self, passkeys: Passkeys, user: User, add_passkey: AddPasskey, part: str
    ) -> None:
        device = add_passkey(user)
        for damage in ("", "A", "!!!", "AAAA", "9" * 2000):
            asked = passkeys.ask(None, must_verify=True)
            answer = json.loads(device.get(json.loads(asked.options)))
            answer["response"][part] = damage
            with pytest.raises(BadInput) as error:
                passkeys.check(json.dumps(answer), asked.value, None, True)
            _refused(error)


class TestPages:
    def test_signing_in_by_a_passkey_alone(
        self,
        client: PortalClient,
        user: User,
        add_passkey: AddPasskey,
        actions: Callable[[User], list[str]],
    ) -> None:
        device = add_passkey(user)
        headers = {"X-CSRFToken": client.token()}
        options = client.post("/signin/passkey/challenge", headers=headers).json
        answer = {"credential": device.get(options), "next": "/account/keys"}
        done = client.submit("/signin/passkey", answer, page="/signin")
        assert done.status_code == 303
        assert done.headers["Location"] == "/account/keys"
        assert client.get("/account").status_code == 200
        assert actions(user)[-1] == "account.signed_in"

    def test_next_leads_nowhere_else(
        self, client: PortalClient, user: User, add_passkey: AddPasskey
    ) -> None:
        device = add_passkey(user)
        options = client.post(
            "/signin/passkey/challenge", headers={"X-CSRFToken": client.token()}
        ).json
        answer = {"credential": device.get(options), "next": "//evil.example"}
        assert client.submit("/signin/passkey", answer, page="/signin").headers["Location"] == "/"

    def test_an_answer_without_our_question_is_nothing(
        self,
        client: PortalClient,
        user: User,
        add_passkey: AddPasskey,
        new_client: Callable[[], PortalClient],
    ) -> None:
        """An assertion asked for in one browser is not taken in another."""
        device = add_passkey(user)
        options = client.post(
            "/signin/passkey/challenge", headers={"X-CSRFToken": client.token()}
        ).json
        thief = new_client()
        answer = {"credential": device.get(options)}
        done = thief.submit("/signin/passkey", answer, page="/signin")
        assert done.headers["Location"] == "/signin"
        assert thief.get("/account").status_code == 303

    def test_a_questions_purpose_counts(
        self, login: Login, user: User, add_passkey: AddPasskey
    ) -> None:
        """What was asked to sign in does not add a passkey."""
        client = login(user)
        headers = {"X-CSRFToken": client.token("/account/password")}
        options = client.post("/account/verify/challenge", headers=headers).json
        device = SoftAuthenticator()
        made = {"name": "x", "credential": device.create(options)}
        assert client.submit("/account/passkeys", made, page="/account").status_code == 303
        assert "x</strong>" not in client.get("/account").text

    def test_adding_renaming_and_removing(
        self, login: Login, user: User, passkeys: Passkeys, mailbox: Mailbox
    ) -> None:
        client = login(user)
        headers = {"X-CSRFToken": client.token("/account")}
        options = client.post("/account/passkeys/challenge", headers=headers).json
        evil = "<script>alert(1)</script>"
        made = {"name": evil, "credential": SoftAuthenticator().create(options)}
        codes = client.submit("/account/passkeys", made, page="/account")
        assert codes.status_code == 201, "recovery codes come with the first one"
        assert codes.text.count("<li><code>") == 10
        assert mailbox.mails(user.email)
        page = client.get("/account").text
        assert evil not in page
        assert "&lt;script&gt;" in page
        (held,) = passkeys.held_by(user.id)
        path = f"/account/passkeys/{held.id}"
        assert client.submit(f"{path}/rename", {"name": "新名"}, page="/account").status_code == 303
        assert "新名" in client.get("/account").text
        assert client.submit(f"{path}/rename", {"name": ""}, page="/account").status_code == 422

    def test_somebody_elses_are_not_there(
        self, login: Login, make_user: MakeUser, passkeys: Passkeys, add_passkey: AddPasskey
    ) -> None:
        theirs = make_user()
        add_passkey(theirs)
        (held,) = passkeys.held_by(theirs.id)
        client = login(make_user())
        for act in ("rename", "remove"):
            path = f"/account/passkeys/{held.id}/{act}"
            assert client.submit(path, {"name": "x"}, page="/account").status_code == 404
        with pytest.raises(NotFound):
            passkeys.remove(Actor("x", "x"), held.id)

    def test_removing_the_last_factor_removes_the_codes(
        self, services: Services, user: User, passkeys: Passkeys, add_passkey: AddPasskey
    ) -> None:
        add_passkey(user)
        services.accounts.factors.new_codes(_actor(user))
        passkeys.remove(_actor(user), passkeys.held_by(user.id)[0].id)
        state = services.accounts.factors.state(user.id)
        assert (state.any, state.codes_left) == (False, 0)


def test_the_party_follows_from_the_portals_address(make_settings: MakeSettings) -> None:
    def party(url: str) -> tuple[str, str]:
        found = Party.of(make_settings(base_url=url))
        return found.id, found.origins[0]

    assert party("https://notary.example") == ("notary.example", "https://notary.example")
    assert party("https://notary.example:8443/") == (
        "notary.example",
        "https://notary.example:8443",
    )
    assert party("http://127.0.0.1:8000") == ("localhost", "http://localhost:8000")
    assert party("http://[::1]:8000") == ("localhost", "http://localhost:8000")
