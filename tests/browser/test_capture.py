"""The whole way of a capture, with nothing but the real thing: desktop service, gateway, browser in
a browser, a site in a network namespace; from the click to the package verified offline."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage, Watch
from tests.browser.server import ROOT, LivePortal, live_portal
from tests.forensics.deskd.service import Service
from tests.forensics.deskd.site import site
from tests.forks import Program
from tests.ports import free_port

pytestmark = [pytest.mark.browser, pytest.mark.root]

#: Chinese that keyboards of other countries do not have, each character once.
CHINESE = "".join(chr(0x4E00 + 7 * number) for number in range(200))
_PORT = 8080
_LONG = 60_000


@dataclass(frozen=True)
class Gateway:
    """The gateway's process, which may be killed and started again."""

    portal: LivePortal

    def start(self) -> Program:
        log = self.portal.data_dir.with_name("gateway.log")
        return Program("portal.captures.gateway", environment=self.portal.environment, output=log)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A site with several pages in a network of its own."""
    if os.geteuid() != 0:
        pytest.skip("needs root for desktops of their own network")
    with site() as found:
        namespace = f"desk-site-{os.getpid() % 250}"
        command = [sys.executable, "-m", "tests.site", "--bind", found.address]
        server = subprocess.Popen(
            ["ip", "netns", "exec", namespace, *command, "--port", str(_PORT)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        try:
            assert server.stdout is not None
            assert json.loads(server.stdout.readline())["port"] == _PORT
            yield found.address
        finally:
            server.terminate()
            server.communicate()


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory, address: str) -> Iterator[Service]:
    from forensics.desktop import local

    if missing := local.what_is_missing():
        pytest.skip("; ".join(missing))
    root = tmp_path_factory.mktemp("desks") / "desk"
    reach = ("--allow", address, "--resolver", address, "--final-token-seconds", "20")
    service = Service(root, "--mode", "isolated", "--capacity", "3", *reach)
    try:
        yield service
    finally:
        service.stop()


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory, desks: Service) -> Iterator[LivePortal]:
    folder = tmp_path_factory.mktemp("captures")
    settings = {"DESKTOPS": f"local:{desks.root}", "GATEWAY_BIND": f"127.0.0.1:{free_port()}"}
    with live_portal(folder, **settings) as running:
        yield running


@contextmanager
def running(gateway: Gateway) -> Iterator[Program]:
    process = gateway.start()
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def begin(page: Page, url: str, title: str) -> None:
    page.goto("/captures/new")
    page.fill("[name=start_url]", url)
    page.fill("[name=title]", title)
    page.click(".capture-foot .btn-primary")


def connected(page: Page) -> None:
    page.wait_for_url("**/desktop", timeout=_LONG)
    expect(page.locator("#wait")).to_be_hidden(timeout=_LONG)
    expect(page.locator("#screen canvas")).to_be_visible()


def said(page: Page, text: str) -> None:
    expect(page.locator("#note")).to_contain_text(text, timeout=_LONG)


def paste(page: Page, text: str) -> None:
    page.click("#paste")
    page.fill("#paste-text", text)
    page.click("#paste-dialog .btn-primary")


def visit_by_pasting(page: Page, url: str) -> None:
    """Until the evidence names exactly this address, every character of it: a machine that is busy
    may let a paste of the desktop's own browser time out."""
    wanted = quote(url, safe=":/?=")
    for _ in range(5):
        page.click("#screen canvas")
        page.keyboard.press("Control+l")
        page.wait_for_timeout(500)
        paste(page, url)
        said(page, f"{len(url)} characters pasted")
        page.wait_for_timeout(1500)
        page.keyboard.press("Enter")
        for _ in range(20):
            lines = answer(page, "events")["lines"]
            assert isinstance(lines, list)
            visited = [each["url"] for each in lines if each["kind"] == "navigation"]
            if wanted in visited:
                return
            page.wait_for_timeout(250)
    raise AssertionError(visited)


def answer(page: Page, what: str) -> dict[str, object]:
    found = page.context.request.get(page.url.replace("/desktop", f"/{what}"))
    value: dict[str, object] = found.json()
    return value


def test_from_the_click_to_the_verified_package(
    portal: LivePortal,
    register,  # type: ignore[no-untyped-def]
    watch: Watch,
    address: str,
    tmp_path: Path,
) -> None:
    watch.expect("WebSocket")  # the gateway is killed once
    watch.expect("Failed when connecting")
    base = f"http://{address}:{_PORT}"
    gateway = Gateway(portal)
    page: Page = register("王小明")
    with running(gateway):
        begin(page, f"{base}/", "测试站点")
        connected(page)
        expect(page.locator("#light")).to_have_class(re.compile("light-on"))
        page.click("#still")
        said(page, "Screenshot 1 kept")
        page.click("#page")
        said(page, "Page 1 is being captured")
        page.click("#mark")
        page.fill("#mark-text", "首页的图片")
        page.click("#mark-dialog .btn-primary")
        said(page, "Marked")
        visit_by_pasting(page, f"{base}/article?q={CHINESE}")
        expect(page.locator("[data-count=pages]")).to_have_text("1", timeout=_LONG)
        letter = tmp_path / "随附.txt"
        letter.write_text("一份文件")
        page.set_input_files("#upload", letter)
        said(page, "随附.txt")
    # The gateway is gone: the recording goes on, and the page comes back by itself.
    expect(page.locator("#wait")).to_contain_text("The connection was lost", timeout=_LONG)
    before = float(str(answer(page, "status")["seconds"]))
    with running(gateway):
        connected(page)
        status = answer(page, "status")
        assert float(str(status["seconds"])) > before
        assert status["recording"]
        page.click("#finish")
        page.wait_for_selector("[data-player]", timeout=_LONG)
    _review(page)
    package = _sealed(page, tmp_path)
    _verify(package)


def _review(page: Page) -> None:
    expect(page.locator(".alert")).to_have_count(0)  # it is complete
    expect(page.locator(".moments")).to_contain_text("首页的图片")
    page.click("[data-player-play]")
    # It plays on past the first seconds; the clock may jump over any one of them.
    expect(page.locator("[data-player-now]")).not_to_have_text(
        re.compile(r"^0:0[01]$"), timeout=_LONG
    )
    page.click(".moment:has-text('首页的图片') button")
    expect(page.locator(".player video.is-on")).to_be_visible()
    expect(page.locator(".moment:has-text('首页的图片') button")).to_have_class(
        re.compile("is-now")
    )
    passed = page.locator(".check-counts .text-good").inner_text()
    assert int(re.sub(r"\D", "", passed)) >= 15
    expect(page.locator(".check-counts .text-bad")).to_have_text("0 failed")
    expect(page.locator(".stills img").first).to_be_visible()


def _sealed(page: Page, folder: Path) -> Path:
    page.click("form[action$='/seal'] button")
    page.wait_for_url("**/deposits/**")
    expect(page.locator(".state-issued")).to_be_visible(timeout=_LONG)
    expect(page.locator(".capture-panel [data-player]")).to_be_visible()
    path = folder / "package.zip"
    with page.expect_download() as download:
        page.click("a[href$='original=1']")
    download.value.save_as(path)
    return path


def _verify(package: Path) -> None:
    """By the command, in a folder with nothing else; and the segments by sha256sum."""
    command = [sys.executable, "-m", "portal.verification", str(package), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(package) as archive:
        archive.extractall(package.parent / "out")
        manifest = json.loads(archive.read("files.json"))
    assert manifest["terminal"] == "complete"
    files = package.parent / "out/files"
    sums = "".join(f"{each['sha256']}  {each['path']}\n" for each in manifest["files"])
    subprocess.run(
        ["sha256sum", "--check", "--strict"],
        cwd=files,
        input=sums,
        text=True,
        check=True,
        capture_output=True,
    )
    wacz = [str(Path(sys.executable).with_name("wacz")), "validate", "-f"]
    subprocess.run([*wacz, str(files / "web/capture.wacz")], check=True, capture_output=True)


def test_abandoned_nothing_stays(portal: LivePortal, register, desks: Service, address) -> None:  # type: ignore[no-untyped-def]
    page: Page = register("赵六")
    with running(Gateway(portal)):
        begin(page, f"http://{address}:{_PORT}/", "放弃")
        connected(page)
        page.click("#abandon")
        page.click("#abandon-dialog .btn-danger")
        expect(page.locator("main .alert-info")).to_be_visible()
        expect(page.locator("main")).to_contain_text("Nothing captured yet")
        for _ in range(100):
            if not desks.client.sessions():
                break
            page.wait_for_timeout(200)
    assert desks.client.sessions() == []


def test_addresses_are_captured_unattended_and_sealed(
    portal: LivePortal,
    open_page: OpenPage,
    register,
    address: str,  # type: ignore[no-untyped-def]
) -> None:
    page: Page = register("钱七")
    page.goto("/captures/new")
    page.check("[name=mode][value=list]")
    page.fill("[name=urls]", f"http://{address}:{_PORT}/\nhttp://{address}:{_PORT}/gallery")
    page.click(".capture-foot .btn-primary")
    page.wait_for_url("**/deposits/**", timeout=2 * _LONG)
    expect(page.locator(".state-issued")).to_be_visible(timeout=_LONG)
    page.click(".capture-panel summary:has-text('Captured pages')")
    expect(page.locator(".stills-pages li")).to_have_count(2)
