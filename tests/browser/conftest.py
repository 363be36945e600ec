"""Chromium against a live portal. Every page a test opens is watched: an error on the console, a
script error or a breach of the content security policy fails the test."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from portal.accounts.models import ROLES
from tests.browser.server import LivePortal, live_portal
from tests.waiting import wait_for

PASSWORD = "correct horse 电池"
CHROMIUM = str(Path(__file__).parents[1] / "chromium.py")
_ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update"]

#: Reports what the policy blocked to the console, where the watch sees it.
_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""

#: milliseconds for which anything on a page is waited for; a busy machine is no fault of the page
_PATIENCE = 60_000
expect.set_options(timeout=_PATIENCE)

OpenPage = Callable[..., Page]
_LINK = re.compile(r"https?://[^/\s]+(/\S+)")


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePortal]:
    with live_portal(tmp_path_factory.mktemp("portal")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not for the whole session: while Playwright runs, its event loop occupies this thread, and
    what other tests call with ``asyncio.run`` (pyHanko) would refuse to start inside it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield browser
        browser.close()


class Watch:
    """What went wrong on the pages of one test. ``expect`` names what is meant to happen."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._expected: list[str] = []

    def expect(self, text: str) -> None:
        """A console error with this text is part of the test: a refusal's status, say."""
        self._expected.append(text)

    def follow(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", lambda error: self.problems.append(str(error.error)))

    def unexpected(self) -> list[str]:
        return [one for one in self.problems if not any(text in one for text in self._expected)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(f"{message.page.url if message.page else ''}: {message.text}")


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    assert not watch.unexpected()


@pytest.fixture
def open_page(browser: Browser, portal: LivePortal, watch: Watch) -> Iterator[OpenPage]:
    """Open a page of the portal in a browser profile of its own; options as Playwright's."""
    contexts: list[BrowserContext] = []

    def open_one(path: str = "/", **options: Any) -> Page:
        options = {"locale": "en-US", "viewport": {"width": 1280, "height": 800}, **options}
        context = browser.new_context(base_url=portal.url, accept_downloads=True, **options)
        contexts.append(context)
        context.set_default_timeout(_PATIENCE)
        if options.get("java_script_enabled", True):
            context.add_init_script(_TELL_VIOLATIONS)
        watch.follow(context)
        page = context.new_page()
        page.goto(path)
        return page

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture
def register(open_page: OpenPage) -> Callable[..., Page]:
    """Register a new person through the form; their browser, signed in."""

    def go(name: str = "张伟", **options: Any) -> Page:
        page = open_page("/register", **options)
        page.fill("[name=name]", name)
        page.fill("[name=email]", f"{uuid.uuid4().hex}@example.com")
        page.fill("[name=password]", PASSWORD)
        page.fill("[name=password_confirm]", PASSWORD)
        page.click("main [type=submit]")
        page.wait_for_selector(".site-user", state="attached")
        return page

    return go


@pytest.fixture
def mailed(portal: LivePortal) -> Callable[[str, str], str]:
    """The path of the newest link that begins so, once the worker has delivered the mail."""

    def wait(to: str, begins: str) -> str:
        def newest() -> str:
            mails = sorted(portal.data_dir.glob("mail/*.eml"), reverse=True)
            links = (_link_in(path, to, begins) for path in mails)
            return next((link for link in links if link), "")

        return wait_for(newest, f"a mail to {to}")

    return wait


def _link_in(path: Path, to: str, begins: str) -> str:
    mail: Any = message_from_bytes(path.read_bytes(), policy=policy.default)
    links = _LINK.findall(mail.get_content()) if mail["To"] == to else []
    return next((link for link in links if link.startswith(begins)), "")


@pytest.fixture
def newcomer(open_page: OpenPage, mailed: Callable[[str, str], str]) -> Callable[[str], Page]:
    """Somebody who has registered and confirmed."""

    def go(email: str, name: str = "李娜", **options: Any) -> Page:
        page = open_page("/", **options)
        _register(page, email, name)
        page.goto(mailed(email, "/confirm/"))
        page.fill("[name=password]", PASSWORD)
        page.click("main [type=submit]")
        expect(page.locator(".site-user")).to_have_text(name)
        return page

    return go


def _register(page: Page, email: str, name: str) -> None:
    page.goto("/register")
    page.fill("[name=name]", name)
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=password_confirm]", PASSWORD)
    page.click("main [type=submit]")
    expect(page.locator("h1")).to_have_text("Look into your mailbox")


@pytest.fixture
def sign_in_staff(portal: LivePortal, open_page: OpenPage) -> Callable[..., Page]:
    """The browser of somebody in the office, who holds every role."""

    def go(**options: Any) -> Page:
        email = f"{uuid.uuid4().hex}@office.example.com"
        portal.flask(
            *("create-user", email, "--name", "陈静", "--password-stdin"),
            *(part for role in ROLES for part in ("--role", role)),
            entered=PASSWORD,
        )
        page = open_page("/signin", **options)
        page.fill("[name=email]", email)
        page.fill("[name=password]", PASSWORD)
        page.click("main [type=submit]")
        page.wait_for_selector(".site-user", state="attached")
        return page

    return go


@pytest.fixture
def depositor(register: Callable[..., Page]) -> Page:
    """Somebody who has just registered."""
    return register()


@pytest.fixture
def keep() -> Callable[[Page, str], None]:
    """Photograph a page, into the folder that PHOTOGRAPHS names; where it names none, do not."""
    folder = Path(os.environ.get("PHOTOGRAPHS", ""))

    def photograph(page: Page, name: str) -> None:
        if "PHOTOGRAPHS" not in os.environ:
            return
        folder.mkdir(parents=True, exist_ok=True)
        page.wait_for_timeout(1000)  # pages scroll to their answers
        page.screenshot(path=folder / f"{name}.png", full_page=True)

    return photograph


@pytest.fixture
def make_file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def make(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return make
