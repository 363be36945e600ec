"""API keys: shown once, stored as a digest, refused when they should be."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal.accounts.keys import MAX_KEYS, authenticate_api_key, create_api_key, revoke_api_key
from portal.accounts.models import ApiKey, User
from portal.audit.actor import Actor
from portal.audit.service import entries_for
from portal.problems import BadInput, Conflict, NotFound, Unauthenticated
from portal.services import Services
from portal.ui.context import current_actor
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeKey, MakeUser

Login = Callable[[User], PortalClient]


@pytest.fixture
def probe(app: Flask) -> str:
    """An endpoint that says who asks."""

    def view() -> dict[str, object]:
        actor = current_actor()
        return {"id": actor.id, "roles": sorted(actor.roles), "via": actor.via}

    app.add_url_rule("/api/probe", "probe", view, methods=["GET", "POST"])
    return "/api/probe"


def test_a_key_speaks_for_its_holder(
    client: PortalClient, probe: str, user: User, api_key: str
) -> None:
    answer = client.get(probe, headers=client.bearer(api_key))
    assert answer.json == {"id": user.id, "roles": ["depositor"], "via": "api"}


def test_only_the_digest_is_stored(services: Services, api_key: str) -> None:
    secret = api_key.rsplit("_", 1)[1]
    with services.database.reading() as session:
        row = session.scalars(select(ApiKey)).one()
        assert secret not in str(vars(row))
        assert len(secret) == 64
        assert "secret" not in entries_for(session, f"user:{row.user_id}")[-1].detail


@pytest.mark.parametrize(
    "damage",
    [
        lambda key: key[:-1] + ("0" if key[-1] != "0" else "1"),
        lambda key: "nep_" + "0" * 16 + key[20:],
        lambda key: key + "0",
        lambda key: key.upper(),
        lambda key: key.replace("nep_", ""),
        lambda key: "nep_",
        lambda key: "",
        lambda key: "键" * 20,
        lambda key: key + "\n",
    ],
)
def test_what_is_not_the_key_is_refused(
    services: Services, api_key: str, damage: Callable[[str], str]
) -> None:
    with pytest.raises(Unauthenticated) as refusal:
        authenticate_api_key(services.database, damage(api_key))
    assert refusal.value.code == "key_refused"


def test_refusals_over_http_say_the_same(
    client: PortalClient, probe: str, services: Services, user: User, make_key: MakeKey
) -> None:
    revoked, expired, closed = (make_key(user) for _ in range(3))
    revoke_api_key(services.database, Actor(user.id, ""), revoked[4:20])
    past = datetime.now(UTC) - timedelta(seconds=1)
    with services.database.transaction() as session:
        session.execute(update(ApiKey).where(ApiKey.id == expired[4:20]).values(expires_at=past))
    unknown = "nep_" + "0" * 16 + "_" + "0" * 64
    answers = [
        client.get(probe, headers=client.bearer(key)) for key in (revoked, expired, unknown, "x")
    ]
    with services.database.transaction() as session:
        session.execute(update(User).where(User.id == user.id).values(active=False))
    answers.append(client.get(probe, headers=client.bearer(closed)))
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.json["error"]["message"] for answer in answers}) == 1
    assert all("Bearer" in answer.headers["WWW-Authenticate"] for answer in answers)


def test_another_scheme_is_refused(client: PortalClient, probe: str) -> None:
    answer = client.get(probe, headers={"Authorization": "Basic bmVwOng="})
    assert answer.status_code == 401
    assert answer.json["error"]["code"] == "scheme"


def test_a_bad_key_is_refused_even_beside_a_session(login: Login, probe: str, user: User) -> None:
    client = login(user)
    assert client.get(probe).status_code == 200
    assert client.get(probe, headers=client.bearer("nep_x")).status_code == 401


@pytest.mark.parametrize("place", ["/api/probe?key={}", "/?api_key={}", "/account/keys/{}/revoke"])
def test_a_key_in_the_address_is_refused_and_not_logged(
    client: PortalClient, api_key: str, probe: str, place: str, logged: StringIO
) -> None:
    address = place.format(api_key)
    method = "POST" if address.endswith("revoke") else "GET"
    answer = client.open(address, method=method, headers={"Accept-Language": "en"})
    assert answer.status_code == 400
    assert "not accepted in the address" in answer.text
    assert api_key not in logged.getvalue()


def test_keys_work_below_api_only(client: PortalClient, api_key: str) -> None:
    assert client.get("/account", headers=client.bearer(api_key)).status_code == 303


def test_scopes(client: PortalClient, probe: str, user: User, make_key: MakeKey) -> None:
    reading, writing = make_key(user, ("read",)), make_key(user, ("write",))
    assert client.get(probe, headers=client.bearer(reading)).status_code == 200
    refused = client.post(probe, headers=client.bearer(reading))
    assert refused.status_code == 403
    assert refused.json["error"]["code"] == "scope_missing"
    assert client.post(probe, headers=client.bearer(writing)).status_code == 200
    assert client.get(probe, headers=client.bearer(writing)).status_code == 403


def test_last_use_is_noted(
    client: PortalClient, probe: str, services: Services, api_key: str
) -> None:
    client.get(probe, headers=client.bearer(api_key))
    with services.database.reading() as session:
        assert session.scalars(select(ApiKey.last_used_at)).one() is not None


def test_the_page_shows_a_key_once(login: Login, user: User, services: Services) -> None:
    client = login(user)
    form = {"name": "<b>scanner</b>", "scopes": ["read", "write"], "days": "90"}
    answer = client.submit("/account/keys", form)
    assert answer.status_code == 201
    shown = re.search(r"nep_[0-9a-z]{16}_[0-9a-f]{64}", answer.text)
    assert shown
    assert authenticate_api_key(services.database, shown[0]).user_id == user.id
    later = client.get("/account/keys").text
    assert shown[0] not in later
    assert "&lt;b&gt;scanner&lt;/b&gt;" in later
    assert "<b>scanner" not in later
    done = client.submit(f"/account/keys/{shown[0][4:20]}/revoke", page="/account/keys")
    assert done.status_code == 303
    with pytest.raises(Unauthenticated):
        authenticate_api_key(services.database, shown[0])


@pytest.mark.parametrize(
    "form", [{"name": ""}, {"name": "x", "days": "9999"}, {"name": "x", "scopes": ["all"]}]
)
def test_a_bad_form_makes_no_key(
    login: Login, user: User, services: Services, form: dict[str, str]
) -> None:
    answer = login(user).submit("/account/keys", {"scopes": ["read"], "days": "90"} | form)
    assert answer.status_code == 422
    with services.database.reading() as session:
        assert session.scalars(select(ApiKey)).all() == []


def test_somebody_elses_key_is_not_there(
    services: Services, make_user: MakeUser, api_key: str
) -> None:
    stranger = make_user()
    with pytest.raises(NotFound):
        revoke_api_key(services.database, Actor(stranger.id, ""), api_key[4:20])


def test_limits_of_keys(services: Services, user: User) -> None:
    actor, database = Actor(user.id, user.name), services.database
    for bad in ({"name": "\x00"}, {"name": "x", "days": 0}, {"name": "x", "scopes": ()}):
        with pytest.raises(BadInput):
            create_api_key(database, actor, **bad)
    for _ in range(MAX_KEYS):
        create_api_key(database, actor, "x")
    with pytest.raises(Conflict):
        create_api_key(database, actor, "one more")
