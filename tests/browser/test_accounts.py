"""A newcomer's account in a real browser: confirm the address, set up a passkey and an app, sign in
with each. Chromium's virtual authenticator stands in for the finger."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from portal.accounts import totp
from tests.browser.acts import authenticator_of
from tests.browser.conftest import PASSWORD, OpenPage, Watch
from tests.browser.office import press
from tests.browser.server import LivePortal, live_portal
from tests.browser.test_pages import axe_violations, has_sideways_scroll
from tests.effort import some
from tests.totp import away_from_a_step

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePortal]:
    """One that wants addresses confirmed, and is reached by a name, as passkeys need."""
    with live_portal(tmp_path_factory.mktemp("accounts"), CONFIRM_EMAIL="true") as running:
        url = running.url.replace("127.0.0.1", "localhost")
        yield replace(running, url=url)


def _sign_out(page: Page) -> None:
    page.click(".site-menu summary")
    page.click("text=Sign out >> visible=true")
    expect(page.locator(".site-user")).to_have_count(0)


def _password(page: Page, email: str) -> None:
    page.goto("/signin")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.click("input[type=submit]")


def test_a_passkey_from_making_to_signing_in(newcomer: Callable[[str], Page]) -> None:
    email = "passkey@example.com"
    page = newcomer(email)
    session, authenticator = authenticator_of(page)
    page.goto("/account")
    page.fill("#passkey-name", "办公室电脑")
    page.click("button:has-text('Add a passkey')")
    expect(page.locator("h1")).to_have_text("Recovery codes")
    expect(page.locator(".codes li")).to_have_count(10)
    held = session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})
    assert [each["rpId"] for each in held["credentials"]] == ["localhost"]
    page.click("text=I have kept them")
    expect(page.locator(".passkeys strong")).to_have_text("办公室电脑")

    page.fill("#passkey-name", "twice")
    page.click("button:has-text('Add a passkey')")
    expect(page.locator("[data-part=problem]")).to_contain_text("already holds a passkey")

    _sign_out(page)
    page.goto("/signin?next=/account")
    page.click("button:has-text('Sign in with a passkey')")
    expect(page.locator("h1")).to_have_text("My account")
    expect(page.locator(".passkeys")).not_to_contain_text("not used yet")
    first = page.locator("table tbody tr").first
    expect(first).to_contain_text("passkey")
    expect(first).to_contain_text("Chrom")

    page.click(".passkeys .btn-outline-danger")
    expect(page.locator(".passkeys")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("Only a password protects this account")


def test_a_passkey_nobody_touches_is_told(newcomer: Callable[[str], Page]) -> None:
    page = newcomer("refused@example.com")
    session, authenticator = authenticator_of(page)
    session.send(
        "WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False}
    )
    _sign_out(page)
    page.goto("/signin")
    page.click("button:has-text('Sign in with a passkey')")
    expect(page.locator("[data-part=problem]")).to_contain_text("No passkey was used")
    expect(page.locator("button:has-text('Sign in with a passkey')")).to_be_enabled()


def test_an_app_and_a_recovery_code(newcomer: Callable[[str], Page], watch: Watch) -> None:
    watch.expect("422")
    email = "app@example.com"
    page = newcomer(email)
    page.goto("/account/authenticator")
    expect(page.locator(".setup-picture img")).to_be_visible()
    assert page.locator(".setup-picture img").evaluate("each => each.naturalWidth") > 0
    page.click("text=It cannot be scanned?")
    key = page.locator(".secret code").inner_text().replace(" ", "")
    secret = base64.b32decode(key)
    away_from_a_step()
    page.fill("[name=code]", totp.code_at(secret, totp.step_of(time.time()) - 1))
    page.click("main [type=submit]")
    expect(page.locator(".codes code")).to_have_count(10)
    codes = page.locator(".codes code").all_inner_texts()
    press(page, page.locator("text=I have kept them"))
    _sign_out(page)

    _password(page, email)
    expect(page.locator("h1")).to_have_text("Second step")
    page.fill("[name=code]", "12345x")
    page.click("main [type=submit]")
    expect(page.locator(".invalid-feedback")).to_contain_text("wrong, too old, or was used before")
    page.fill("[name=code]", codes[0])
    page.click("main [type=submit]")
    expect(page.locator("[role=status].alert")).to_contain_text("Recovery codes left: 9")


def test_a_forgotten_password(
    newcomer: Callable[[str], Page], mailed: Callable[[str, str], str]
) -> None:
    email = "forgot@example.com"
    page = newcomer(email)
    _sign_out(page)
    page.goto("/signin")
    page.click("text=Forgot the password?")
    page.fill("[name=email]", email)
    page.click("main [type=submit]")
    expect(page.locator(".alert")).to_contain_text("If this address has an account")
    page.goto(mailed(email, "/forgotten/"))
    page.fill("[name=password]", "another long sentence")
    page.fill("[name=password_confirm]", "another long sentence")
    page.click("main [type=submit]")
    expect(page.locator(".alert")).to_contain_text("Sign in with it")


def test_at_another_address_the_button_says_where_to_go(
    open_page: OpenPage, portal: LivePortal
) -> None:
    page = open_page("/signin")
    page.goto(portal.url.replace("localhost", "127.0.0.1") + "/signin")
    expect(page.locator("[data-part=elsewhere]")).to_contain_text(portal.url)
    expect(page.locator("button:has-text('Sign in with a passkey')")).to_be_disabled()


@pytest.mark.parametrize("scheme", some(["light", "dark"], ["light"]))
def test_pages_are_accessible_and_fit_a_telephone(
    newcomer: Callable[..., Page], open_page: OpenPage, scheme: str
) -> None:
    options = {"color_scheme": scheme, "reduced_motion": "reduce"}
    page = newcomer(f"axe-{scheme}@example.com", **options)
    stranger = open_page("/", **options)
    found: list[str] = []
    wide: list[str] = []
    for visitor, paths in (
        (stranger, ("/signin", "/register", "/register/sent", "/forgotten", "/confirm")),
        (page, ("/account", "/account/authenticator", "/account/identity", "/account/verify")),
    ):
        for path in paths:
            visitor.set_viewport_size({"width": 1280, "height": 800})
            visitor.goto(path)
            found += axe_violations(visitor)
            visitor.set_viewport_size({"width": 390, "height": 800})
            if has_sideways_scroll(visitor):
                wide.append(path)
    assert not found, "\n".join(found)
    assert wide == []
