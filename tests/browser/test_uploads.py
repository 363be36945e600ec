"""Folders of many files on a bad line, tampering on the way, and leaving nothing behind."""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Error, Page, Route, expect

from tests.browser.acts import download, drop, verify_file, wait_for_letter
from tests.browser.conftest import OpenPage, Watch
from tests.browser.server import LivePortal
from tests.browser.test_pages import axe_violations

pytestmark = pytest.mark.browser

_REVIEW = re.compile(r"/uploads/drafts/[0-9a-f-]{36}$")
_ITEM = re.compile(r"/deposits/[0-9a-f-]{36}$")
_FILES = "**/uploads/files**"
MakeFile = Callable[[str, bytes], Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty files in two folders, one of them empty."""
    root = tmp_path / "案卷"
    (root / "照片").mkdir(parents=True)
    for number in range(39):
        place = root / "照片" if number % 3 else root
        (place / f"{number:02d} 页.bin").write_bytes(os.urandom(2000) + bytes([number]))
    (root / "空.txt").write_bytes(b"")
    return root


def stored(portal: LivePortal) -> set[Path]:
    """What uploads have put into the vault; letters of other tests come and go meanwhile."""
    objects = (portal.data_dir / "vault" / "objects").glob("*/*")
    return {path for path in objects if path.name.startswith(("upload.", "list."))}


def choose_folder(page: Page, folder: Path) -> None:
    page.set_input_files("#folder", folder)
    count = sum(path.is_file() for path in folder.rglob("*"))
    expect(page.locator("[data-part=many-state]")).to_have_text(f"{count} of {count} digested")


def test_a_folder_survives_an_interruption(
    depositor: Page, open_page: OpenPage, folder: Path, tmp_path: Path, watch: Watch
) -> None:
    watch.expect("net::ERR_")
    depositor.goto("/deposits/new")
    choose_folder(depositor, folder)
    seen: list[int] = []

    def line(route: Route) -> None:
        seen.append(1)
        if 10 < len(seen) < 20:  # the line is down for a while
            route.abort("connectionreset")
        else:
            route.continue_()

    depositor.route(_FILES, line)
    depositor.fill("[name=title]", "The whole case")
    depositor.click("[data-part=submit]")
    depositor.wait_for_url(_REVIEW, timeout=60_000)
    assert len(seen) >= 49, "every broken request was sent again"

    expect(depositor.locator(".file-line")).to_have_count(40)
    expect(depositor.locator(".file-line .text-good")).to_have_count(40)
    assert depositor.input_value("[name=title]") == "The whole case"
    assert depositor.is_checked("[name=grouping][value=list]")
    depositor.click("[data-part=confirm]")
    depositor.wait_for_url(_ITEM)
    wait_for_letter(depositor)
    expect(depositor.locator("h1")).to_have_text("The whole case")
    package = download(depositor, "/package?original=1", tmp_path)
    with zipfile.ZipFile(package) as archive:
        names = [name for name in archive.namelist() if name.startswith("files/案卷/")]
        assert len(names) == 40
    stranger = open_page("/verify")
    assert verify_file(stranger, folder / "照片" / "01 页.bin") == "The file matches."
    expect(stranger.locator("#verify-answer")).to_contain_text("a list of files, 40 in all")


def test_a_reload_goes_on_where_it_was(
    depositor: Page, make_file: MakeFile, folder: Path, watch: Watch
) -> None:
    """Some files have come, one of them in part; the same ones are chosen again."""
    watch.expect("net::ERR_")
    large = folder / "large.bin"
    large.write_bytes(os.urandom(40 * 1024 * 1024))
    depositor.goto("/deposits/new")
    choose_folder(depositor, folder)
    depositor.route(
        _FILES,
        lambda route: route.abort() if route.request.method == "PATCH" else route.continue_(),
    )
    depositor.click("[data-part=submit]")
    expect(depositor.locator("[data-part=upload-count]")).to_have_text(
        "40 of 41 received", timeout=60_000
    )
    expect(depositor.locator("[data-part=upload-line]")).to_contain_text("Connection lost")
    depositor.on("dialog", lambda dialog: dialog.accept())

    depositor.goto("/deposits/new")
    # Only now: the page before would have gone on by itself.
    depositor.unroute(_FILES)

    expect(depositor.locator(".draft-waiting")).to_contain_text("Files: 41")
    expect(depositor.locator("[data-part=missing]")).to_be_visible()
    expect(depositor.locator("[data-part=submit]")).to_be_disabled()
    sent: list[int] = []
    depositor.on(
        "request",
        lambda request: (
            sent.append(int(request.headers.get("content-length") or 0))
            if request.method in ("POST", "PATCH") and "/uploads/files" in request.url
            else None
        ),
    )
    depositor.set_input_files("#folder", folder)
    expect(depositor.locator("[data-part=missing]")).to_be_hidden()
    depositor.click("[data-part=submit]")
    depositor.wait_for_url(_REVIEW, timeout=60_000)
    assert sum(sent) < 10 * 1024 * 1024, "what had come was not sent again"
    expect(depositor.locator("[data-part=confirm]")).to_be_enabled()


def test_bytes_changed_on_the_way_are_refused(
    depositor: Page, make_file: MakeFile, watch: Watch, portal: LivePortal
) -> None:
    watch.expect("422")
    before = stored(portal)
    original = make_file("合同.txt", b"pay 100 to A")

    def tamper(route: Route) -> None:
        body = route.request.post_data_buffer
        changed = body.replace(b"pay 100 to A", b"pay 900 to B") if body else body
        route.continue_(post_data=changed)

    depositor.goto("/deposits/new")
    drop(depositor, ".drop", original)
    expect(depositor.locator("[data-part=digest]")).not_to_be_empty()
    depositor.route(_FILES, tamper)
    depositor.click("[data-part=submit]")

    problem = depositor.locator("[data-part=problem]")
    expect(problem).to_contain_text("other bytes of 合同.txt than your browser read")
    assert "/deposits/new" in depositor.url
    assert stored(portal) == before
    depositor.unroute(_FILES)
    expect(depositor.locator("[data-part=digest]")).not_to_be_empty()
    depositor.click("[data-part=submit]")
    depositor.wait_for_url(_ITEM)
    wait_for_letter(depositor)
    shown = depositor.locator(".digest-value").first.inner_text()
    assert "".join(shown.split()) == hashlib.sha256(b"pay 100 to A").hexdigest()


def test_discarding_leaves_nothing(depositor: Page, folder: Path, portal: LivePortal) -> None:
    before = stored(portal)
    depositor.goto("/deposits/new")
    choose_folder(depositor, folder)
    depositor.click("[data-part=submit]")
    depositor.wait_for_url(_REVIEW, timeout=60_000)
    review = depositor.url
    assert len(stored(portal)) == len(before) + 40
    depositor.click(".file-line >> nth=0 >> button.btn-ghost-secondary[title=Remove]")
    expect(depositor.locator(".file-line")).to_have_count(39)

    depositor.click("[data-part=discard]")

    depositor.wait_for_url("**/deposits/new")
    expect(depositor.locator(".alert").first).to_contain_text("Nothing was deposited")
    assert stored(portal) == before
    assert depositor.request.get(review).status == 404
    depositor.goto("/deposits")
    expect(depositor.locator(".empty-title")).to_have_text("Nothing deposited yet")


def test_pausing_and_going_on(depositor: Page, folder: Path) -> None:
    depositor.goto("/deposits/new")
    choose_folder(depositor, folder)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    depositor.route(_FILES, hold)
    depositor.click("[data-part=submit]")
    expect(depositor.locator("[data-part=pause]")).to_be_visible()
    depositor.click("[data-part=pause]")
    expect(depositor.locator("[data-part=upload-line]")).to_contain_text("Paused")
    for route in held:
        with suppress(Error):  # the page has given up on it
            route.abort()
    depositor.unroute(_FILES)
    depositor.click("[data-part=resume]")
    depositor.wait_for_url(_REVIEW, timeout=60_000)
    expect(depositor.locator(".file-line .text-good")).to_have_count(40)


def test_digests_of_a_folder_alone(depositor: Page, folder: Path) -> None:
    """Each file by itself, and not one byte of theirs leaves the computer."""
    (folder / "空.txt").unlink()
    depositor.goto("/deposits/new")
    sent: list[str] = []
    depositor.on("request", lambda request: sent.append(request.url))
    choose_folder(depositor, folder)
    depositor.check("[name=mode][value=digest]")
    depositor.check("[name=grouping][value=each]")
    depositor.click("[data-part=submit]")
    depositor.wait_for_url(_REVIEW)
    assert not any("/uploads/files" in address for address in sent)
    expect(depositor.locator(".file-line").first).to_contain_text("the file stays with you")
    depositor.click("[data-part=confirm]")
    depositor.wait_for_url("**/deposits")
    expect(depositor.locator(".alert")).to_contain_text("Deposits made: 39.")


def test_what_was_uploaded_is_taken_back_when_only_digests_shall_go(
    depositor: Page, folder: Path, portal: LivePortal
) -> None:
    before = stored(portal)
    depositor.goto("/deposits/new")
    choose_folder(depositor, folder)
    depositor.click("[data-part=submit]")
    depositor.wait_for_url(_REVIEW, timeout=60_000)
    assert stored(portal) != before
    depositor.goto("/deposits/new")
    depositor.set_input_files("#folder", folder)
    depositor.check("[name=mode][value=digest]")
    expect(depositor.locator("[data-part=submit]")).to_be_enabled()
    depositor.click("[data-part=submit]")
    depositor.wait_for_url(_REVIEW, timeout=60_000)
    expect(depositor.locator(".file-line", has_text="stays with you")).to_have_count(40)
    assert stored(portal) == before


def test_a_folder_is_dropped(depositor: Page, folder: Path) -> None:
    depositor.goto("/deposits/new")
    drop(depositor, ".drop", folder)
    expect(depositor.locator("[data-part=many-line]")).to_contain_text("40 files")
    expect(depositor.locator("[data-part=rows]")).to_contain_text("案卷/照片/01 页.bin")
    depositor.click("[data-part=many] [data-part=other]")
    expect(depositor.locator("[data-part=zone]")).to_be_visible()


def test_the_review_is_fit_for_a_telephone(
    register: Callable[..., Page], make_file: MakeFile
) -> None:
    page = register(locale="zh-CN", viewport={"width": 390, "height": 800})
    page.goto("/deposits/new")
    page.set_input_files(
        "#file",
        [make_file("很长的文件名" * 10 + f"{n}.txt", b"x" * (n + 1)) for n in range(3)],
    )
    page.click("[data-part=submit]")
    page.wait_for_url(_REVIEW)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    expect(page.locator("h1")).to_have_text("存证前核对")
    review = page.url
    page.goto("/deposits/new")
    expect(page.locator("[data-part=rows] li")).to_have_count(3)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.set_viewport_size({"width": 1280, "height": 800})
    assert not axe_violations(page)
    page.goto(review)
    assert not axe_violations(page)
