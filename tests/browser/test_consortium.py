"""The consortium in a real browser: a member is admitted by three authorities and blacklisted by
three of five regulators, every signature made on the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.office import until
from tests.browser.server import LivePortal, live_portal
from tests.chain_adapter.consortium.people import deposit_key, key
from tests.portal.consortium.portal_world import rule_for

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePortal]:
    """A portal with a consortium's rule."""
    folder = tmp_path_factory.mktemp("consortium")
    path = folder / "rule.json"
    path.write_bytes(rule_for("").to_json())
    with live_portal(folder, CONSORTIUM_RULE=str(path)) as running:
        yield running


def _sign(page: Page, form: str, name: str, folder: Path) -> None:
    """Choose somebody's key file in a form, and send it."""
    path = folder / f"{name}.key"
    if not path.exists():
        key(name).save(path)
    chosen = page.locator(f"form[data-consortium={form}]")
    chosen.locator("[data-part=key]").set_input_files(path)
    expect(chosen.locator("[data-part=address]")).to_contain_text("0x" + key(name).address.hex())
    with page.expect_navigation():
        chosen.locator("button:not([type=button])").click()


def _recorded(page: Page) -> None:
    """Wait until the message on the page stands on the ledger."""
    until(page, lambda: page.locator(".state-good").count())


def test_admitted_by_three_and_blacklisted_by_three(
    register: object, portal: LivePortal, tmp_path: Path
) -> None:
    page: Page = register("李四")  # type: ignore[operator]
    page.goto("/consortium/join")
    page.fill("[name=name]", "李四")
    page.fill("[name=number]", "110101199001011234")
    page.fill("[name=key_id]", deposit_key("me"))
    _sign(page, "register", "me", tmp_path)
    expect(page.locator(".consortium-ways")).to_contain_text("certificates: 0 of 3")
    for number in range(3):
        _sign(page, "cosign", f"authority {number}", tmp_path)
    _recorded(page)

    page.goto("/consortium")
    page.locator("svg.member-tree a.tree-active").click()
    page.select_option("#method", "blacklist")
    page.fill("#reason", "伪造材料")
    _sign(page, "act", "regulator 0", tmp_path)
    for number in (2, 4):
        _sign(page, "cosign", f"regulator {number}", tmp_path)
    _recorded(page)
    page.goto("/consortium")
    expect(page.locator("svg.member-tree a.tree-blacklisted")).to_have_count(1)


def test_a_key_without_office_is_told_so(
    register: object, portal: LivePortal, tmp_path: Path, watch: object
) -> None:
    watch.expect("422")  # type: ignore[attr-defined]
    page: Page = register("王五")  # type: ignore[operator]
    page.goto("/consortium/keys")
    path = tmp_path / "mallory.key"
    key("mallory").save(path)
    form = page.locator("form[data-consortium=rotate]")
    form.locator("[name=to]").fill("0x" + key("new").address.hex())
    form.locator("[data-part=key]").set_input_files(path)
    form.locator("button:not([type=button])").click()
    expect(form.locator("[data-part=problem]")).to_contain_text("has no office here")
