"""Depositing through the pages, and what they say when something is not right."""

from __future__ import annotations

import csv
import hashlib
import html
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from portal.accounts.models import User
from portal.settings import Settings
from tests.functional.conftest import Advance, Page, json_error
from tests.portal.client import PortalClient
from tests.portal.conftest import MakeSettings, MakeUser

FORM = "/deposits/new"
SCRIPT = {"Accept": "application/json"}


def upload(content: bytes = b"content", name: str = "a.txt") -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_limits_are_told_before(depositor: PortalClient) -> None:
    assert "One file of 1 byte to 2 GiB" in depositor.get(FORM).text


def test_item_page_tells_everything(page: Page, advance: Advance) -> None:
    content = "合同正文".encode()
    address = page.deposit(content, "合同𠮷.txt", title="供货合同", note="第一行\r\n第二行")
    advance()
    shown = text_of(page.browser.get(address).text)
    assert hashlib.sha256(content).hexdigest() in shown.replace(" ", "")
    for expected in (
        "供货合同",
        "合同𠮷.txt",
        "第一行 第二行",
        "12 bytes",
        "Letter issued",
        "UTC+08:00",
    ):
        assert expected in shown
    for strength in ("self-run", "brought by depositor", "not notarised"):
        assert strength in shown
    for act in ("received, digest computed", "time-stamped", "recorded on the ledger"):
        assert act in shown


def test_custody_log_of_an_item_page_by_page(
    page: Page,
    monkeypatch: pytest.MonkeyPatch,
    login: Callable[[User], PortalClient],
    make_user: MakeUser,
) -> None:
    monkeypatch.setattr("portal.deposits.item._ENTRIES", 2)
    address = page.deposit(b"x")
    for _ in range(3):
        page.browser.get(f"{address}/original")
    assert "All entries" not in page.browser.get(address).text
    newest = page.browser.get(f"{address}/custody").text
    assert newest.count("handed out: original") == 2
    older = re.search(r'rel="next" href="([^"]+)"', newest)
    assert older is not None
    rest = text_of(page.browser.get(older[1].replace("&amp;", "&")).text)
    assert "handed out: original" in rest
    assert "received, digest computed" in rest
    assert page.browser.get(f"{address}/custody?before=-99999999999999999999").status_code == 200
    assert login(make_user(name="李四")).get(f"{address}/custody").status_code == 404


def test_item_page_shows_who_vouches_and_when(page: Page, advance: Advance) -> None:
    address = page.deposit(b"x")
    before = text_of(page.browser.get(address).text)
    assert "Who vouches for what" in before
    assert "to come" in before
    advance()
    shown = page.browser.get(address).text
    said = text_of(shown)
    for expected in ("nobody outside watches the ledger", "the depositor's word", "self-run"):
        assert expected in said
    assert shown.count('class="ruler-mark') == 2 * 5
    assert 'class="qr"' in shown
    assert " style=" not in shown  # the content security policy would drop it
    assert "/verify/NE" in shown


def test_downloads(page: Page, advance: Advance) -> None:
    address = page.deposit(b"to be fetched", "合同.txt")
    assert page.browser.get(f"{address}/letter").status_code == 409
    advance()
    for what, start in (
        ("letter", b"%PDF-"),
        ("token", b"0\x82"),
        ("receipt", b"{"),
        ("package", b"PK"),
    ):
        answer = page.browser.get(f"{address}/{what}")
        assert answer.status_code == 200
        assert answer.data.startswith(start)
        assert answer.headers["Content-Disposition"].startswith("attachment")
    original = page.browser.get(f"{address}/original")
    assert original.data == b"to be fetched"
    assert original.mimetype == "application/octet-stream"
    shown = text_of(page.browser.get(address).text)
    assert "handed out: letter" in shown
    assert "handed out: original" in shown


def test_digest_only(depositor: PortalClient, advance: Advance) -> None:
    digest = hashlib.sha256(b"stays here").hexdigest()
    fields = {"mode": "digest", "sha256": f" {digest.upper()}\n", "title": "Kept at home"}
    answer = depositor.submit(FORM, fields)
    assert answer.status_code == 303
    advance()
    shown = text_of(depositor.get(answer.location).text)
    assert "The portal has not seen the file." in shown
    assert "Original" not in shown
    assert depositor.get(f"{answer.location}/original").status_code == 404


@pytest.mark.parametrize("size", ["9" * 5_000, "٤", "-1", "1e3"])
def test_a_size_that_is_none_is_left_out(depositor: PortalClient, size: str) -> None:
    answer = depositor.submit(FORM, {"mode": "digest", "sha256": "0" * 64, "size": size})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"mode": "file"}, "Choose a file first."),
        ({"mode": "file", "file": upload(b"")}, "An empty file has nothing to prove."),
        ({"mode": "digest"}, "Choose the file above, or enter its SHA-256."),
        ({"mode": "digest", "sha256": "ab"}, "A SHA-256 has 64 characters"),
        ({"mode": "digest", "sha256": "g" * 64}, "A SHA-256 has 64 characters"),
        ({"mode": "file", "file": upload(), "sha256": "0" * 64}, "does not have the sha256 given"),
        ({"mode": "file", "file": upload(), "title": "x" * 201}, "At most 200 characters."),
        ({"mode": "file", "file": upload(), "title": "a\x00b"}, "NUL"),
        ({"mode": "other", "file": upload()}, "Not a valid choice"),
    ],
)
def test_refusals_keep_the_text(
    depositor: PortalClient, fields: dict[str, Any], sentence: str
) -> None:
    fields = dict(fields)
    if "file" in fields:  # a stream is read once
        fields["file"] = upload(fields["file"][0].getvalue())
    answer = depositor.submit(FORM, {"note": "what I wrote", **fields})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "what I wrote" in answer.text
    assert "Nothing deposited yet" in depositor.get("/deposits").text


def test_refusals_to_the_script(depositor: PortalClient) -> None:
    token = depositor.token(FORM)
    headers = {**SCRIPT, "X-CSRFToken": token}
    refused = depositor.post(FORM, data={"mode": "file"}, headers=headers)
    assert refused.status_code == 422
    assert json_error(refused.text)["field"] == "file"
    taken = depositor.post(FORM, data={"mode": "file", "file": upload()}, headers=headers)
    assert taken.status_code == 201
    assert taken.json is not None
    assert depositor.get(taken.json["location"]).status_code == 200


def test_same_key_makes_one_deposit(page: Page) -> None:
    first = page.deposit(b"same", idempotency_key="k1")
    assert page.deposit(b"same", idempotency_key="k1") == first
    fields = {"mode": "file", "file": upload(b"other"), "idempotency_key": "k1"}
    answer = page.browser.submit(FORM, fields)
    assert answer.status_code == 409
    assert "was used for another request" in answer.text
    assert 'value="k1"' not in answer.text  # the next try is another request


def test_form_without_token_is_refused(depositor: PortalClient) -> None:
    assert depositor.post(FORM, data={"mode": "file", "file": upload()}).status_code == 400


def test_names_cannot_deceive(page: Page) -> None:
    address = page.deposit(b"x", "../../etc/invoice\u202efdp.exe")
    shown = page.browser.get(address).text
    assert "\u202e" not in shown
    assert r"invoice\u202efdp.exe" in shown


def test_other_peoples_deposits_are_not_found(
    page: Page, login: Callable[[User], PortalClient], make_user: MakeUser
) -> None:
    address = page.deposit()
    stranger = login(make_user(name="李四"))
    for part in (
        "",
        "/progress",
        "/custody",
        "/letter",
        "/token",
        "/receipt",
        "/package",
        "/original",
    ):
        assert stranger.get(address + part).status_code == 404
    assert address not in stranger.get("/deposits").text


def test_progress_is_silent_until_something_changes(page: Page, advance: Advance) -> None:
    address = page.deposit()
    shown = page.browser.get(address).text
    poll = re.search(r'hx-get="([^"]+)"', shown)
    assert poll is not None
    asked = poll[1].replace("&amp;", "&")
    assert page.browser.get(asked).status_code == 204
    advance()
    fragment = page.browser.get(asked)
    assert fragment.status_code == 200
    assert "hx-get" not in fragment.text
    assert "<html" not in fragment.text


def test_waiting_step_says_why(waiting_app: Flask, user: User) -> None:
    browser = waiting_app.test_client()
    assert isinstance(browser, PortalClient)
    browser.sign_in(user.email)
    browser.submit("/language", {"locale": "en"}, page="/deposits/new")
    address = Page(browser).deposit()
    waiting_app.extensions["notary"].deposits.advance()
    shown = text_of(browser.get(address).text)
    assert "Waiting at “Time-stamp”." in shown
    assert "The time-stamping authority cannot be reached." in shown
    assert "Next try at" in shown
    assert browser.get(f"{address}/letter").status_code == 409
    number = re.search(r"NE\d{8}-\w{8}", shown)
    assert number is not None
    public = text_of(browser.get(f"/verify?n={number[0]}").text)
    assert "This cannot be checked now." in public


class TestList:
    def test_filters(self, page: Page, advance: Advance) -> None:
        page.deposit(title="Alpha 一")
        advance()
        page.deposit(title="Beta 100%")

        def titles(query: str) -> list[str]:
            found = page.browser.get(f"/deposits?{query}").text
            return re.findall(r'class="row-title">([^<]+)<', found)

        assert titles("") == ["Beta 100%", "Alpha 一"]
        assert titles("text=alpha") == ["Alpha 一"]
        assert titles("text=%25") == []
        assert titles("text=100%25") == ["Beta 100%"]
        assert titles("state=issued") == ["Alpha 一"]
        assert titles("state=received") == ["Beta 100%"]
        assert titles("state=nonsense") == ["Beta 100%", "Alpha 一"]
        assert titles("until=2020-01-01") == []
        assert len(titles("since=2020-01-01&until=2999-12-31")) == 2

    @pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "0001-01-01"])
    def test_dates_that_are_none(self, depositor: PortalClient, day: str) -> None:
        answer = depositor.get(f"/deposits?since={day}")
        assert answer.status_code == 200

    def test_pages(self, page: Page) -> None:
        for number in range(31):
            page.deposit(title=f"number {number}")
        first = page.browser.get("/deposits?text=number").text
        assert first.count("row-item") == 30
        assert "31 deposits" in first
        older = re.search(r'rel="next" href="([^"]+)"', first)
        assert older is not None
        second = page.browser.get(older[1].replace("&amp;", "&")).text
        assert second.count("row-item") == 1
        assert "number 0" in second
        assert "text=number" in older[1]

    def test_filters_stay_in_the_address_and_can_be_taken_away(self, page: Page) -> None:
        page.deposit(title="Alpha")
        shown = page.browser.get("/deposits?text=alpha&kind=file&sort=title&size=100").text
        assert "Words: alpha" in shown
        assert 'href="/deposits?text=alpha&amp;sort=title&amp;size=100"' in shown
        assert 'href="/deposits?kind=file&amp;sort=title&amp;size=100"' in shown
        assert 'href="/deposits/export.csv?text=alpha&amp;kind=file' in shown

    @pytest.mark.parametrize(
        "text",
        ['"><script>alert(1)</script>', "' OR 1=1 --", "%", "x" * 10_000, "合" * 5000, "\u202e"],
    )
    def test_what_is_typed_stays_text(self, page: Page, text: str) -> None:
        page.deposit(title="Alpha")
        shown = page.browser.get("/deposits", query_string={"text": text})
        assert shown.status_code == 200
        assert "<script>alert" not in shown.text
        assert "Nothing fits" in shown.text
        assert len(shown.text) < 100_000

    def test_other_peoples_are_neither_found_nor_counted(
        self, page: Page, login: Callable[[User], PortalClient], make_user: MakeUser
    ) -> None:
        page.deposit(title="secret")
        stranger = login(make_user(name="李四"))
        for query in ("text=secret", "state=received", "owner=shared", "sort=title", ""):
            shown = stranger.get(f"/deposits?{query}").text
            assert "row-item" not in shown, query
            assert "1 deposit" not in shown, query
        assert b"secret" not in stranger.get("/deposits/export.csv").data

    def test_taken_away_as_csv(self, page: Page, advance: Advance) -> None:
        page.deposit(b"x", title='=HYPERLINK("http://evil")', note="a,b\r\nc")
        advance()
        page.deposit(b"y", "合同.pdf", title="@SUM(1)")
        page.deposit(b"z", title="other")
        answer = page.browser.get("/deposits/export.csv?text=sum")
        assert answer.mimetype == "text/csv"
        assert "attachment" in answer.headers["Content-Disposition"]
        assert answer.data.startswith("\ufeff".encode())
        rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
        assert [row["title"] for row in rows] == ["'@SUM(1)"]
        assert rows[0]["sha256"] == hashlib.sha256(b"y").hexdigest()
        assert rows[0]["received_at"].endswith("+08:00")
        every = page.browser.get("/deposits/export.csv").text
        assert "'=HYPERLINK" in every
        assert '"a,b\nc"' in every

    def test_taking_the_list_away_is_in_the_custody_log(
        self, page: Page, login: Callable[[User], PortalClient], make_user: MakeUser
    ) -> None:
        page.deposit()
        assert page.browser.head("/deposits/export.csv").status_code == 200
        auditor = login(make_user("auditor"))
        assert "deposits:list" not in auditor.get("/audit").text
        page.browser.get("/deposits/export.csv?text=abc")
        assert "deposits:list" in auditor.get("/audit").text
        assert "text=abc" in auditor.get("/audit").text

    def test_empty_lists_say_what_to_do(self, depositor: PortalClient) -> None:
        assert "Nothing deposited yet" in depositor.get("/deposits").text
        assert "Try fewer words" in depositor.get("/deposits?text=x").text
        shared = depositor.get("/deposits?owner=shared").text
        assert "Nobody has shared anything with you yet" in shared

    def test_each_order_and_size(self, page: Page) -> None:
        for title in ("b", "a"):
            page.deposit(title=title)

        def titles(query: str) -> list[str]:
            found = page.browser.get(f"/deposits?{query}").text
            return re.findall(r'class="row-title">([^<]+)<', found)

        assert titles("sort=oldest") == ["b", "a"]
        assert titles("sort=title") == ["a", "b"]
        assert titles("sort=nonsense&size=7&kind=nonsense&owner=x") == ["a", "b"]

    def test_a_cursor_nobody_gave(self, depositor: PortalClient) -> None:
        assert depositor.get("/deposits?cursor=made-up").status_code == 422


@pytest.fixture
def settings(make_settings: MakeSettings, request: pytest.FixtureRequest) -> Settings:
    limit = getattr(request, "param", None)
    return make_settings(**({"max_upload_bytes": limit} if limit else {}))


@pytest.mark.parametrize("settings", [1000], indirect=True)
def test_file_over_the_limit(depositor: PortalClient, settings: Settings) -> None:
    assert "to 1000 bytes" in depositor.get(FORM).text
    headers = {**SCRIPT, "X-CSRFToken": depositor.token(FORM)}
    fields = {"mode": "file", "file": upload(b"x" * 1001), "title": "Mine"}
    answer = depositor.post(FORM, data=fields, headers=headers)
    assert answer.status_code == 413
    assert "1000 bytes" in json_error(answer.text)["message"]
    plain = depositor.submit(FORM, {"mode": "file", "file": upload(b"x" * 1001)})
    assert plain.status_code == 413
    taken = depositor.submit(FORM, {"mode": "file", "file": upload(b"x" * 1000)})
    assert taken.status_code == 303
