"""Organisations through the pages: made, joined, acted for, left, and what attackers send."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import event

from portal.accounts.models import User
from portal.services import Services
from tests.functional.conftest import Advance
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser
from tests.portal.organisations.conftest import acting, actor_of, put

Login = Callable[[User], PortalClient]
SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
_ORGANISATION = re.compile(r"/organisations/([0-9a-f-]{36})$")


@dataclass
class Person:
    """Somebody with a browser that reads English."""

    user: User
    browser: PortalClient

    def submit(self, path: str, page: str = "/organisations", **fields: str):  # type: ignore[no-untyped-def]
        return self.browser.submit(path, fields, page=page)

    def act(self, organisation: str) -> None:
        assert self.submit("/organisations/act", organisation=organisation).status_code == 303

    def text(self, path: str) -> str:
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", self.browser.get(path).text)).split())


@pytest.fixture
def person(make_user: MakeUser, login: Login) -> Callable[..., Person]:
    def make(name: str, *roles: str) -> Person:
        user = make_user(*roles, name=name)
        browser = login(user)
        browser.submit("/language", {"locale": "en"}, page="/organisations")
        return Person(user, browser)

    return make


@pytest.fixture
def boss(person: Callable[..., Person]) -> Person:
    return person("管经理")


def found(boss: Person, name: str = "甲公司", **more: str) -> str:
    """Make an organisation; its id."""
    answer = boss.submit("/organisations", name_zh=name, **more)
    assert answer.status_code == 303, answer.text
    match = _ORGANISATION.search(answer.location)
    assert match
    return match[1]


def invite(boss: Person, organisation: str, guest: Person, role: str = "member") -> str:
    """The path of the link that the page shows once."""
    answer = boss.submit(
        f"/organisations/{organisation}/invitations", email=guest.user.email, role=role
    )
    assert answer.status_code == 201, answer.text
    link = re.search(r"<code>http[^<]*(/invitation\?link=[\w-]+)</code>", answer.text)
    assert link
    return link[1]


def accept(guest: Person, link: str) -> None:
    secret = link.partition("=")[2]
    answer = guest.submit("/invitation/accept", page=link, link=secret)
    assert answer.status_code == 303, answer.text


@contextmanager
def queries(services: Services) -> Iterator[list[str]]:
    """The SQL asked while this lasts."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            asked.append(statement)

    event.listen(services.database.engine, "before_cursor_execute", note)
    yield asked
    event.remove(services.database.engine, "before_cursor_execute", note)


def test_made_joined_and_acted_for(
    boss: Person, person: Callable[..., Person], advance: Advance
) -> None:
    organisation = found(boss, name_en="Jia Ltd", registration_number="91350100m000100y43")
    guest = person("李娜")
    link = invite(boss, organisation, guest)
    shown = guest.text(link)
    assert "管经理 invites you to join 甲公司." in shown
    assert "nobody has checked who this organisation is" in shown
    accept(guest, link)
    guest.act(organisation)
    assert "You act for 甲公司" in guest.browser.get("/").text
    made = guest.browser.submit(
        "/deposits/new",
        {"mode": "digest", "sha256": "ab" * 32, "title": "为公司存证"},
        page="/deposits/new",
    )
    assert made.status_code == 303, made.text
    advance()
    boss.act(organisation)
    assert "为公司存证" in boss.text("/deposits")
    assert "为公司存证" in boss.text(made.location)
    guest.act("")
    assert "为公司存证" not in guest.text("/deposits")
    assert "Deposits 1" in boss.text(f"/organisations/{organisation}")


def test_who_is_removed_is_out_at_once(
    services: Services, boss: Person, person: Callable[..., Person], client: PortalClient
) -> None:
    organisation, guest = found(boss), person("李娜")
    accept(guest, invite(boss, organisation, guest, "manager"))
    guest.act(organisation)
    plain = services.organisations.keys.create(
        actor_of(guest.user), organisation, "key", ("read", "write"), 30
    )
    deposit = put(services, acting(services, boss.user, organisation))
    assert guest.browser.get(f"/deposits/{deposit.id}").status_code == 200
    assert client.get("/api/v1/deposits", headers=client.bearer(plain)).status_code == 200
    token = guest.browser.token("/organisations")

    assert (
        boss.submit(f"/organisations/{organisation}/members/{guest.user.id}/remove").status_code
        == 303
    )

    assert client.get("/api/v1/deposits", headers=client.bearer(plain)).status_code == 401
    # What was meant for the organisation is not silently done for oneself …
    refused = guest.browser.post(
        "/deposits/new",
        data={"mode": "digest", "sha256": "cd" * 32, "csrf_token": token},
        headers={"Accept-Language": "en"},
    )
    assert refused.status_code == 403
    assert "You no longer belong to the organisation" in refused.text
    # … and from then on they act for themselves.
    assert guest.browser.get(f"/deposits/{deposit.id}").status_code == 404
    assert guest.browser.get(f"/organisations/{organisation}").status_code == 404
    assert "甲公司" not in guest.text("/deposits")


def test_one_query_for_whom_one_acts_and_none_for_oneself(services: Services, boss: Person) -> None:
    organisation = found(boss)
    boss.act("")
    boss.browser.get("/account/keys")  # the choices are in the session from here on
    with queries(services) as alone:
        boss.browser.get("/account/keys")
    boss.act(organisation)
    boss.browser.get("/account/keys")
    with queries(services) as behalf:
        boss.browser.get("/account/keys")
    asked = [each for each in behalf if "organisation_members" in each]
    assert not [each for each in alone if "organisation_members" in each]
    assert len(asked) == 1
    assert len(behalf) == len(alone) + 1


def test_forged_fields_raise_nobody(boss: Person, person: Callable[..., Person]) -> None:
    organisation, guest = found(boss), person("李娜")
    link = invite(boss, organisation, guest, "reader")
    secret = link.partition("=")[2]
    guest.submit(
        "/invitation/accept", page=link, link=secret, role="manager", organisation_role="manager"
    )
    own = f"/organisations/{organisation}/members/{guest.user.id}/role"
    assert guest.submit(own, role="manager").status_code == 403
    assert "reader" in guest.text(f"/organisations/{organisation}")
    answer = boss.submit(own, role="administrator")
    assert answer.status_code == 303
    assert "reader" in guest.text(f"/organisations/{organisation}")
    for forged in (organisation + "x", "' OR 1=1 --", "\x01", "made-up"):
        assert guest.submit("/organisations/act", organisation=forged).status_code == 404
    stranger = person("外人")
    assert stranger.submit("/organisations/act", organisation=organisation).status_code == 404
    made = boss.submit(
        "/organisations",
        name_zh="乙公司",
        state="verified",
        verified_at="2026-01-01",
        created_by=guest.user.id,
        id=organisation,
    )
    assert "unverified" in boss.text(made.location)
    assert _ORGANISATION.search(made.location)[1] != organisation  # type: ignore[index]


def test_script_in_names_stays_text(
    services: Services, boss: Person, person: Callable[..., Person]
) -> None:
    organisation, guest, clerk = (
        found(boss, name=SCRIPT),
        person(SCRIPT),
        person("公证员", "notary"),
    )
    link = invite(boss, organisation, guest)
    pages = [(boss, "/organisations"), (guest, link), (clerk, "/clerk/organisations")]
    accept(guest, link)
    services.organisations.keys.create(actor_of(boss.user), organisation, SCRIPT, ("read",), 30)
    boss.act(organisation)
    deposit = put(services, acting(services, boss.user, organisation))
    outsider = person("外人")
    boss.submit(f"/deposits/{deposit.id}/access", email=outsider.user.email)
    pages += [(boss, f"/organisations/{organisation}"), (boss, f"/deposits/{deposit.id}/access")]
    pages += [(boss, f"/deposits/{deposit.id}"), (outsider, "/shared"), (boss, "/")]
    for who, path in pages:
        answer = who.browser.get(path)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text, path
        assert "<img src=x" not in answer.text, path
    again = boss.submit("/organisations", name_zh=SCRIPT, registration_number=SCRIPT)
    assert again.status_code == 422
    assert "<script>alert" not in again.text
    assert html.escape(SCRIPT, quote=False)[:20] in again.text  # what was typed is kept


def test_access_is_handed_out_found_and_ended(
    services: Services, boss: Person, person: Callable[..., Person]
) -> None:
    colleague = person("李娜")
    deposit = put(services, actor_of(boss.user), title="给同事看")
    page = f"/deposits/{deposit.id}/access"
    assert colleague.browser.get(f"/deposits/{deposit.id}").status_code == 404
    wrong = boss.submit(page, email="nobody@example.com")
    assert wrong.status_code == 422
    assert "Nobody has an account here with this address" in wrong.text
    assert 'value="nobody@example.com"' in wrong.text
    for until in ("2020-01-01", "9999-12-31", "yesterday"):
        assert boss.submit(page, email=colleague.user.email, until=until).status_code == 422
    assert boss.submit(page, email=colleague.user.email, until="2099-12-31").status_code == 303
    assert "给同事看" in colleague.text("/shared")
    assert "until 2100-01-01 00:00" in colleague.text("/shared")
    assert colleague.browser.get(f"/deposits/{deposit.id}").status_code == 200
    assert colleague.browser.get(page).status_code == 403
    end = re.search(rf"/deposits/{deposit.id}/access/[0-9a-f-]+/end", boss.browser.get(page).text)
    assert end
    assert colleague.submit(end[0]).status_code == 403
    assert boss.submit(end[0]).status_code == 303
    assert colleague.browser.get(f"/deposits/{deposit.id}").status_code == 404
    assert "Nothing is shared with you" in colleague.text("/shared")


def test_a_clerk_verifies_through_the_page(boss: Person, person: Callable[..., Person]) -> None:
    organisation = found(boss)
    clerk = person("公证员", "notary")
    assert boss.browser.get("/clerk/organisations").status_code == 403
    verify = f"/clerk/organisations/{organisation}/verify"
    assert boss.submit(verify, note="x", name_zh="甲公司").status_code == 403
    empty = clerk.submit(verify, page="/clerk/organisations", note="", name_zh="甲公司")
    assert (empty.status_code, "Please say what was seen" in empty.text) == (422, True)
    stale = clerk.submit(verify, page="/clerk/organisations", note="seen", name_zh="别的公司")
    assert stale.status_code == 409
    done = clerk.submit(verify, page="/clerk/organisations", note="营业执照原件", name_zh="甲公司")
    assert done.status_code == 303
    assert "营业执照原件" in boss.text(f"/organisations/{organisation}")
    boss.submit(f"/organisations/{organisation}", name_zh="乙公司")
    assert "unverified" in boss.text(f"/organisations/{organisation}")


def test_the_last_manager_is_told_why_they_stay(boss: Person) -> None:
    organisation = found(boss)
    assert boss.submit(f"/organisations/{organisation}/leave").status_code == 303
    assert "An organisation needs a manager" in boss.text(f"/organisations/{organisation}")


def test_a_key_is_shown_once_and_speaks_for_the_organisation(
    services: Services, boss: Person, client: PortalClient
) -> None:
    organisation = found(boss)
    made = boss.submit(
        f"/organisations/{organisation}/keys", name="backup", scopes="write", days="30"
    )
    assert made.status_code == 201
    plain = re.search(r"nep_[0-9a-z]{16}_[0-9a-f]{64}", made.text)
    assert plain
    again = boss.browser.get(f"/organisations/{organisation}").text
    assert plain[0] not in again
    answer = client.post(
        "/api/v1/deposits",
        json={"digests": {"sha256": "ef" * 32}},
        headers=client.bearer(plain[0]),
    )
    assert answer.status_code == 201
    assert answer.json
    deposit = services.deposits.get(actor_of(boss.user), answer.json["id"])
    assert deposit.organisation_id == organisation
    assert client.get("/api/v1/deposits", headers=client.bearer(plain[0])).status_code == 403


@pytest.mark.parametrize("path", ["/organisations", "/shared"])
def test_empty_pages_say_what_to_do_in_both_languages(boss: Person, path: str) -> None:
    english = boss.text(path)
    boss.submit("/language", locale="zh")
    chinese = boss.text(path)
    expected = {
        "/organisations": (
            "Make one below and invite your colleagues",
            "可在下方创建机构并邀请同事",
        ),
        "/shared": ("They need the e-mail address of your account", "请把您的账户邮箱告诉对方"),
    }[path]
    assert expected[0] in english
    assert expected[1] in chinese
