"""Pages of re-reading and of packets, through the HTTP client."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask import Flask

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.deposits.models import Deposit
from portal.services import Services
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeKey, MakeUser
from tests.portal.deposits.conftest import actor_of, put, run

Login = Callable[[User], PortalClient]


@pytest.fixture
def owner(make_user: MakeUser) -> User:
    return make_user()


@pytest.fixture
def kept(services: Services, owner: User) -> Deposit:
    deposit = put(services.deposits, actor_of(owner), b"kept" * 100)
    run(services.deposits)
    while services.vouching.advance():
        pass
    return services.deposits.get(actor_of(owner), deposit.id)


def _damage(services: Services, deposit: Deposit) -> None:
    services.vault.delete(deposit.vault_key or "")
    services.vault.put(deposit.vault_key or "", b"forged")


def test_an_owner_has_it_read_again(kept: Deposit, owner: User, login: Login) -> None:
    client = login(owner)
    page = f"/deposits/{kept.id}"
    assert "Check now" in client.get(page + "?lang=en").text or "立即复核" in client.get(page).text
    answer = client.submit(f"{page}/reread", page=page)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{page}#reread")
    text = client.get(page).text
    assert "未被篡改" in text
    assert "重新读取并与账本比对" in text


def test_an_owner_is_told_what_no_longer_holds(
    services: Services, kept: Deposit, owner: User, login: Login
) -> None:
    _damage(services, kept)
    client = login(owner)
    client.submit(f"/deposits/{kept.id}/reread", page=f"/deposits/{kept.id}")
    text = client.get(f"/deposits/{kept.id}").text
    assert "与账本不符" in text
    assert "保管的文件不是当时存证的文件" in text
    assert client.get(f"/deposits/{kept.id}/reread").status_code == 200


def test_somebody_elses_is_not_found(kept: Deposit, login: Login, make_user: MakeUser) -> None:
    client = login(make_user())
    assert client.get(f"/deposits/{kept.id}/reread").status_code == 404
    token = client.token("/deposits")
    answer = client.post(f"/deposits/{kept.id}/reread", data={"csrf_token": token})
    assert answer.status_code == 404
    assert client.post(f"/deposits/{kept.id}/reread").status_code in (400, 403), "CSRF"


@pytest.mark.parametrize("role", ["depositor", "notary", "auditor"])
@pytest.mark.parametrize("page", ["/operators/vouching", "/operators/packets"])
def test_the_operators_pages_are_for_operators(
    make_user: MakeUser, login: Login, page: str, role: str
) -> None:
    assert login(make_user(role)).get(page).status_code == 403


def test_the_alarm_stands_on_every_page_of_the_area_until_noted(
    services: Services, kept: Deposit, login_strong: Login, make_user: MakeUser
) -> None:
    _damage(services, kept)
    client = login_strong(make_user("operator"))
    assert "alert-danger" not in client.get("/operators").text
    answer = client.submit(
        "/operators/vouching/check", {"number": kept.number}, "/operators/vouching"
    )
    assert answer.status_code == 303
    for page in ("/operators", "/operators/settings", "/operators/packets", "/operators/vouching"):
        assert "保管的内容与账本不符" in client.get(page).text, page
    text = client.get("/operators/vouching").text
    assert kept.number in text
    assert kept.title not in text or not kept.title
    client.submit(f"/operators/vouching/{kept.id}/noted", page="/operators/vouching")
    assert "保管的内容与账本不符。" not in client.get("/operators").text
    assert kept.number in client.get("/operators/vouching").text
    again = client.submit(f"/operators/vouching/{kept.id}/check", page="/operators/vouching")
    assert again.status_code == 303


def test_an_unknown_number_keeps_what_was_typed(login_strong: Login, make_user: MakeUser) -> None:
    client = login_strong(make_user("operator"))
    answer = client.submit(
        "/operators/vouching/check", {"number": 'NE"><script>'}, "/operators/vouching"
    )
    assert answer.status_code == 404
    assert "NE&#34;&gt;&lt;script&gt;" in answer.text


def test_packets_say_how_to_switch_them_on(login_strong: Login, make_user: MakeUser) -> None:
    client = login_strong(make_user("operator"))
    assert "PACKETS=3/4" in client.get("/operators/packets").text
    assert client.get("/operators/packets/live").status_code == 200


def test_monitoring_sees_alarms(
    services: Services, kept: Deposit, client: PortalClient, make_user: MakeUser, make_key: MakeKey
) -> None:
    key = make_key(make_user("operator"), ("read",))
    assert "portal_vouch_alarms 0.0" in client.get("/metrics", headers=client.bearer(key)).text
    _damage(services, kept)
    services.vouching.verify(Actor.process("cli"), kept.id)
    text = client.get("/metrics", headers=client.bearer(key)).text
    assert "portal_vouch_alarms 1.0" in text
    assert 'portal_vouch_deposits{outcome="tampered"} 1.0' in text


def test_the_command_line_says_it_by_its_status(
    services: Services, kept: Deposit, app: Flask
) -> None:
    runner = app.test_cli_runner()
    sound = runner.invoke(args=["vouch", kept.number])
    assert (sound.exit_code, "untampered" in sound.output) == (0, True), sound.exception
    _damage(services, kept)
    found = runner.invoke(args=["vouch", kept.number, "--json"])
    assert found.exit_code == 1
    assert json.loads(found.output)["faults"][0]["code"] == "original-digest"
    assert runner.invoke(args=["vouch", "NE20000101-00000000"]).exit_code == 2
