"""The verification page in a real browser: what stays on the computer, what is sent and when."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.acts import deposit, download, number_on, wait_for_letter
from tests.browser.conftest import OpenPage
from tests.browser.test_pages import axe_violations, has_sideways_scroll

pytestmark = pytest.mark.browser

#: Files of zeros, their digests, and how they are told of: more bits than 32 can count, and more
#: bytes.
_LARGE = [
    pytest.param(
        600 * 1024**2,
        "987523e7780392e283b404990c4e84e580bc75c451138b0c86c4f81c296eeebe",
        "/ 600 MiB",
        id="600-megabytes",
    ),
    pytest.param(
        5 * 1024**3,
        "7f06c62352aebd8125b2a1841e2b9e1ffcbed602f381c3dcb3200200e383d1d5",
        "/ 5 GiB",
        id="5-gigabytes",
        marks=pytest.mark.soak,
    ),
]
#: A browser that reads QR codes, and a camera that shows one.
_SCANNER = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect(source) { return window.seen ? [{ rawValue: window.seen }] : []; }
};
const canvas = document.createElement("canvas");
canvas.getContext("2d").fillRect(0, 0, 8, 8);
Object.defineProperty(navigator, "mediaDevices", {
  value: { getUserMedia: async () => canvas.captureStream(5) },
});
"""
MakeFile = Callable[[str, bytes], Path]


def bodies(page: Page) -> list[Request]:
    """Requests of the page that carry a body, as they are made."""
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "POST" else None)
    return sent


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("size", "digest", "told"), _LARGE)
def test_what_is_large_stays_where_it_is(
    open_page: OpenPage, tmp_path: Path, size: int, digest: str, told: str
) -> None:
    path = tmp_path / "录像.mkv"
    with path.open("wb") as file:
        file.truncate(size)
    page = open_page("/verify")
    sent = bodies(page)
    page.set_input_files("#verify-file", path)
    expect(page.locator("#verify-line")).to_contain_text(told, timeout=20_000)
    verdict = page.locator("#verify-answer .verdict-sentence")
    expect(verdict).to_have_text("Not found.", timeout=600_000)
    expect(page.locator("#verify-line")).to_contain_text(digest)
    expect(page.locator("#verify-offer")).to_be_hidden()
    assert not sent


def test_a_package_is_sent_when_its_owner_says_so(
    depositor: Page, open_page: OpenPage, make_file: MakeFile, tmp_path: Path
) -> None:
    deposit(depositor, make_file("a.txt", b"deposited"))
    wait_for_letter(depositor)
    package = download(depositor, "/package", tmp_path)
    letter = download(depositor, "/letter", tmp_path)

    page = open_page("/verify")
    sent = bodies(page)
    page.set_input_files("#verify-file", letter)
    sentence = page.locator("#verify-answer .verdict-sentence")
    expect(sentence).to_have_text("The letter matches what was issued.")
    assert not sent, "its digest was enough"

    page.set_input_files("#verify-file", package)
    send = page.locator("[data-part=send]")
    expect(send).to_contain_text("Send it and have it examined")
    expect(page.locator("#verify-offer")).to_contain_text("and not kept")
    assert not sent, "nobody has said so yet"
    send.click()
    expect(sentence).to_have_text("The proof package matches what was issued.")
    assert len(sent) == 1
    expect(page.locator("#verify-answer .ruler-lying")).to_be_visible()
    expect(page.locator("#verify-answer .vouch-party")).to_have_count(6)
    with page.expect_download() as waiting:
        page.click("#verify-answer form[action$='report.pdf'] button")
    report = tmp_path / "report.pdf"
    waiting.value.save_as(report)
    assert report.read_bytes().startswith(b"%PDF-")

    page.set_input_files("#verify-file", report)
    expect(page.locator("[data-part=send]")).to_be_visible()


def test_what_is_larger_than_the_limit_is_never_offered(
    open_page: OpenPage, tmp_path: Path
) -> None:
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"x")
    with path.open("ab") as file:
        file.truncate(257 * 1024**2)
    page = open_page("/verify")
    page.set_input_files("#verify-file", path)
    expect(page.locator("#verify-offer [data-part=large]")).to_be_visible(timeout=30_000)
    expect(page.locator("[data-part=send]")).to_be_hidden()


def test_scanning(depositor: Page, open_page: OpenPage, make_file: MakeFile) -> None:
    deposit(depositor, make_file("b.txt", b"scanned"))
    wait_for_letter(depositor)
    number = number_on(depositor)

    page = open_page("/")
    page.context.add_init_script(_SCANNER)
    page.goto("/verify")
    page.click("#scan-open")
    expect(page.locator("#scan-video")).to_be_visible()
    page.evaluate("window.seen = 'https://evil.example/steal'")
    expect(page.locator("#scan-problem")).to_have_text("That code holds no number of this portal.")
    page.evaluate(f"window.seen = 'https://elsewhere.example/verify/{number}'")
    page.click("#scan-open")
    expect(page.locator("#answer .verdict-sentence")).to_have_text(
        "This deposit matches its record."
    )
    assert page.url.endswith(f"/verify?n={number}"), "never where the code says"


def test_no_scanner_is_said_plainly(open_page: OpenPage) -> None:
    page = open_page("/")
    page.context.add_init_script("delete window.BarcodeDetector;")
    page.goto("/verify")
    expect(page.locator("#scan-none")).to_contain_text("cannot read QR codes by itself")
    expect(page.locator("#scan-open")).to_be_hidden()


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_phone_and_screen_readers(open_page: OpenPage, make_file: MakeFile, locale: str) -> None:
    page = open_page("/verify", locale=locale, viewport={"width": 390, "height": 844})
    for path in ("/verify", "/verify/rule-17"):
        page.goto(path)
        assert not has_sideways_scroll(page), path
        assert not axe_violations(page), path
    page.goto("/verify")
    unknown = os.urandom(32)  # the portal is every test's: a plainer content may be deposited there
    page.set_input_files("#verify-file", make_file("<img src=x onerror=alert(1)>.heic", unknown))
    expect(page.locator("#verify-answer .verdict-missing")).to_be_visible()
    assert not axe_violations(page)
