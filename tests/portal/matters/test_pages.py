"""The applicant's pages, as a browser without scripts uses them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.deposits.models import Deposit
from portal.matters import notices
from portal.matters.models import Matter, MatterDocument, MatterMaterial, MatterParty, MatterState
from portal.matters.panels import add_matter_panel
from portal.matters.service import MatterService
from portal.services import Services
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import actor_of, put
from tests.portal.matters.conftest import (
    ID_CARD,
    PDF,
    PERSON,
    complete,
    sealed,
)

JSON = {"Accept": "application/json"}


@pytest.fixture
def who(make_user: MakeUser) -> User:
    return make_user(name="张三")


@pytest.fixture
def browser(login: Callable[[User], PortalClient], who: User) -> PortalClient:
    client = login(who)
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def owner(who: User) -> Actor:
    return actor_of(who)


@pytest.fixture
def thing(services: Services, owner: Actor) -> Deposit:
    return sealed(services, owner)


@pytest.fixture
def begun(matters: MatterService, owner: Actor, thing: Deposit) -> str:
    return matters.create(owner, thing.id)


@pytest.fixture
def lying(matters: MatterService, owner: Actor, begun: str) -> str:
    """An application with the office."""
    complete(matters, owner, begun)
    matters.submit(owner, begun)
    return begun


def what(**more: object) -> dict[str, object]:
    return {
        "purpose_code": "litigation",
        "purpose": "",
        "facts": "合同未被改动。",
        "destination": "CN",
        "language": "zh+en",
        "copies": "2",
        "go": "on",
    } | more


def person(**more: str) -> dict[str, str]:
    return {
        "role": "applicant",
        "kind": "person",
        "name": "张三",
        "document": "id-card",
        "country": "CN",
        "number": ID_CARD,
    } | more


def upload(client: PortalClient, begun: str, line: str, content: bytes, name: str = "a.pdf"):  # type: ignore[no-untyped-def]
    token = client.token(f"/my/matters/{begun}/notice")
    data = {"csrf_token": token, "file": (io.BytesIO(content), name)}
    return client.post(f"/my/matters/{begun}/materials/{line}", data=data)


def count(services: Services, table: type) -> int:
    with services.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_whole_way_through_the_pages(
    services: Services, browser: PortalClient, matters: MatterService, owner: Actor, thing: Deposit
) -> None:
    item = browser.get(f"/deposits/{thing.id}").text
    assert f"/my/matters/new?deposit={thing.id}" in item
    assert "No application yet" in browser.get("/my/matters").text
    started = browser.submit(
        "/my/matters/new",
        {"deposit": thing.id, "template": "preservation"},
        page=f"/my/matters/new?deposit={thing.id}",
    )
    assert started.status_code == 303
    begun = re.search(r"/my/matters/([^/]+)/what", started.location)[1]  # type: ignore[index]
    page = browser.get(started.location).text
    assert thing.sha256 in page
    assert "something is missing" in page
    here = f"/my/matters/{begun}"
    assert browser.submit(f"{here}/what", what()).location.endswith("/parties")
    assert browser.submit(f"{here}/parties/new", person()).status_code == 303
    parties = browser.get(f"{here}/parties").text
    assert "张**" in parties
    assert ID_CARD not in parties
    assert "1***" in parties
    line = matters.view(owner, begun).materials[0].id
    assert upload(browser, begun, line, PDF, "身份证.pdf").status_code == 303
    assert "身份证.pdf" in browser.get(f"{here}/materials").text
    notice = notices.current()
    told = browser.get(f"{here}/notice").text
    assert notice.edition in told
    assert "Notarisation Law" in told
    assert "公证的意义" in told
    words = {"edition": notice.edition, "sha256": notice.sha256}
    refused = browser.submit(f"{here}/notice", words)
    assert refused.status_code == 422
    assert "Tick the box" in refused.text
    assert browser.submit(f"{here}/notice", words | {"confirm": "yes"}).status_code == 303
    assert "Everything is there" in browser.get(f"{here}/review").text
    assert browser.submit(f"{here}/review").status_code == 303
    shown = browser.get(here).text
    assert "The office has your application" in shown
    assert "application submitted" in shown
    again = browser.submit(f"{here}/review", page="/my/matters?text=x")
    assert again.status_code == 409
    assert browser.get(f"{here}/what").location.endswith(begun)
    listed = browser.get("/my/matters?state=submitted").text
    assert "供货合同" in listed
    assert begun in listed
    assert begun not in browser.get("/my/matters?state=draft").text
    assert begun in browser.get(f"/deposits/{thing.id}").text


def test_nothing_typed_is_lost_when_a_field_is_wrong(browser: PortalClient, begun: str) -> None:
    here = f"/my/matters/{begun}"
    answer = browser.submit(f"{here}/what", what(facts="我的<b>话</b>", copies="99"))
    assert answer.status_code == 422
    assert "我的&lt;b&gt;话&lt;/b&gt;" in answer.text
    assert "Between 1 and 20" in answer.text
    answer = browser.submit(f"{here}/parties/new", person(number="1234", address="上海"))
    assert answer.status_code == 422
    assert 'value="上海"' in answer.text
    assert 'value="1234"' in answer.text
    assert "no such number" in answer.text


def test_what_is_typed_is_kept_as_it_comes(
    services: Services, browser: PortalClient, matters: MatterService, owner: Actor, begun: str
) -> None:
    here = f"/my/matters/{begun}"
    token = browser.token(f"{here}/what")
    half = what(purpose_code="", facts="半句") | {"csrf_token": token}
    assert browser.post(f"{here}/what", data=half, headers=JSON).json == {"saved": True}
    assert matters.view(owner, begun).application.facts == "半句"
    bad = browser.post(f"{here}/what", data=half | {"copies": "0"}, headers=JSON)
    assert (bad.status_code, bad.json["error"]["field"]) == (422, "copies")
    first = person(number="110") | {"csrf_token": token}
    made = browser.post(f"{here}/parties/new", data=first, headers=JSON).json
    assert made["address"].startswith(f"{here}/parties/")
    assert browser.post(made["address"], data=first | {"number": ID_CARD}, headers=JSON).json
    assert count(services, MatterParty) == 1
    assert not [each for each in matters.view(owner, begun).missing if each.step == "parties"]


def test_names_of_any_kind_are_shown_as_text(
    browser: PortalClient, matters: MatterService, owner: Actor, begun: str
) -> None:
    here = f"/my/matters/{begun}"
    names = ("<script>alert(1)</script>", '#eval("1")', "\u202e三张", "𠮷野家", "\u2066x")
    for name in names:
        browser.submit(f"{here}/parties/new", person(name=name))
    page = browser.get(f"{here}/parties").text + browser.get(f"{here}/review").text
    assert "<script>alert" not in page
    assert "\u202e" not in page
    assert "\u2066" not in page
    assert "𠮷**" in page
    for party, name in zip(matters.view(owner, begun).parties, names, strict=True):
        form = browser.get(f"{here}/parties/{party.id}").text
        assert "<script>alert" not in form
        assert matters.particulars(owner, begun, party.id).name == name


def test_files_over_the_limit_and_of_the_wrong_kind(
    services: Services, browser: PortalClient, matters: MatterService, owner: Actor, begun: str
) -> None:
    matters.add_party(owner, begun, PERSON)
    line = matters.view(owner, begun).materials[0].id
    here = f"/my/matters/{begun}"
    limit = services.settings.matter_document_bytes
    for size in (limit + 10, limit + 4 * 1024**2):
        answer = upload(browser, begun, line, PDF + bytes(size))
        assert answer.status_code == 413
        assert str(limit) in answer.text or "larger than the limit" in answer.text
    for content, name, told in (
        (b"<svg onload=alert(1)>", "a.pdf", "a.pdf was not kept"),
        (b"<html>", "a.png", "its content does"),
        (b"MZ" + bytes(100), "a.jpg", "PDF, JPEG, PNG"),
        (b"", "a.pdf", "The file is empty"),
        (PDF, "", "Choose a file first"),
    ):
        answer = upload(browser, begun, line, content, name)
        assert answer.status_code == 303, name
        assert told in browser.get(f"{here}/materials").text
    assert "20 MiB" in browser.get(f"{here}/materials").text
    assert count(services, MatterDocument) == 0
    assert not [key for key, _, _ in services.vault.kept() if key.startswith("matter/")]


def test_a_document_is_taken_away_as_bytes_and_never_as_a_page(
    browser: PortalClient, matters: MatterService, owner: Actor, lying: str
) -> None:
    document = matters.view(owner, lying).materials[0].documents[0].id
    answer = browser.get(f"/my/matters/{lying}/documents/{document}")
    assert answer.data == PDF
    assert answer.mimetype == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    with zipfile.ZipFile(
        io.BytesIO(browser.get(f"/my/matters/{lying}/everything.zip").data)
    ) as kept:
        assert "documents/01-身份证.pdf" in kept.namelist()
    timeline = browser.get(f"/my/matters/{lying}/timeline").text
    assert "document looked at" in timeline
    assert "everything handed in taken away" in timeline


def test_particulars_after_submission_are_read_and_recorded(
    browser: PortalClient, matters: MatterService, owner: Actor, lying: str
) -> None:
    party = matters.view(owner, lying).parties[0].id
    page = browser.get(f"/my/matters/{lying}/parties/{party}")
    assert ID_CARD in page.text
    assert "no-store" in page.headers["Cache-Control"]
    assert "<form" not in page.text.split("page-head")[1].split("site-foot")[0]
    assert "particulars looked at" in browser.get(f"/my/matters/{lying}").text


def test_strangers_pages(
    services: Services,
    login: Callable[[User], PortalClient],
    make_user: MakeUser,
    matters: MatterService,
    owner: Actor,
    lying: str,
    thing: Deposit,
) -> None:
    stranger = login(make_user(name="李四"))
    view = matters.view(owner, lying)
    party, document = view.parties[0].id, view.materials[0].documents[0].id
    line = view.materials[0].id
    here = f"/my/matters/{lying}"
    for address in (
        here,
        f"{here}/what",
        f"{here}/parties",
        f"{here}/parties/new",
        f"{here}/parties/{party}",
        f"{here}/materials",
        f"{here}/notice",
        f"{here}/review",
        f"{here}/timeline",
        f"{here}/documents/{document}",
        f"{here}/everything.zip",
        f"/my/matters/new?deposit={thing.id}",
    ):
        assert stranger.get(address).status_code == 404, address
    for address in (
        f"{here}/what",
        f"{here}/parties/new",
        f"{here}/parties/{party}",
        f"{here}/parties/{party}/remove",
        f"{here}/documents/{document}/remove",
        f"{here}/review",
        f"{here}/messages",
        f"{here}/withdraw",
        f"{here}/discard",
        "/my/matters/new",
    ):
        data = {"deposit": thing.id, **person()}
        assert stranger.submit(address, data, page="/account/password").status_code == 404, address
    token = stranger.token("/account/password")
    data = {"csrf_token": token, "file": (io.BytesIO(PDF), "a.pdf")}
    assert stranger.post(f"{here}/materials/{line}", data=data).status_code == 404
    assert count(services, MatterDocument) == 1


def test_messages_withdrawal_and_what_the_office_asks_for(
    services: Services,
    browser: PortalClient,
    matters: MatterService,
    owner: Actor,
    notary: Actor,
    lying: str,
) -> None:
    here = f"/my/matters/{lying}"
    assert browser.submit(f"{here}/messages", {"text": "<i>您好</i>"}, page=here).status_code == 303
    matters.post(notary, lying, "请补充合同原件照片")
    assert "unread messages: 1" in browser.get("/my/matters").text
    page = browser.get(here).text
    assert "&lt;i&gt;您好&lt;/i&gt;" in page
    assert "请补充合同原件照片" in page
    assert "new: 1" in page
    assert "new: 1" not in browser.get(here).text
    empty = browser.submit(f"{here}/messages", {"text": " "}, page=here)
    assert empty.status_code == 422
    with services.database.transaction() as session:
        line = MatterMaterial(
            matter_id=lying,
            code="other",
            note="合同原件照片",
            asked_by=notary.id,
            asked_at=services.clock(),
        )
        session.add(line)
        session.get_one(Matter, lying).state = MatterState.ACCEPTED
    assert "to be handed in: 1" in browser.get("/my/matters").text
    assert "The office asks you for this" in browser.get(here).text
    data = {"csrf_token": browser.token(here), "file": (io.BytesIO(PDF), "b.pdf")}
    assert browser.post(f"{here}/materials/{line.id}", data=data).location.startswith(here)
    assert "The office asks you for this" not in browser.get(here).text
    bad = browser.submit(f"{here}/withdraw", {"reason": "", "note": "因为"}, page=here)
    assert bad.status_code == 422
    assert "因为" in bad.text
    good = browser.submit(f"{here}/withdraw", {"reason": "settled", "note": ""}, page=here)
    assert good.status_code == 303
    ended = browser.get(here).text
    assert "The application was withdrawn." in ended
    assert f"{here}/withdraw" not in ended


def test_taking_back_changing_and_discarding(
    services: Services, browser: PortalClient, matters: MatterService, owner: Actor, begun: str
) -> None:
    complete(matters, owner, begun)
    here, view = f"/my/matters/{begun}", matters.view(owner, begun)
    assert browser.get(here).location.endswith("/review")
    document, party = view.materials[0].documents[0].id, view.parties[0].id
    materials = f"{here}/materials"
    assert browser.submit(f"{here}/documents/{document}/remove", page=materials).status_code == 303
    changed = person(name="张三丰", phone="1")
    assert browser.submit(f"{here}/parties/{party}", changed).status_code == 303
    refused = browser.submit(f"{here}/review")
    assert refused.status_code == 422
    assert "identity document of 张** is not handed in" in refused.text
    assert browser.get(here).location.endswith("/materials")
    page = f"{here}/parties"
    assert browser.submit(f"{here}/parties/{party}/remove", page=page).status_code == 303
    assert browser.submit(f"{here}/discard", page=f"{here}/what").status_code == 303
    assert count(services, Matter) == 0
    assert browser.get(here).status_code == 404


def test_a_deposit_on_its_way_says_when(
    services: Services, browser: PortalClient, owner: Actor
) -> None:
    fresh = put(services.deposits, owner)
    assert (
        "as soon as its letter is issued" in browser.get(f"/my/matters/new?deposit={fresh.id}").text
    )
    refused = browser.submit("/my/matters/new", {"deposit": fresh.id}, page="/account/password")
    assert refused.status_code == 409


def test_panels_of_other_features(
    app,
    browser: PortalClient,
    lying: str,
    owner: Actor,  # type: ignore[no-untyped-def]
) -> None:
    asked: list[tuple[str, str]] = []

    def values(matter_id: str, actor: Actor) -> dict[str, object] | None:
        asked.append((matter_id, actor.id))
        return None if len(asked) > 1 else {"lines": []}

    add_matter_panel(app, "matters/item_panel.html", lambda *_: None, "office")
    add_matter_panel(app, "matters/notice_probe.html", lambda *_: None, "applicant")
    add_matter_panel(app, "matters/list_probe.html", values, "office")
    add_matter_panel(app, "organisations/switcher.html", values, "applicant")
    assert browser.get(f"/my/matters/{lying}").status_code == 200
    assert asked == [(lying, owner.id)]
