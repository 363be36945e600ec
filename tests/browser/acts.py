"""What people do on the pages, in one place."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import CDPSession, Page, expect

_ITEM = re.compile(r"/deposits/[0-9a-f-]{36}$")
#: How letters and packages begin; these are offered to be sent, nothing else is (verify.js).
_EVIDENCE = (b"%PDF", b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")


#: A finger on a reader that is always there.
_AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def authenticator_of(page: Page) -> tuple[CDPSession, str]:
    """Give the page a virtual authenticator; the session that rules it, and its id."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable", {"enableUI": False})
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": _AUTHENTICATOR})
    return session, made["authenticatorId"]


def drop(page: Page, selector: str, path: Path) -> None:
    """Drag a file from outside onto an element, as the browser itself reports it."""
    page.locator(selector).scroll_into_view_if_needed()
    box = page.locator(selector).bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send(
            "Input.dispatchDragEvent",
            {
                "type": kind,
                "x": box["x"] + box["width"] / 2,
                "y": box["y"] + box["height"] / 2,
                "data": data,
            },
        )
    session.detach()


def deposit(page: Page, path: Path, title: str = "", mode: str = "file") -> None:
    """Drop a file on the form and deposit it; ends on the item's page."""
    page.goto("/deposits/new")
    drop(page, ".drop", path)
    expect(page.locator("[data-part=digest]")).not_to_be_empty()
    page.check(f"[name=mode][value={mode}]")
    if title:
        page.fill("[name=title]", title)
    page.click("[data-part=submit]")
    page.wait_for_url(_ITEM, timeout=60_000)


def wait_for_letter(page: Page, seconds: float = 120) -> None:
    """The page moves on by itself; nobody reloads it."""
    expect(page.locator(".rail-done")).to_have_count(5, timeout=seconds * 1000)
    expect(page.locator("a[href$='/letter']")).to_be_visible()


def number_on(page: Page) -> str:
    return page.locator(".page-pretitle .number").inner_text()


def download(page: Page, link: str, folder: Path) -> Path:
    """Click the link whose address ends so, and keep what comes under the name it comes with."""
    with page.expect_download() as waiting:
        page.click(f"a[href$='{link}']")
    target = folder / waiting.value.suggested_filename
    waiting.value.save_as(target)
    return target


def verify_file(page: Page, path: Path) -> str:
    """Drop a file on the verification zone; the sentence that comes first."""
    page.locator("#verify-answer").evaluate("place => place.replaceChildren()")
    drop(page, "#verify-zone .drop", path)
    sentence = page.locator("#verify-answer .verdict-sentence")
    expect(sentence).to_be_visible()
    return sentence.inner_text()


def examine(page: Page, path: Path) -> str:
    """Drop a letter or package; when its digest is not known, send it. The sentence that comes
    first."""
    page.goto("/verify")
    page.set_input_files("#verify-file", path)
    sentence = page.locator("#verify-answer .verdict-sentence")
    expect(sentence).to_be_visible()
    expect(page.locator("#verify-line")).to_contain_text("SHA-256")
    unknown = page.locator("#verify-answer").locator(".verdict-missing, .verdict-differs")
    if unknown.count() and path.read_bytes()[:4] in _EVIDENCE:
        page.click("[data-part=send]")  # the offer comes a moment after the answer
        expect(page.locator("#verify-busy")).to_be_hidden()
        expect(page.locator("[data-part=send]")).to_be_hidden()
    return sentence.inner_text()
