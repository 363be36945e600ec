"""What applicants and notaries do on the pages, in one place."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from portal.accounts import totp
from tests.browser.conftest import PASSWORD
from tests.totp import away_from_a_step

LONG = 90_000


def press(page: Page, button: Locator) -> None:
    """Click what leads to another page, and be there: a click alone may return before the page has
    gone, and what is asked or opened then is asked of the old one, or stops what was sent."""
    with page.expect_navigation():
        button.click()


def prove(page: Page) -> None:
    """Set up an authenticator app, and prove with its next code who sits here."""
    page.goto("/account/authenticator")
    page.click("text=It cannot be scanned?")
    secret = base64.b32decode(page.locator(".secret code").inner_text().replace(" ", ""))
    away_from_a_step()
    page.fill("[name=code]", totp.code_at(secret, totp.step_of(time.time()) - 1))
    page.click("main [type=submit]")
    press(page, page.locator("text=I have kept them"))
    page.goto("/desk/keys")
    if page.locator("h1", has_text="Who is it?").count():
        page.fill("[name=code]", totp.code_at(secret, totp.step_of(time.time())))
        page.click("main [type=submit]")
    expect(page.locator("h1")).to_contain_text("Keys")


def apply(page: Page, picture: Path, name: str, number: str) -> str:
    """From a sealed deposit's page to the office; the matter's page."""
    page.get_by_role("link", name="Apply for a certificate").click()
    page.get_by_role("button", name="Begin").click()
    page.check("[name=purpose_code] >> nth=0")
    expect(page.locator("#facts")).not_to_be_empty()
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_role("link", name="Name the applicant").click()
    page.fill("#name", name)
    page.select_option("#document", "id-card")
    page.select_option("#country", "CN")
    page.fill("#number", number)
    page.get_by_role("button", name="Save the party").click()
    page.get_by_role("link", name="Go on to the documents").click()
    lacking = page.locator(".material-missing form[data-hand-in]")
    expect(lacking.first).to_be_visible()
    for left in reversed(range(lacking.count())):
        lacking.first.locator("input[type=file]").set_input_files(picture)
        lacking.first.locator("button").click()
        expect(lacking).to_have_count(left)
    page.get_by_role("link", name="Go on to the notice").click()
    page.check("[name=confirm]")
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("button", name="Submit to the notary's office").click()
    expect(page.locator("main .state").first).to_contain_text("With the office")
    return page.url


def accept(page: Page, number: str, *, second: bool) -> str:
    """A notary takes the matter, looks at everything, and accepts it; its path."""
    page.goto("/desk")
    press(page, page.locator("a", has_text=number).first)
    path = page.url
    press(page, page.get_by_role("button", name="Take it").first)
    for link in page.locator("#parties a.btn").all():
        address = link.get_attribute("href")
        assert address is not None
        page.goto(address)
        press(page, page.get_by_role("button", name="Particulars and document agree"))
    page.goto(path)
    while (button := page.locator("#materials form button", has_text="Accept")).count():
        press(page, button.first)
        page.goto(path)
    page.get_by_role("link", name="Accept", exact=True).click()
    page.fill("[name=fee]", "按件收费 500 元。")
    page.set_checked("[name=second]", second)
    page.locator("main form button").first.click()
    expect(page.locator("main")).to_contain_text("of 15 working days")
    return path


def check(page: Page, path: str, reason: str = "已核对来源说明。") -> None:
    """Let the machine check, and confirm every group."""
    page.goto(f"{path}/check")
    if (begin := page.get_by_role("button", name="Begin the check")).count():
        press(page, begin)
    expect(page.locator("#check-progress")).to_have_count(0, timeout=LONG)
    confirm(page, reason)


def confirm(page: Page, reason: str) -> None:
    """Tick every group of the check shown."""
    press(page, page.locator("a[href$='/confirm']").first)
    for field in page.locator("textarea:visible").all():
        field.fill(reason)
    for box in page.locator("form.stack input[type=checkbox]").all():
        box.check()
    press(page, page.get_by_role("button", name="Confirm what is ticked"))
    expect(page.locator("main")).to_contain_text("confirmed")


def make_key(page: Page) -> None:
    """A key certified by the office's own authority."""
    page.goto("/desk/keys")
    page.fill("#new-password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.get_by_role("button", name="Make a key").click()
    expect(page.locator(".key")).to_contain_text("ready to sign")


def draft(page: Page, path: str) -> str:
    """Begin the certificate of a matter; its page."""
    page.goto(path)
    page.get_by_role("button", name="Draft the certificate").click()
    page.wait_for_url("**/desk/certificates/*")
    return page.url


def approve(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("link", name="Approve …").click()
    page.get_by_role("button", name="Approve this text").click()
    expect(page.locator("main")).to_contain_text("Approved by")


def issue(page: Page, address: str, *, second: bool) -> str:
    """Sign, seal and issue; the number given."""
    page.goto(address)
    page.get_by_role("link", name="Sign and issue …").click()
    page.locator("[name=key]").first.check()
    page.fill("#secret", PASSWORD)
    if second:
        page.locator("[name=second_key]").first.check()
        page.fill("#second_secret", PASSWORD)
    page.get_by_role("button", name="Sign, seal and issue").click()
    expect(page.locator("h1 .number")).to_be_visible(timeout=LONG)
    return page.locator("h1 .number").inner_text()


def revoke(page: Page, other: Page, address: str) -> None:
    """Revoke a certificate, which takes the same two people."""
    page.goto(address)
    page.get_by_role("link", name="Revoke").first.click()
    page.fill("#reason", "申请人提供的材料不实。")
    press(page, page.get_by_role("button", name="Begin the revocation"))
    following = page.url
    approve(other, following)
    issue(page, following, second=True)


def archive(page: Page, path: str) -> str:
    """Close the matter; the number of its volume's deposit."""
    page.goto(path)
    press(page, page.get_by_role("button", name="Close and archive"))
    until(page, lambda: page.locator("#certificate", has_text="Archive volume sealed").count())
    return page.locator("#certificate p .number").last.inner_text()


def until(page: Page, holds: Callable[[], object]) -> None:
    """Reload until it holds, for what the worker does behind a page."""
    deadline = time.monotonic() + LONG / 1000
    while not holds():
        assert time.monotonic() < deadline, page.inner_text("main")
        page.wait_for_timeout(500)
        page.reload()
