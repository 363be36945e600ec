"""Photograph the main pages for the documentation: ``python -m scripts.screenshots``.

Starts a portal of its own in a temporary folder, does what a newcomer does, and writes PNGs with a
small palette into ``docs/images``.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.acts import number_on, wait_for_letter
from tests.browser.conftest import CHROMIUM, PASSWORD
from tests.browser.server import ROOT, live_portal

TARGET = ROOT / "docs" / "images"
_COLOURS = 192
_WIDE = {"width": 1280, "height": 860}
_PHONE = {"width": 390, "height": 844}


def main() -> int:
    TARGET.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        live_portal(Path(folder)) as portal,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        _photograph(browser, portal.url, Path(folder))
        browser.close()
    return 0


def _photograph(browser: Browser, url: str, folder: Path) -> None:
    contract = folder / "供货合同（签署版）.pdf"
    contract.write_bytes(b"%PDF-1.7 the supply contract as signed" * 1000)
    page = _open(browser, url, "zh-CN")
    _keep(page, "landing-zh")
    _register(page, "张伟")
    for name in ("现场照片.jpg", "往来邮件.eml"):
        other = folder / name
        other.write_bytes(name.encode() * 5000)
        _deposit(page, other)
    page.goto("/deposits/new")
    page.set_input_files("#file", contract)
    page.fill("[name=title]", "与甲公司的供货合同")
    _keep(page, "deposit-zh")
    page.click("[data-part=submit]")
    wait_for_letter(page)
    _keep(page, "item-zh")
    number, state = number_on(page), page.context.storage_state()

    page.goto("/deposits")
    _keep(page, "list-zh")
    case = _case(page, "与甲公司的纠纷", number)
    page.goto(case)
    _keep(page, "case-zh")
    page.goto("/account")
    _keep(page, "account-zh")

    stranger = _open(browser, url, "en-US")
    stranger.goto("/api/docs")
    stranger.wait_for_selector(".swagger-ui .opblock")
    _keep(stranger, "api-en")
    stranger.goto("/verify")
    stranger.set_input_files("#verify-file", contract)
    stranger.locator("#verify-answer .verdict").scroll_into_view_if_needed()
    stranger.evaluate("scrollTo(0, 60)")
    _keep(stranger, "verify-en")
    stranger.goto("/explorer/2")
    stranger.locator("svg.merkle").scroll_into_view_if_needed()
    _keep(stranger, "ledger-en")

    phone = _open(browser, url, "zh-CN", viewport=_PHONE, color_scheme="dark", storage_state=state)
    phone.goto(f"/verify?n={number}")
    _keep(phone, "phone-dark-zh")


def _open(browser: Browser, url: str, locale: str, **options: object) -> Page:
    options = {"viewport": _WIDE, "reduced_motion": "reduce", **options}
    context = browser.new_context(base_url=url, locale=locale, **options)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto("/")
    return page


def _register(page: Page, name: str) -> None:
    page.goto("/register")
    page.fill("[name=name]", name)
    page.fill("[name=email]", "zhang.wei@example.com")
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=password_confirm]", PASSWORD)
    page.click("main [type=submit]")
    page.wait_for_selector(".site-user")


def _deposit(page: Page, path: Path) -> None:
    page.goto("/deposits/new")
    page.set_input_files("#file", path)
    page.click("[data-part=submit]")
    page.wait_for_url("**/deposits/*-*")
    wait_for_letter(page)


def _case(page: Page, title: str, number: str) -> str:
    """A case with every deposit in it; the address of its page."""
    page.goto("/cases/new")
    page.fill("[name=title]", title)
    page.fill("[name=reference]", f"(2026) {number[-4:]}")
    page.click("main form:has([name=title]) button")
    page.wait_for_url("**/cases/*-*")
    address = page.url
    page.goto("/deposits")
    for box in page.locator("[name=deposit]").all():
        box.check()
    case = page.locator(f"#bulk-case option:has-text('{title}')").get_attribute("value")
    page.select_option("#bulk-case", case)
    page.click("#bulk-form button")
    return address


def _keep(page: Page, name: str) -> None:
    """What is in the window now, with few colours: pages are flat."""
    page.wait_for_timeout(300)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    target = TARGET / f"{name}.png"
    picture.quantize(_COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)
    print(f"{target.relative_to(ROOT)}: {target.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    sys.exit(main())
