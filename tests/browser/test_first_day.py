"""A newcomer's first day, from an empty portal: a passkey, a folder of five hundred files on a bad
line, one of them found again, a colleague let in, a program that pulls the letter, a webhook that
tells of it, and what the custody log says about all that."""

from __future__ import annotations

import hashlib
import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.acts import authenticator_of, wait_for_letter
from tests.browser.conftest import Watch
from tests.browser.server import LivePortal, live_portal
from tests.portal.webhooks.listener import Listener

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

_FILES = 500
_WANTED = "第321页 现场照片.bin"
_ITEM = re.compile(r"/deposits/[0-9a-f-]{36}$")
_REVIEW = re.compile(r"/uploads/drafts/[0-9a-f-]{36}$")


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePortal]:
    """Empty, with addresses to be confirmed, reached by a name as passkeys need."""
    settings = {"CONFIRM_EMAIL": "true", "WEBHOOK_ALLOW_PRIVATE": "127.0.0.1/32"}
    with live_portal(tmp_path_factory.mktemp("first-day"), **settings) as running:
        yield replace(running, url=running.url.replace("127.0.0.1", "localhost"))


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    server = listener.start()
    yield listener
    server.shutdown()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "案卷2026"
    root.mkdir()
    for number in range(_FILES):
        name = _WANTED if number == 321 else f"第{number:03d}页.bin"
        (root / name).write_bytes(hashlib.sha512(str(number).encode()).digest() * 20)
    return root


def test_a_first_day(
    newcomer: Callable[..., Page],
    portal: LivePortal,
    folder: Path,
    listener: Listener,
    watch: Watch,
) -> None:
    watch.expect("net::ERR_")
    colleague = newcomer("colleague@example.com", name="李娜")
    page = newcomer("zhang@example.com", name="张伟")
    _make_passkey(page)
    item = _deposit_folder(page, folder)
    _find(page, item)
    _let_in(page, item, "colleague@example.com", colleague)
    key = _make_key(page)
    letter = _pull(portal, key, f"/api/v1{item}/letter")
    assert letter.startswith(b"%PDF-")
    _hear_of_a_letter(page, portal, key, listener)
    _read_ones_own_log(page)


def _make_passkey(page: Page) -> None:
    authenticator_of(page)
    page.goto("/account")
    page.fill("#passkey-name", "笔记本")
    page.click("button:has-text('Add a passkey')")
    page.click("text=I have kept them")
    expect(page.locator(".passkeys strong")).to_have_text("笔记本")


def _deposit_folder(page: Page, folder: Path) -> str:
    """The path of the item's page."""
    page.goto("/deposits/new")
    page.set_input_files("#folder", folder)
    state = page.locator("[data-part=many-state]")
    expect(state).to_have_text(f"{_FILES} of {_FILES} digested", timeout=60_000)
    seen: list[int] = []

    def line(route: Route) -> None:
        seen.append(1)
        if 200 < len(seen) < 215:
            route.abort("connectionreset")
        else:
            route.continue_()

    page.route("**/uploads/files**", line)
    page.fill("[name=title]", "五百页案卷")
    page.click("[data-part=submit]")
    page.wait_for_url(_REVIEW, timeout=240_000)
    assert len(seen) > _FILES, "what broke was sent again"
    page.unroute("**/uploads/files**")
    page.click("[data-part=confirm]")
    page.wait_for_url(_ITEM, timeout=60_000)
    wait_for_letter(page)
    return "/" + page.url.split("/", 3)[3]


def _find(page: Page, item: str) -> None:
    for _ in range(240):  # the index follows within seconds, on a machine that is not busy
        page.goto("/deposits?text=现场照片")
        if page.locator(f"a[href$='{item}']").count():
            return
        page.wait_for_timeout(250)
    raise AssertionError("one of the five hundred is not found again")


def _let_in(page: Page, item: str, email: str, colleague: Page) -> None:
    assert colleague.request.get(item).status == 404
    page.goto(item)
    page.locator("section[aria-labelledby=access] [name=email]").fill(email)
    page.locator("section[aria-labelledby=access] [type=submit]").click()
    expect(page.locator("section[aria-labelledby=access]")).to_contain_text(email)
    colleague.goto("/shared")
    colleague.click("text=五百页案卷")
    expect(colleague.locator("h1")).to_have_text("五百页案卷")


def _make_key(page: Page) -> str:
    page.goto("/account/keys")
    page.fill("[name=name]", "archive")
    page.click("main [type=submit]")
    return page.locator("#new-key").inner_text().strip()


def _pull(portal: LivePortal, key: str, path: str, body: object = None) -> bytes:
    request = urllib.request.Request(portal.url + path)
    request.add_header("Authorization", f"Bearer {key}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return bytes(answer.read())


def _hear_of_a_letter(page: Page, portal: LivePortal, key: str, listener: Listener) -> None:
    page.goto("/webhooks")
    page.fill("[name=url]", listener.url)
    for box in page.locator("[name=events]").all():
        box.set_checked(box.get_attribute("value") == "deposit.issued")
    page.click("main form:has([name=url]) button")
    expect(page.locator("main")).to_contain_text("whsec_")
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", page.locator("main").inner_text())
    assert secret is not None, "the secret is shown once"
    digest = hashlib.sha256(b"told of").hexdigest()
    made = json.loads(_pull(portal, key, "/api/v1/deposits", {"digests": {"sha256": digest}}))
    for _ in range(600):
        if listener.received:
            break
        page.wait_for_timeout(100)
    message = listener.received[0].verified(secret[0])
    assert message["type"] == "deposit.issued"
    assert made["id"] in json.dumps(message)


def _read_ones_own_log(page: Page) -> None:
    page.goto("/account/activity")
    log = page.locator("main")
    for words in ("signed in", "key", "access"):
        expect(log).to_contain_text(re.compile(words, re.IGNORECASE))
