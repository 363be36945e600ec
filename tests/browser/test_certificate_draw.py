"""A draw becomes a certificate: its organiser applies, a notary certifies, a judge verifies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.browser import office
from tests.browser import test_draw as small
from tests.browser.acts import download, number_on
from tests.browser.conftest import Watch
from tests.browser.test_certificate import judged
from tests.browser.test_draw import Hall

pytestmark = [pytest.mark.browser, pytest.mark.soak, pytest.mark.timeout(1800)]


def test_a_draw_becomes_a_certificate(
    sign_in_staff: Callable[..., Page],
    register: Callable[..., Page],
    watch: Watch,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(small, "_LONG", 300_000)
    watch.expect("the server responded with a status of 4")  # what the wizard may not save yet
    hall = Hall(sign_in_staff(), sign_in_staff(), register("李娜"))
    small.plan(hall)
    small.entries(hall, tmp_path)
    small.parties(hall, tmp_path)
    small.announce(hall)
    small.bind(hall)
    small.attend(hall)
    small.reveal(hall)
    small.audit(hall)

    organiser, notary = hall.organiser, sign_in_staff()
    picture = tmp_path / "营业执照.png"
    Image.new("RGB", (600, 380), "#cfd8dc").save(picture)
    link = organiser.get_by_role("link", name="Apply for a certificate")
    organiser.goto("/deposits")
    office.press(organiser, organiser.locator("a", has_text="新春抽奖").first)
    office.until(organiser, link.count)
    mine = office.apply(organiser, picture, "李娜", "110101199003071233")
    matter = number_on(organiser)
    office.prove(notary)
    office.make_key(notary)
    path = office.accept(notary, matter, second=False)
    office.check(notary, path)
    address = office.draft(notary, path)
    office.approve(notary, address)
    number = office.issue(notary, address, second=False)
    organiser.goto(mine)
    office.press(organiser, organiser.locator("#certificate a", has_text=number))
    office.until(organiser, lambda: organiser.get_by_role("link", name="Proof package").count())
    package = download(organiser, "/package?original=1", tmp_path)
    assert judged(package).returncode == 0, judged(package).stdout
