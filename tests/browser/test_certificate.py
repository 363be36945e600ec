"""From a deposit to a certificate, its archive and its revocation: applicant, notary, second notary
and judge, each in a browser of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser import office
from tests.browser.acts import deposit, download, examine, number_on, wait_for_letter
from tests.browser.conftest import OpenPage, Watch
from tests.browser.server import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

_NAME, _NUMBER = "李娜", "110101199003071233"
_WITH_NUMBER = re.compile(r"\d{4}-DEMO-\d{6}")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """A scanned identity card."""
    path = tmp_path / "身份证.png"
    Image.new("RGB", (600, 380), "#cfd8dc").save(path)
    return path


def judged(package: Path) -> subprocess.CompletedProcess[str]:
    """What the judge's machine says, from an empty folder."""
    empty = package.parent / f"judge-{package.stem}"
    empty.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "portal.verification", str(package)],
        cwd=empty,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )


def tampered(package: Path) -> Path:
    """The same package with one byte of the certificate changed."""
    target = package.with_name("tampered.zip")
    with zipfile.ZipFile(package) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = bytearray(old.read(name))
            if name.endswith(".pdf") and "certificate" in name:
                data[len(data) // 2] ^= 1
            new.writestr(name, bytes(data))
    return target


def test_a_deposit_becomes_a_certificate(
    register: Callable[..., Page],
    sign_in_staff: Callable[..., Page],
    open_page: OpenPage,
    watch: Watch,
    make_file: Callable[[str, bytes], Path],
    picture: Path,
    tmp_path: Path,
    keep: Callable[[Page, str], None],
) -> None:
    applicant = register(_NAME)
    deposit(applicant, make_file("摄影作品.jpg", os.urandom(50_000)), title="摄影作品《晨》")
    wait_for_letter(applicant)
    applicant.reload()
    mine = office.apply(applicant, picture, _NAME, _NUMBER)
    keep(applicant, "applied")
    matter = number_on(applicant)

    notary, second = sign_in_staff(), sign_in_staff()
    for page in (notary, second):
        office.prove(page)
        office.make_key(page)
    path = office.accept(notary, matter, second=True)
    keep(notary, "matter")
    second.goto(path)
    office.press(second, second.get_by_role("button", name="Take it").first)
    office.check(notary, path)
    keep(notary, "check")
    second.goto(f"{path}/check")
    office.confirm(second, "已核对。")

    address = office.draft(notary, path)
    keep(notary, "draft")
    office.approve(second, address)
    number = office.issue(notary, address, second=True)
    keep(notary, "issued")
    assert _WITH_NUMBER.fullmatch(number)

    applicant.goto(mine)
    office.press(applicant, applicant.locator("#certificate a", has_text=number))
    keep(applicant, "mine")
    pdf = download(applicant, "/certificate.pdf", tmp_path)
    office.until(applicant, lambda: applicant.get_by_role("link", name="Proof package").count())
    package = download(applicant, "/package?original=1", tmp_path)
    keep(applicant, "mine")

    signatures = subprocess.run(["pdfsig", "-nocert", str(pdf)], capture_output=True, text=True)
    assert signatures.stdout.count("Signature is Valid.") == 3, signatures.stdout
    assert judged(package).returncode == 0, judged(package).stdout
    assert judged(tampered(package)).returncode == 1

    judge = open_page("/verify")
    assert "genuine" in examine(judge, pdf) or "matches" in judge.inner_text("main")
    keep(judge, "judge")
    judge.goto(f"/verify/{number}")
    expect(judge.locator("main")).to_contain_text("In force")

    office.revoke(notary, second, address)
    judge.goto(f"/verify/{number}")
    expect(judge.locator("main")).to_contain_text("Revoked")
    keep(judge, "revoked")

    volume = office.archive(notary, path)
    applicant.goto("/deposits")
    applicant.locator("a", has_text=volume).first.click()
    wait_for_letter(applicant)
    archive = download(applicant, "/package?original=1", tmp_path)
    assert judged(archive).returncode == 0, judged(archive).stdout
    notary.goto("/desk/register")
    expect(notary.locator("main")).to_contain_text(number)
    keep(notary, "register")
