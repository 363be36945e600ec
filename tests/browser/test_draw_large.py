"""A draw over a million entries: organiser, notary and a party of the public in browsers of their
own, a big screen, a participant with a telephone, and the verifier copied to an empty folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import test_draw as small
from tests.browser.conftest import OpenPage, Watch
from tests.browser.test_draw import Hall, headline, press

pytestmark = [pytest.mark.browser, pytest.mark.soak, pytest.mark.timeout(1800)]

_COUNT = 1_000_000
_SAID = re.compile(r"1\D000\D000")
_LONG = 300_000
_SCREEN = {"width": 1920, "height": 1080}
_TELEPHONE = {"width": 390, "height": 844}


@pytest.fixture
def hall(sign_in_staff: Callable[..., Page], register: Callable[..., Page]) -> Hall:
    return Hall(sign_in_staff(), sign_in_staff(), register("李娜"))


def identity(number: int) -> str:
    return f"A{number:07d}"


def upload(hall: Hall, folder: Path, keep: Callable[[Page, str], None]) -> None:
    """A million rows: the page says how far it is, and other pages go on answering."""
    page, path = hall.organiser, folder / "名册.csv"
    with path.open("w", encoding="utf-8") as out:
        out.write("编号,姓名\n")
        out.writelines(f"{identity(number)},张*{number % 97}\n" for number in range(_COUNT))
    page.set_input_files("#file", path)
    page.wait_for_selector("#columns-form", timeout=_LONG)
    keep(page, "columns")
    for heading, meaning in (("编号", "id"), ("姓名", "public")):
        page.locator("th", has_text=heading).locator("select").select_option(meaning)
    page.click("#columns-form button")
    expect(page.locator("#root-title")).to_be_visible(timeout=_LONG)
    expect(page.locator("main")).to_contain_text(_SAID)
    keep(page, "list")


def test_a_million_entries(
    hall: Hall,
    open_page: OpenPage,
    watch: Watch,
    tmp_path: Path,
    keep: Callable[[Page, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch.expect("the server responded with a status of 4")  # what the wizard may not save yet
    monkeypatch.setattr(small, "_LONG", _LONG)
    small.plan(hall)
    upload(hall, tmp_path, keep)
    small.parties(hall, tmp_path)
    announce(hall)
    screen = open_page(f"/draws/{hall.draw}/screen")
    screen.set_viewport_size(_SCREEN)  # type: ignore[arg-type]
    keep(screen, "screen-announced")
    small.bind(hall)
    small.attend(hall)
    screen.wait_for_timeout(2500)
    keep(screen, "screen-dice")
    small.reveal(hall)
    headline(hall.notary, "Audit")
    screen.wait_for_timeout(6000)
    keep(screen, "screen-winners")
    checked(open_page, hall, keep)
    verified(open_page, hall, keep, "undecided")  # the sample has not been reported on
    small.audit(hall)
    verified(open_page, hall, keep, "verified")
    small.verify(open_page("/"), hall, tmp_path)


def announce(hall: Hall) -> None:
    hall.go(hall.organiser)
    hall.organiser.click("form[action$='/freeze'] button")
    press(hall.organiser, "Sign the rules")
    press(hall.organiser, "Approve the list")
    hall.notary.reload()
    expect(hall.notary.locator("[data-part=list-count]")).to_have_text(_SAID, timeout=_LONG)
    press(hall.notary, "Approve the list")


def checked(open_page: OpenPage, hall: Hall, keep: Callable[[Page, str], None]) -> None:
    """A participant types their number, in another spelling; the proof is checked in the page."""
    page = open_page(f"/draws/{hall.draw}/check")
    page.set_viewport_size(_TELEPHONE)  # type: ignore[arg-type]
    page.fill("#check-id", "ａ0654321")
    page.click("#check-form button")
    expect(page.locator("#check-answer")).to_contain_text(
        re.compile(r"654\D?32[12]"), timeout=_LONG
    )
    keep(page, "check")
    page.fill("#check-id", "A9999999")
    page.click("#check-form button")
    expect(page.locator("#check-answer")).not_to_contain_text("654", timeout=_LONG)
    keep(page, "check-missing")


def verified(
    open_page: OpenPage, hall: Hall, keep: Callable[[Page, str], None], outcome: str
) -> None:
    """In the browser, leaves and all."""
    page = open_page(f"/draws/{hall.draw}/verify")
    page.check("#verify-leaves")
    page.click("#verify-start")
    verdict = page.locator("#verify-verdict")
    expect(verdict).to_have_attribute("data-outcome", outcome, timeout=_LONG)
    expect(page.locator("#verify-checks > [data-outcome=failed]")).to_have_count(0)
    expect(page.locator("#verify-checks > [data-check=leaves]")).to_have_attribute(
        "data-outcome", "passed"
    )
    keep(page, f"verify-{outcome}")
