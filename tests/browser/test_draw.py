"""A draw from the wizard to the published result, as organiser, notary and a party of the public go
through it, each in a browser of their own; the portal is the fourth party. One party withholds its
seed, and the others bring it to light."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import lottery
from tests.browser.conftest import OpenPage, Watch
from tests.browser.test_pages import axe_violations, has_sideways_scroll

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

_LONG = 60_000
_DICE = "34152" * 10
_TELEPHONE = {"width": 390, "height": 800}
_DESK = {"width": 1280, "height": 800}


@dataclass
class Hall:
    """The people, and where the draw is."""

    organiser: Page
    notary: Page
    public: Page
    draw: str = ""

    def go(self, page: Page, part: str = "") -> None:
        page.goto(f"/my/draws/{self.draw}{part}")


@pytest.fixture
def hall(sign_in_staff: Callable[..., Page], register: Callable[..., Page]) -> Hall:
    return Hall(sign_in_staff(), sign_in_staff(), register("李娜"))


def headline(page: Page, text: str) -> None:
    expect(page.locator("[data-part=headline]")).to_contain_text(text, timeout=_LONG)


def press(page: Page, word: str) -> None:
    """The big button that is offered now."""
    page.locator("[data-part=buttons] button", has_text=word).first.click(timeout=_LONG)


#: Colours fade into each other; ends when they have.
_FADED = """() => Promise.allSettled(document.getAnimations()
  .filter(each => each instanceof CSSTransition).map(each => each.finished))"""


def looked_at(page: Page) -> None:
    """Accessible in both schemes, and fits a telephone."""
    for scheme in ("light", "dark"):
        page.evaluate("scheme => document.documentElement.dataset.bsTheme = scheme", scheme)
        page.evaluate(_FADED)
        found = axe_violations(page)
        assert not found, "\n".join(found)
    page.set_viewport_size(_TELEPHONE)  # type: ignore[arg-type]
    assert not has_sideways_scroll(page), page.url
    page.set_viewport_size(_DESK)  # type: ignore[arg-type]


def plan(hall: Hall) -> None:
    """The wizard, with a slip that is undone and a reload in the middle."""
    page = hall.organiser
    page.goto("/my/draws/new")
    looked_at(page)
    page.fill("[name=title_zh]", "新春抽奖")
    page.fill("[name=title_en]", "New Year draw")
    page.click("main form[action$='/new'] button")
    page.wait_for_url("**/rules**")
    hall.draw = page.url.split("/my/draws/")[1].split("/")[0]
    page.fill("[name=organiser]", "示例商场有限公司")
    page.fill("[name=rules_en]", "One chance each.")
    page.click("[data-part=next]")
    page.fill("[name='stages-0-en']", "First prize")
    page.fill("[name='stages-0-winners']", "3")
    page.fill("[name='stages-0-alternates']", "2")
    page.click("[data-add=stages]")
    page.fill("[name='stages-1-en']", "Second prize")
    page.fill("[name='stages-1-winners']", "5")
    expect(page.locator("[data-part=saved]")).to_contain_text("Saved at", timeout=_LONG)
    expect(page.locator(".picture-stage svg")).to_have_count(2)
    expect(page.locator("[data-part=checked]")).to_contain_text("own calculation agrees")
    looked_at(page)
    page.locator("[data-row=stages]").last.locator("[data-drop]").click()
    expect(page.locator("[data-row=stages]")).to_have_count(1)
    page.click("[data-part=undo]")
    expect(page.locator("[name='stages-1-winners']")).to_have_value("5")
    page.fill("[name='stages-1-winners']", "500000")
    expect(page.locator("[data-part=picture]")).to_contain_text("such a list would be refused")
    page.reload()  # before it was saved, perhaps
    expect(page.locator("[name='stages-1-winners']")).to_have_value("500000")
    page.fill("[name='stages-1-winners']", "5")
    page.click("[data-part=next]")
    page.click("[data-part=next]")
    soon = datetime.now(UTC) + timedelta(days=1)
    page.fill("[name=draw_at]", soon.strftime("%Y-%m-%dT%H:%M"))
    expect(page.locator("[data-part=seven-days]")).to_be_visible()
    page.click("[data-part=next]")
    page.fill("[name=audit_sample]", "3")
    page.click("[data-part=finish]")
    page.wait_for_url("**/list", timeout=_LONG)


def columns(page: Page) -> None:
    """What they mean; the worker has read the file by then."""
    page.wait_for_selector("#columns-form", timeout=2 * _LONG)
    for heading, meaning in (("编号", "id"), ("姓名", "public")):
        box = page.locator("th", has_text=heading).locator("select")
        box.select_option(meaning)
    page.click("#columns-form button")


def entries(hall: Hall, folder: Path) -> None:
    """A list with the same number in another spelling, then the right one."""
    page, rows = hall.organiser, [f"A{number:05d},姓名{number}" for number in range(1, 41)]
    wrong, right = folder / "名单.csv", folder / "名单-更正.csv"
    wrong.write_text("\n".join(["编号,姓名", *rows, "ａ００００７,姓名七", ""]))
    right.write_text("\n".join(["编号,姓名", *rows, ""]))
    looked_at(page)
    page.set_input_files("#file", wrong)
    columns(page)
    expect(page.locator(".findings-list")).to_contain_text("row 42", timeout=_LONG)
    expect(page.locator(".findings-list")).to_contain_text("is the same entry as row 8")
    looked_at(page)
    page.click("form[action$='/list/drop'] button")
    page.set_input_files("#file", right)
    columns(page)
    expect(page.locator("#root-title")).to_be_visible(timeout=_LONG)
    looked_at(page)


def key(page: Page, folder: Path) -> None:
    """Made in the browser, and saved as a file."""
    press(page, "Make your key")
    expect(page.locator("[data-part=key-alone]")).to_be_visible(timeout=_LONG)
    page.fill("#passphrase", "correct horse")
    with page.expect_download() as waiting:
        page.click("[data-part=backup]")
    target = folder / waiting.value.suggested_filename
    waiting.value.save_as(target)
    assert json.loads(target.read_text())["schema"] == "notary/draw-backup/v1"
    expect(page.locator("[data-part=key-safe]")).to_be_visible()


def invite(hall: Hall, role: str, name: str) -> str:
    page = hall.organiser
    hall.go(page, "/parties")
    page.check(f"[name=role][value={role}]")
    page.fill("#name", name)
    page.click("main form[action$='/parties'] .btn-primary")
    return page.locator("#invitation-link").inner_text()


def parties(hall: Hall, folder: Path) -> None:
    hall.go(hall.organiser, "/part")
    key(hall.organiser, folder)
    for page, role, name in ((hall.notary, "notary", "陈静"), (hall.public, "public", "李娜")):
        link = invite(hall, role, name)
        page.goto(link[link.index("/my/") :])
        looked_at(page)
        page.click("main form[action*='/invitation/'] button")
        page.wait_for_url("**/part")
        key(page, folder)
        looked_at(page)
    hall.go(hall.organiser, "/parties")
    looked_at(hall.organiser)


def announce(hall: Hall) -> None:
    """Frozen, thawed once, frozen again, signed; the list approved by both."""
    page = hall.organiser
    hall.go(page)
    looked_at(page)
    page.click("form[action$='/freeze'] button")
    headline(page, "Sign the rules")
    page.click("form[action$='/thaw'] button")
    page.click("form[action$='/freeze'] button")
    press(page, "Sign the rules")
    press(page, "Approve the list")
    hall.notary.reload()
    hall.notary.fill("#reason", "筹备充分，各方同意。")
    hall.notary.click("form[action$='/waive'] button")
    expect(hall.notary.locator(".alert-info")).to_contain_text("筹备充分")
    expect(hall.notary.locator("[data-part=list-count]")).to_have_text("40", timeout=_LONG)
    press(hall.notary, "Approve the list")


def bind(hall: Hall) -> None:
    """Seeds committed by a click each; shares are dealt and acknowledged by the browsers."""
    for page in (hall.organiser, hall.notary, hall.public):
        press(page, "Commit your seed")
    headline(hall.notary, "Open the draw")


def attend(hall: Hall) -> None:
    """Names, then dice by tapping and by keys; nothing is lost on reload."""
    page = hall.notary
    page.fill("#present", "陈静\n王公证")
    press(page, "Open the draw")
    headline(page, "Enter the dice")
    looked_at(page)
    for face in _DICE[:7]:
        page.click(f"[data-die='{face}']")
    page.click("[data-die='6']")
    page.click("[data-part=dice-back]")
    expect(page.locator("[data-part=dice-count]")).to_have_text("7 of at least 50")
    page.reload()
    headline(page, "Enter the dice")
    expect(page.locator("[data-part=dice-count]")).to_have_text("7 of at least 50")
    page.locator("h1").click()
    page.keyboard.type(_DICE[7:])
    expect(page.locator("[data-part=dice-rolled]")).to_have_text("34152" * 10)
    expect(page.locator("[data-part=buttons] button")).to_be_disabled()
    page.check("#dice-read")
    press(page, "Enter the dice")


def reveal(hall: Hall) -> None:
    """The public party does not: organiser and notary hand in their shares instead."""
    headline(hall.public, "Reveal your seed")
    hall.public.goto("about:blank")
    for page in (hall.organiser, hall.notary):
        press(page, "Reveal your seed")
    for page in (hall.organiser, hall.notary):
        headline(page, "Waiting for 李娜")
        press(page, "Help to recover the seed of 李娜")
        if page is hall.organiser:
            page.locator("[data-part=buttons]:not(:has(button))").wait_for(
                state="attached", timeout=_LONG
            )


def audit(hall: Hall) -> None:
    page = hall.notary
    page.locator("[data-part=buttons] a", has_text="Audit the sample").click(timeout=_LONG)
    expect(page.locator(".audit-row")).to_have_count(3)
    looked_at(page)
    for row in page.locator(".audit-row").all():
        row.locator("label", has_text="Genuine").click()
    page.reload()
    page.locator("[data-note]").first.fill("核对了身份证")
    page.click("[data-part=sign]")
    page.wait_for_url("**/part")
    headline(page, "The draw is complete")
    hall.go(page)
    expect(page.locator("[data-step-type=recover]")).to_have_count(1)
    expect(page.locator("[data-step-type=result]")).to_have_count(2)
    expect(page.locator(".draw-steps .is-waiting")).to_have_count(0, timeout=_LONG)
    looked_at(page)


def verify(anybody: Page, hall: Hall, folder: Path) -> None:
    """What everybody gets, judged by the stand-alone verifier in a folder of its own."""
    transcript = folder / "alone" / "transcript.json"
    transcript.parent.mkdir()
    answer = anybody.context.request.get(f"/draws/{hall.draw}/transcript.json")
    transcript.write_bytes(answer.body())
    script = transcript.with_name("verifier.py")
    script.write_bytes(Path(lottery.__file__).with_name("verifier.py").read_bytes())
    done = subprocess.run(
        [sys.executable, "-I", script.name, transcript.name],
        cwd=transcript.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "organiser" not in done.stderr


def test_a_draw_from_the_wizard_to_the_published_result(
    hall: Hall, open_page: OpenPage, watch: Watch, tmp_path: Path
) -> None:
    watch.expect("the server responded with a status of 4")  # what the wizard may not save yet
    plan(hall)
    entries(hall, tmp_path)
    parties(hall, tmp_path)
    announce(hall)
    bind(hall)
    attend(hall)
    reveal(hall)
    audit(hall)
    anybody = open_page(f"/draws/{hall.draw}/results")
    anybody.get_by_role("link", name="First prize").click()
    expect(anybody.locator("main")).to_contain_text(re.compile("姓名[0-9]+"), timeout=_LONG)
    verify(anybody, hall, tmp_path)
