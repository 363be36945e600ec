"""What everybody sees of a draw, in a real browser: the hall's screen, one's own number, the whole
draw computed again."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from portal.accounts.models import User
from portal.accounts.service import create_user
from portal.audit.actor import Actor
from portal.services import Services, build_services
from portal.settings import Environment, Settings
from tests.browser.conftest import PASSWORD, OpenPage, Watch
from tests.browser.server import LivePortal
from tests.browser.test_pages import axe_violations, has_sideways_scroll
from tests.portal.draws.hall import Performance, number, perform, show

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

HALL = {"width": 1920, "height": 1080}
TELEPHONE = {"width": 390, "height": 844}
PAGES = ("", "record", "check", "live", "screen", "results", "results/1/1", "results/1/1/at/2")
Stage = Callable[..., Performance]


@pytest.fixture(scope="module")
def services(portal: LivePortal) -> Iterator[Services]:
    """The portal's own things, to write draws into its tables."""
    built = build_services(
        Settings(
            _env_file=None,  # type: ignore[call-arg]
            environment=Environment.TEST,
            data_dir=portal.data_dir,
            base_url=portal.url,
        )
    )
    yield built
    built.close()


@pytest.fixture(scope="module")
def owner(services: Services) -> User:
    return create_user(
        services.database,
        services.settings,
        Actor.process("cli"),
        email=f"{uuid.uuid4().hex}@example.com",
        name="组织方",
        password=PASSWORD,
        roles=("organiser",),
    )


@pytest.fixture
def put(services: Services, owner: User) -> Stage:
    """A draw that begins in two hours, or whenever the test says."""

    def make(**options: object) -> Performance:
        now = datetime.now(UTC).replace(microsecond=0)
        options = {
            "draw_id": str(uuid.uuid4()),
            "begins": now - timedelta(hours=1),
            "draw_at": now + timedelta(hours=2),
        } | options
        one = perform(services.settings.path("draws"), **options)  # type: ignore[arg-type]
        show(services, owner, one)
        return one

    return make


@pytest.fixture
def drawn(put: Stage, services: Services, owner: User) -> Performance:
    one = put(winners=150)
    one.draw.prepare().reveal().finish()
    show(services, owner, one)
    return one


def scene(page: Page, name: str) -> None:
    expect(page.locator("#hall")).to_have_attribute("data-scene", name, timeout=30_000)


def fits(page: Page) -> bool:
    """Nothing of the hall's screen is beyond its edge, once it is laid out: the scene has its name
    a moment before."""
    for _ in range(50):
        if _within(page) and not has_sideways_scroll(page):
            return True
        page.wait_for_timeout(100)
    return False


def _within(page: Page) -> bool:
    script = """[...document.querySelectorAll(".hall-side, .hall-foot, .hall-main")].every(
      (part) => part.getBoundingClientRect().bottom <= innerHeight + 1)"""
    return bool(page.evaluate(script))


def test_the_hall_follows_a_draw_without_anybody_touching_the_screen(
    put: Stage, services: Services, owner: User, open_page: OpenPage
) -> None:
    one = put()
    page = open_page(f"/draws/{one.id}/screen", viewport=HALL, locale="zh-CN")
    scene(page, "wait")
    expect(page.locator("[data-part=left]")).to_contain_text("01:59:")
    expect(page.locator("[data-part=entries]")).to_have_text("500")
    assert fits(page)
    for kind in ("commit", "shares", "acknowledge"):
        one.draw.everybody(kind)
    show(services, owner, one)
    expect(page.locator(".mark.is-done")).to_have_count(10, timeout=30_000)
    notary = one.draw.parties["notary"]
    one.draw.hand_in(notary.open(one.record, ["公证员 陈静", "公众代表"], one.draw.now))
    show(services, owner, one)
    scene(page, "dice")
    expect(page.locator("[data-part=present]")).to_contain_text("陈静")
    assert fits(page)
    one.draw.hand_in(notary.dice(one.record, "1625344352" * 5, one.draw.now))
    one.draw.everybody("reveal", but=("public-2",))
    show(services, owner, one)
    scene(page, "reveal")
    expect(page.locator(".dice .die")).to_have_count(50)
    expect(page.locator(".mark.is-done")).to_have_count(14)
    assert fits(page)
    _recover(one)
    one.draw.finish()
    show(services, owner, one)
    scene(page, "result")
    expect(page.locator(".won").first).to_be_visible()
    expect(page.locator(".display-only")).to_contain_text("动画仅供展示")
    expect(page.locator(".display-only")).to_contain_text("display only")
    assert fits(page)
    first = page.locator(".won-rank").first
    expect(first).to_have_text("1")
    page.keyboard.press("ArrowRight")
    expect(first).not_to_have_text("1")
    page.click("[data-turn='0']")
    expect(page.locator("[data-turn='0']")).to_have_attribute("aria-pressed", "true")
    assert axe_violations(page) == []


def _recover(one: Performance) -> None:
    """The seed that was withheld, from the others' shares."""
    for name, party in one.draw.parties.items():
        if name != "public-2" and "public-2" not in one.record.current.secrets:
            one.draw.hand_in(party.share(one.record, "public-2", one.draw.now))


def test_a_void_and_a_rehearsal_cannot_be_overlooked(
    put: Stage, services: Services, owner: User, open_page: OpenPage
) -> None:
    one = put(rehearsal=True)
    one.draw.prepare().void("equipment")
    show(services, owner, one)
    page = open_page(f"/draws/{one.id}/screen", viewport=HALL)
    scene(page, "void")
    expect(page.locator(".void-reason")).to_contain_text("Equipment failed")
    expect(page.locator(".void-reason")).to_contain_text("设备")
    expect(page.locator(".hall-stripes")).to_contain_text("Rehearsal")
    expect(page.locator(".hall-stripes")).to_contain_text("演练")
    assert fits(page)


def test_when_the_network_goes_the_screen_keeps_what_it_knows(
    put: Stage, open_page: OpenPage, watch: Watch
) -> None:
    one = put(draw_at=datetime.now(UTC) + timedelta(minutes=5))
    watch.expect("ERR_INTERNET_DISCONNECTED")
    page = open_page(f"/draws/{one.id}/screen", viewport=TELEPHONE)
    scene(page, "wait")
    page.context.set_offline(True)
    lost = page.locator("[data-part=lost]")
    expect(lost).to_be_visible(timeout=30_000)
    expect(page.locator("[data-part=entries]")).to_have_text("500")
    page.context.set_offline(False)
    expect(lost).to_be_hidden(timeout=30_000)


@pytest.mark.parametrize(
    ("locale", "scheme"),
    [("zh-CN", "dark"), pytest.param("en-US", "light", marks=pytest.mark.soak)],
)
def test_every_page_is_accessible_and_fits_a_telephone(
    drawn: Performance, open_page: OpenPage, locale: str, scheme: str
) -> None:
    page = open_page("/", locale=locale, color_scheme=scheme, reduced_motion="reduce")
    wrong = []
    for path in (*PAGES, "verify"):
        page.set_viewport_size({"width": 1280, "height": 800})
        page.goto(f"/draws/{drawn.id}/{path}")
        wrong += axe_violations(page)
        page.set_viewport_size(TELEPHONE)
        if has_sideways_scroll(page):
            wrong.append(f"{path} scrolls sideways")
    assert not wrong, "\n".join(wrong)


def test_a_participant_checks_a_number_which_is_never_sent(
    drawn: Performance, open_page: OpenPage, watch: Watch
) -> None:
    page = open_page(f"/draws/{drawn.id}/check", viewport=TELEPHONE)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    page.fill("#check-id", " id００００００１０ ")
    page.click("#check-form button")
    answer = page.locator("#check-answer")
    expect(answer).to_contain_text("This entry is on the list")
    expect(answer).to_contain_text(number(10))
    with page.expect_download() as waiting:
        answer.locator("a[download]").click()
    receipt = waiting.value.path()
    assert not any("00000010" in one for one in sent)
    watch.expect("404")
    page.fill("#check-id", "ID99999999")
    page.click("#check-form button")
    expect(answer).to_contain_text("This number is not on the list")
    page.set_input_files("#check-file", receipt)
    expect(answer).to_contain_text("This entry is on the list")
    forged = receipt.read_text().replace(number(10), number(11))
    file = {"name": "r.json", "mimeType": "application/json", "buffer": forged.encode()}
    page.set_input_files("#check-file", files=[file])  # type: ignore[list-item]
    expect(answer).to_contain_text("The proof does not lead to the fingerprint")


def test_the_whole_draw_is_computed_again_in_the_browser(
    drawn: Performance, open_page: OpenPage
) -> None:
    page = open_page(f"/draws/{drawn.id}/verify", locale="zh-CN")
    page.check("#verify-leaves")
    page.click("#verify-start")
    verdict = page.locator("#verify-verdict")
    expect(verdict).to_have_attribute("data-outcome", "verified", timeout=60_000)
    expect(page.locator("li[data-outcome=passed]")).to_have_count(16)
    changed = drawn.draw.transcript().replace(b'"winner_count":150', b'"winner_count":151')
    file = {"name": "t.json", "mimeType": "application/json", "buffer": changed}
    page.set_input_files("#verify-file", files=[file])  # type: ignore[list-item]
    expect(verdict).to_have_attribute("data-outcome", "refused", timeout=60_000)


def test_winners_are_paged_searched_and_opened(drawn: Performance, open_page: OpenPage) -> None:
    page = open_page(f"/draws/{drawn.id}/results/1/2")
    rows = page.locator("#results-rows tr")
    expect(rows).to_have_count(100)
    page.click("[data-turn=on]")
    expect(rows).to_have_count(60)
    expect(page.locator("[data-part=where]")).to_have_text("Page 2 of 2")
    wanted = rows.nth(5).locator("td").nth(1).inner_text()
    page.fill("#results-rank", "3")
    page.press("#results-rank", "Enter")
    expect(page.locator(".is-found td").first).to_have_text("3")
    page.fill("#results-text", wanted.lower())
    page.press("#results-text", "Enter")
    expect(rows).to_have_count(1)
    rows.locator("a").click()
    expect(page.locator("h2").first).to_have_text("Winner, rank 106")


def test_without_scripts_the_pages_still_say_what_there_is(
    drawn: Performance, open_page: OpenPage
) -> None:
    page = open_page(f"/draws/{drawn.id}/live", java_script_enabled=False)
    expect(page.locator(".live-phase")).to_have_text("Drawn")
    expect(page.locator(".seed-tick.is-done")).to_have_count(15)
    page.goto(f"/draws/{drawn.id}/results/1/2?page=2")
    expect(page.locator("#results-rows tr")).to_have_count(60)
