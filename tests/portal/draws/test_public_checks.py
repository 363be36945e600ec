"""“Verify this draw” and “check my number” in Chromium, on the portal's own pages."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from lottery.entries import lookup_of
from portal.accounts.models import User
from portal.services import Services
from tests.browser.conftest import _ARGUMENTS, CHROMIUM
from tests.effort import some
from tests.portal.draws.hall import Performance, perform, show

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def drawn(services: Services, user: User) -> Performance:
    one = perform(services.settings.path("draws"))
    one.draw.prepare().reveal().finish()
    show(services, user, one)
    return one


@pytest.fixture
def site(app: Flask) -> Iterator[str]:
    """The application, answering on 127.0.0.1."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture(params=some(["zh-CN", "en-US"], ["zh-CN"]))
def page(
    request: pytest.FixtureRequest, browser: Browser, site: str, drawn: Performance
) -> Iterator[Page]:
    """At the draw's announcement; what goes wrong on the console fails the test."""
    context = browser.new_context(locale=request.param, base_url=f"{site}/draws/{drawn.id}/")
    problems: list[str] = []
    context.on("console", lambda said: problems.extend([said.text] * (said.type == "error")))
    context.on("weberror", lambda error: problems.append(str(error.error)))
    yield context.new_page()
    context.close()
    assert [each for each in problems if "404" not in each] == []


def words(page: Page, zh: str, en: str) -> str:
    return zh if page.locator("html").get_attribute("lang") != "en" else en


def test_the_draw_is_verified_check_by_check(page: Page, tmp_path: Path) -> None:
    page.goto("verify")
    page.click("#verify-start")
    verdict = page.locator("#verify-verdict")
    expect(verdict).to_have_attribute("data-outcome", "verified", timeout=60_000)
    page.check("#verify-leaves")
    page.click("#verify-start")
    expect(page.locator("[data-check=leaves]")).to_have_attribute(
        "data-outcome", "passed", timeout=60_000
    )
    outcomes = page.locator("[data-check]").evaluate_all(
        "all => all.map((one) => one.dataset.outcome)"
    )
    assert set(outcomes) == {"passed", "absent"}

    kept = page.request.get("transcript.json").text()
    bent = tmp_path / "transcript.json"
    bent.write_text(kept.replace('"winner_count":2', '"winner_count":3', 1), "utf-8")
    page.set_input_files("#verify-file", bent)
    expect(verdict).to_have_attribute("data-outcome", "refused", timeout=60_000)
    expect(verdict).to_contain_text(words(page, "不衔接", "does not follow the step before it"))
    expect(page.locator("[data-check=chain]")).to_have_attribute("data-outcome", "failed")
    expect(page.locator("[data-check=form]")).to_have_attribute("data-outcome", "passed")


def row_of(one: Performance, position: int) -> str:
    """What the entry at that position has registered with."""
    names = (f"ID{row:08d}" for row in range(one.folder.count))
    return next(name for name in names if one.folder.find(lookup_of(one.id, name)) == position)


def test_a_participant_checks_a_number(page: Page, drawn: Performance) -> None:
    winner = drawn.record.current.results[0]["winners"][1]
    page.goto("check")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    typed = row_of(drawn, winner)
    page.fill("#check-id", f" {typed.lower()} ")
    page.click("#check-form button")
    answer = page.locator("#check-answer")
    expect(answer.locator("[data-slot=position]")).to_have_text(str(winner), timeout=30_000)
    expect(answer.locator("[data-slot=rank]")).to_have_text("2")
    expect(answer.locator("[data-slot=stage]")).to_have_text(
        words(page, "无房家庭组", "Families without a home")
    )
    assert not any(typed.lower() in each.lower() for each in sent)
    with page.expect_download() as download:
        answer.locator("[data-slot=download]").click()
    receipt = json.loads(download.value.path().read_text("utf-8"))
    assert receipt == drawn.folder.receipt(winner)

    page.fill("#check-id", "ID99999999")
    page.click("#check-form button")
    expect(answer.locator("[data-slot=sentence]")).to_be_visible()
    expect(answer.locator("[data-slot=position]")).to_have_count(0)


def test_a_receipt_is_checked_here(page: Page, drawn: Performance, tmp_path: Path) -> None:
    loser = next(
        n
        for n in range(drawn.folder.count)
        if not any(
            n in each["winners"] + each["alternates"] for each in drawn.record.current.results
        )
    )
    receipt = drawn.folder.receipt(loser)
    page.goto("check")
    answer = page.locator("#check-answer")
    page.set_input_files("#check-file", kept(tmp_path, receipt))
    expect(answer.locator("[data-slot=position]")).to_have_text(str(loser), timeout=30_000)
    expect(answer.locator("[data-slot=rank]")).to_have_count(0)
    refusals = set()
    for bent in (
        receipt | {"fields": [*receipt["fields"][:-1], "李*0"]},
        receipt | {"draw": "ffffffff-ffff-4fff-8fff-ffffffffffff"},
        receipt | {"position": "7"},
    ):
        page.set_input_files("#check-file", kept(tmp_path, bent))
        sentence = answer.locator("[data-slot=sentence]")
        root = page.locator("#draw-check")
        waiting = root.get_attribute("data-word-searching") or ""
        expect(sentence).not_to_have_text(waiting, timeout=30_000)
        refusals.add(sentence.inner_text())
        page.reload()
    assert len(refusals) == 3
    assert all(" " in each or "。" in each for each in refusals)


def kept(folder: Path, receipt: object) -> Path:
    path = folder / "receipt.json"
    path.write_text(json.dumps(receipt, ensure_ascii=False), "utf-8")
    return path
