"""The pages and the API of the consortium, through the client."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from chain_adapter.consortium import Rule
from portal.accounts.models import User
from portal.consortium.picture import draw
from portal.services import Services
from tests.chain_adapter.consortium.people import ZERO, authorities, identity, key, regulators
from tests.portal.client import PortalClient
from tests.portal.consortium.portal_world import PortalWorld

Login = Callable[[User], PortalClient]
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def peopled(founded: PortalWorld) -> PortalWorld:
    """A house with an office, three persons, of whom two stand in blocked branches."""
    world = founded.world
    for name, kind, parent in (
        ("house", 1, ""), ("office", 2, "house"), ("ann", 3, "office"), ("bob", 3, "house"),
        ("firm", 1, ""), ("eve", 3, "firm"),
    ):  # fmt: skip
        above = identity(parent) if parent else ZERO
        founded.carry_out(world.register(name, kind=kind, parent=above, level=0))
    founded.carry_out(world.act("blacklist", "firm", reason="<script>alert(1)</script>"))
    founded.carry_out(world.act("limit", "bob", by=regulators()[:1], value=3))
    return founded


def test_anybody_reads_and_nobody_is_named(peopled: PortalWorld, client: PortalClient) -> None:
    for address in ("", "/rule", "/messages", "/keys", "/members/" + identity("firm").hex()):
        page = client.get("/consortium" + address)
        assert page.status_code == 200, address
        assert "data-consortium" not in page.text, "nothing to sign before signing in"
    page = client.get("/consortium/members/" + identity("firm").hex()).text
    assert "&lt;script&gt;" not in page
    assert "<script>alert" not in page
    assert identity("eve").hex() in page


def test_members_are_searched_and_filtered(peopled: PortalWorld, client: PortalClient) -> None:
    def rows(query: str) -> list[str]:
        page = client.get(f"/consortium?{query}").text
        listed = page.split('id="list-title"')[1]
        names = ("house", "office", "ann", "bob", "firm", "eve")
        return [name for name in names if f"/members/{identity(name).hex()}" in listed]

    assert rows("standing=blacklisted") == ["firm"]
    assert rows("standing=branch_blocked") == ["eve"]
    assert rows("standing=limited") == ["bob"]
    assert rows("standing=nonsense") == ["house", "office", "ann", "bob", "firm", "eve"]
    assert rows(f"q={identity('ann').hex()[:12]}") == ["ann"]
    assert rows(f"q=0x{key('bob').address.hex()}") == ["bob"]
    assert rows("q=zzz") == []
    assert rows("page=99999999999999999999") == ["house", "office", "ann", "bob", "firm", "eve"]


def test_the_rule_stands_in_plain_words(
    founded: PortalWorld, client: PortalClient, rule: Rule
) -> None:
    page = client.get("/consortium/rule", headers=ENGLISH).text
    for words in ("3 of these 4", "Any 3 of the 5 of “council”", "regulator 0 alone may"):
        assert words in page
    assert client.get("/consortium/rule.json").data == rule.to_json()


def test_a_message_says_who_still_has_to_sign(
    peopled: PortalWorld, user: User, login: Login, client: PortalClient
) -> None:
    act = peopled.world.act("remove", "ann", by=regulators()[:2])
    row = peopled.post(act)
    address = f"/consortium/messages/{row.id}"
    page = client.get(address, headers=ENGLISH).text
    assert "council: 2 of 3" in page
    assert "regulator 2, regulator 3, regulator 4" in page
    assert "data-consortium" in login(user).get(address).text
    assert json.loads(client.get(address + ".json").data) == act.to_object()
    assert client.get("/consortium/messages/" + "0" * 64).status_code == 404
    assert client.get("/consortium/members/nobody").status_code == 404


def test_messages_signed_elsewhere_are_handed_in(
    founded: PortalWorld, user: User, login: Login
) -> None:
    browser = login(user)
    message = founded.world.register("ann")
    answer = browser.submit("/consortium/messages", {"text": message.encode().decode()})
    assert answer.status_code == 303
    assert answer.location.endswith(message.id(founded.world.domain).hex())  # type: ignore[arg-type]
    again = browser.submit("/consortium/messages", {"text": message.encode().decode()})
    assert again.status_code == 409
    wrong = browser.submit("/consortium/messages", {"text": "{<b>no}"})
    assert wrong.status_code == 422
    assert "{&lt;b&gt;no}" in wrong.text, "what was typed is kept, escaped"


def test_whoever_has_not_signed_in_hands_nothing_in(
    founded: PortalWorld, client: PortalClient
) -> None:
    body = founded.world.register("ann").encode()
    answer = client.post("/api/v1/consortium/messages", data=body)
    assert answer.status_code == 401
    assert client.post("/consortium/messages", data={"text": body.decode()}).status_code in (
        303,
        400,
    )


def test_the_api_takes_messages_and_gives_states(
    founded: PortalWorld, api_key: str, client: PortalClient
) -> None:
    headers = {"Authorization": f"Bearer {api_key}"}
    whole = founded.world.register("ann")
    first = replace(whole, certificates=())
    answer = client.post("/api/v1/consortium/messages", data=first.encode(), headers=headers)
    assert (answer.status_code, answer.json["state"]) == (201, "collecting")
    ways = {way["kind"]: (way["got"], way["need"]) for way in answer.json["ways"]}
    assert ways == {"keys": (1, 1), "authorities": (0, 3)}
    answer = client.post("/api/v1/consortium/messages", data=whole.encode(), headers=headers)
    assert answer.json["state"] == "ready"
    founded.services.consortium.advance()
    found = client.get(f"/api/v1/consortium/messages/{answer.json['id']}").json
    assert (found["state"], found["position"]) == ("anchored", 1)
    [member] = client.get("/api/v1/consortium/members").json["items"]
    assert member["identity"] == identity("ann").hex()
    assert client.get(f"/api/v1/consortium/members/{member['identity']}").json == member
    overview = client.get("/api/v1/consortium").json
    assert overview["authorities"] == ["0x" + each.address.hex() for each in authorities()]
    bad = client.post("/api/v1/consortium/messages", data=b"[]", headers=headers)
    assert (bad.status_code, bad.json["error"]["code"]) == (422, "consortium_malformed")
    big = client.post("/api/v1/consortium/messages", data=b" " * 70_000, headers=headers)
    assert big.status_code == 413


def test_the_picture_shows_levels_and_blocked_branches(peopled: PortalWorld) -> None:
    accounts = peopled.services.consortium.reading.accounts()
    picture = draw(accounts)
    order = [each.account.identity for each in picture.nodes if each.account]
    names = ("house", "office", "ann", "bob", "firm", "eve")
    assert order == [identity(name).hex() for name in names]
    blocked = [each.blocked for each in picture.nodes]
    assert blocked == [False, False, False, False, True, True]
    assert [each.x for each in picture.nodes] == [8, 38, 68, 38, 8, 38]
    assert [bool(each.line) for each in picture.nodes] == [False, True, True, True, False, True]
    branch = draw(accounts, identity("firm").hex())
    assert len(branch.nodes) == 2


def test_a_large_branch_says_how_many_more(peopled: PortalWorld) -> None:
    accounts = peopled.services.consortium.reading.accounts()
    house, person = accounts[0], accounts[3]
    many = [
        replace(person, member=replace(person.member, identity=number.to_bytes(32, "big")))
        for number in range(1, 1001)
    ]
    picture = draw([house, *many])
    assert [each.more for each in picture.nodes if each.account is None] == [980]
    assert picture.left_out == 0
    tops = [replace(each, member=replace(each.member, parent=ZERO)) for each in many]
    assert draw(tops).nodes[-1].more == 980


def test_without_a_consortium_there_are_no_pages(
    make_settings: Callable[..., object], client: PortalClient, services: Services
) -> None:
    services.consortium.membership._active = False
    for address in ("/consortium", "/consortium/rule", "/api/v1/consortium"):
        assert client.get(address).status_code == 404
    assert "/consortium" not in client.get("/").text
