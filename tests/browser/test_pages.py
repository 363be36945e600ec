"""What holds on every page: access, both themes, both languages, a telephone, no scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.acts import deposit, number_on, wait_for_letter
from tests.browser.conftest import OpenPage, Watch
from tests.effort import some

pytestmark = pytest.mark.browser

MakeFile = Callable[[str, bytes], Path]
PUBLIC = ("/", "/verify", "/explorer", "/explorer/0", "/signin", "/register")
OWN = ("/", "/deposits", "/deposits/new", "/account", "/account/keys", "/account/password")
_SERIOUS = {"serious", "critical"}


@pytest.fixture
def item(depositor: Page, make_file: MakeFile) -> str:
    """The address of a deposit with its letter; the ledger is not empty from here on."""
    deposit(depositor, make_file("证据.txt", b"for every page"), title="每一页")
    wait_for_letter(depositor)
    return depositor.url


def axe_violations(page: Page) -> list[str]:
    """axe-core's serious findings, one line each."""
    found = Axe().run(page).response["violations"]
    return [
        f"{page.url} {one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in found
        if one["impact"] in _SERIOUS
        for node in one["nodes"]
    ]


def _of(item: str) -> tuple[str, ...]:
    """The pages about one deposit, and the list in its states."""
    found = "/deposits?kind=file&sort=title&since=2026-01-01"
    return item, f"{item}/custody", found, "/deposits?owner=shared"


def has_sideways_scroll(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.mark.parametrize("scheme", some(["light", "dark"], ["light"]))
def test_pages_are_accessible(depositor: Page, open_page: OpenPage, item: str, scheme: str) -> None:
    stranger = open_page("/", color_scheme=scheme, reduced_motion="reduce")
    depositor.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    depositor.goto(item)
    number = number_on(depositor)
    found: list[str] = []
    for path in (*PUBLIC, f"/verify?n={number}"):
        stranger.goto(path)
        assert stranger.locator("html").get_attribute("data-bs-theme") == scheme
        found += axe_violations(stranger)
    for path in (*OWN, *_of(item)):
        depositor.goto(path)
        found += axe_violations(depositor)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("locale", some(["zh-CN", "en-US"], ["zh-CN"]))
def test_no_page_scrolls_sideways_on_a_telephone(
    register: Callable[..., Page], make_file: MakeFile, locale: str, watch: Watch
) -> None:
    page = register(name="欧阳" * 20, locale=locale, viewport={"width": 390, "height": 800})
    name = "很长的文件名" * 20 + "without-any-space" * 8
    deposit(page, make_file(f"{locale}.txt", locale.encode()), title=name)
    wait_for_letter(page)
    number, own = number_on(page), page.url
    wide = []
    watch.expect("404")
    for path in (
        *PUBLIC,
        *OWN,
        *_of(own),
        "/deposits?text=nothing",
        f"/verify?n={number}",
        "/nothing",
    ):
        page.goto(path)
        if has_sideways_scroll(page):
            wide.append(path)
    page.goto("/verify")
    page.set_input_files("#verify-file", make_file("x" * 120 + ".txt", locale.encode()))
    expect(page.locator("#verify-answer .verdict")).to_be_visible()
    assert wide == []
    assert not has_sideways_scroll(page)


def test_language_is_switched_and_kept(open_page: OpenPage) -> None:
    page = open_page("/verify?n=NE20260101-00000000", locale="zh-CN")
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.locator(".verdict-sentence")).to_have_text("未找到。")

    page.click("text=English")

    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator(".verdict-sentence")).to_have_text("Not found.")
    assert page.url.endswith("/verify?n=NE20260101-00000000")
    page.goto("/explorer")
    expect(page.locator("h1")).to_have_text("The public ledger")
    page.click("text=中文")
    expect(page.locator("h1")).to_have_text("公开账本")


def test_theme_is_switched_and_kept(open_page: OpenPage) -> None:
    page = open_page("/", color_scheme="light")
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "light")
    page.click("[data-theme-switch]")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.goto("/verify")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.click("[data-theme-switch]")
    expect(root).to_have_attribute("data-bs-theme", "light")


def test_ledger_is_explored_from_head_to_proof(open_page: OpenPage, item: str) -> None:
    page = open_page("/explorer")
    newest = page.locator(".row-item").first
    digest = re.findall(r"[0-9a-f]{64}", newest.inner_text())
    newest.click()
    expect(page.locator(".verdict-sentence")).to_have_text("This entry is in the ledger.")
    picture = page.locator("svg.merkle")
    expect(picture.locator(".merkle-root")).to_have_count(1)
    assert "".join(page.locator(".digest-value").first.inner_text().split()) == digest[0]
    page.click("summary")
    link = page.locator("a[href*='/ledger/tile/']").first.get_attribute("href")
    answer = page.request.get(str(link))
    assert answer.ok
    assert (
        page.request.get("/ledger/checkpoint")
        .text()
        .startswith(page.locator("pre.note").inner_text().split("\n\n")[1].splitlines()[0])
    )


def test_keyboard_alone_reaches_the_content(open_page: OpenPage) -> None:
    page = open_page("/verify")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#verify-file")).to_be_focused()


def test_copying_a_digest(depositor: Page, item: str) -> None:
    depositor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    depositor.locator(".digest [data-copy]").first.click()
    expect(depositor.locator("#announce")).to_have_text("Copied")
    copied = depositor.evaluate("navigator.clipboard.readText()")
    shown = depositor.locator(".digest-value").first.inner_text()
    assert copied == "".join(shown.split())


def test_everything_works_without_scripts(
    register: Callable[..., Page], make_file: MakeFile, watch: Watch
) -> None:
    watch.expect("422")
    page = register(java_script_enabled=False)
    page.goto("/deposits/new")
    page.set_input_files("#file", make_file("plain.txt", b"no scripts here"))
    page.fill("[name=title]", "Plain form")
    page.click("[data-part=submit]")
    expect(page.locator("h1")).to_have_text("Plain form")
    number = number_on(page)
    for _ in range(240):
        if page.locator("a[href$='/letter']").count():
            break
        page.wait_for_timeout(250)
        page.reload()
    expect(page.locator("a[href$='/letter']")).to_be_visible()

    page.goto("/deposits/new")
    page.fill("[name=title]", "Kept as typed")
    page.click("[data-part=submit]")
    expect(page.locator("[data-part=problem]")).to_have_text("Choose a file first.")
    assert page.input_value("[name=title]") == "Kept as typed"

    page.goto("/verify")
    page.fill("#n", number)
    page.click("text=Look it up")
    expect(page.locator(".verdict-sentence")).to_have_text("This deposit matches its record.")


def test_scripts_of_strangers_stay_text(depositor: Page, make_file: MakeFile) -> None:
    evil = "<img src=x onerror=alert(1)>"
    deposit(depositor, make_file("<svg onload=alert(1)>.txt".replace("/", ""), b"x"), title=evil)
    wait_for_letter(depositor)
    expect(depositor.locator("h1")).to_have_text(evil)
    expect(depositor.locator("main")).to_contain_text("<svg onload=alert(1)>.txt")
    depositor.goto("/deposits")
    expect(depositor.locator(".row-title").first).to_have_text(evil)


def test_choosing_several_deposits(depositor: Page, make_file: MakeFile) -> None:
    for name in ("a.txt", "b.txt"):
        deposit(depositor, make_file(name, name.encode()))
    depositor.goto("/deposits")
    bar, every = depositor.locator("[data-bulk]"), depositor.locator("[data-choose-all]")
    boxes = depositor.locator(".rows [name=deposit]")
    expect(bar).to_be_hidden()
    boxes.first.check()
    expect(bar).to_be_visible()
    assert every.evaluate("box => box.indeterminate")
    every.check()
    expect(boxes.nth(1)).to_be_checked()
    every.uncheck()
    expect(bar).to_be_hidden()


def test_pictures_of_an_item_are_told_to_those_who_cannot_see_them(
    depositor: Page, item: str
) -> None:
    depositor.goto(item)
    ruler = depositor.locator("#progress ol.visually-hidden li")
    assert [line.split(":")[0] for line in ruler.all_inner_texts()] == [
        "Reception",
        "Time-stamp",
        "On ledger",
        "Letter",
        "Now",
    ]
    parties = depositor.locator(".vouch-party")
    expect(parties).to_have_count(6)
    expect(parties.last).to_contain_text("Seal")
    parties.nth(2).locator("a").click()
    expect(depositor.locator("#token-title")).to_be_in_viewport()
    expect(depositor.get_by_role("img", name="QR code of the verification page")).to_be_visible()


def test_an_item_on_paper_shows_evidence_and_no_buttons(depositor: Page, item: str) -> None:
    depositor.goto(item)
    depositor.emulate_media(media="print")
    expect(depositor.locator(".ruler-lying")).to_be_visible()
    expect(depositor.locator(".digest-value").first).to_be_visible()
    expect(depositor.locator("#about-title")).to_be_visible()
    for gone in ("a[href$='/letter']", "[data-copy] >> nth=0", ".site-head"):
        expect(depositor.locator(gone)).to_be_hidden()


def test_what_is_typed_survives_the_page_moving_on(depositor: Page, make_file: MakeFile) -> None:
    """The moving parts are replaced on the way to the letter, and nothing else."""
    deposit(depositor, make_file("typed.txt", b"typed"))
    depositor.locator(".item-rest").evaluate("place => place.dataset.mark = 'same'")
    wait_for_letter(depositor)
    expect(depositor.locator(".item-rest")).to_have_attribute("data-mark", "same")
    expect(depositor.locator("#evidence")).to_have_count(1)
    expect(depositor.locator("#takeaway")).to_have_count(1)
    expect(depositor.locator("#strength-title")).to_be_visible()
