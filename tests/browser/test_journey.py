"""A newcomer's way: register, deposit by dropping a file, take the letter, have it verified."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import (
    deposit,
    download,
    examine,
    number_on,
    verify_file,
    wait_for_letter,
)
from tests.browser.conftest import OpenPage, Watch

pytestmark = pytest.mark.browser

MakeFile = Callable[[str, bytes], Path]
NAME = "合同𠮷（最终版）.docx"


def test_file_becomes_letter_that_a_stranger_verifies(
    depositor: Page, open_page: OpenPage, make_file: MakeFile, tmp_path: Path
) -> None:
    content = b"the supply contract, as signed"
    original = make_file(NAME, content)

    deposit(depositor, original, title="与甲公司的供货合同")
    wait_for_letter(depositor)

    expect(depositor.locator("h1")).to_have_text("与甲公司的供货合同")
    shown = depositor.locator(".digest-value").first.inner_text()
    assert "".join(shown.split()) == hashlib.sha256(content).hexdigest()
    letter = download(depositor, "/letter", tmp_path)
    package = download(depositor, "/package", tmp_path)
    back = download(depositor, "/original", tmp_path / "back")
    number = number_on(depositor)
    assert letter.read_bytes().startswith(b"%PDF-")
    assert letter.name == f"{number}.pdf"
    assert {"letter.pdf", "token.tsr", "VERIFY.md"} <= set(zipfile.ZipFile(package).namelist())
    assert (back.name, back.read_bytes()) == (NAME, content)

    stranger = open_page("/verify")
    assert verify_file(stranger, original) == "The file matches."
    answer = stranger.locator("#verify-answer").inner_text()
    assert number in answer
    assert "张伟" not in answer
    assert NAME not in answer
    flipped = make_file("flipped.docx", bytes([content[0] ^ 1]) + content[1:])
    assert verify_file(stranger, flipped) == "Not found."

    stranger.goto(f"/v/{number}")
    expect(stranger.locator("#answer .verdict-sentence")).to_have_text(
        "This deposit matches its record."
    )
    assert verify_file(stranger, flipped) == "The file does not match."
    assert verify_file(stranger, original) == "The file matches."

    assert examine(stranger, letter) == "The letter matches what was issued."
    assert examine(stranger, package) == "The proof package matches what was issued."


def test_changed_evidence_is_refused(
    depositor: Page, open_page: OpenPage, make_file: MakeFile, tmp_path: Path
) -> None:
    deposit(depositor, make_file("plan.txt", b"the plan"))
    wait_for_letter(depositor)
    letter = bytearray(download(depositor, "/letter", tmp_path).read_bytes())
    package = download(depositor, "/package?original=1", tmp_path)
    letter[len(letter) // 2] ^= 1
    swapped = tmp_path / "swapped.zip"
    with zipfile.ZipFile(package) as source, zipfile.ZipFile(swapped, "w") as target:
        for name in source.namelist():
            target.writestr(
                name, b"another plan" if name.startswith("files/") else source.read(name)
            )

    stranger = open_page("/verify")

    assert examine(stranger, package) == "The proof package matches what was issued."
    assert examine(stranger, swapped) == "The proof package does not match what was issued."
    refused = stranger.locator(".tick", has=stranger.locator("details[open]"))
    expect(refused).to_contain_text("Every file is the one the manifest lists")
    changed = make_file("changed.pdf", bytes(letter))
    assert examine(stranger, changed) != "The letter matches what was issued."
    expect(stranger.locator("#verify-answer .verdict-matches")).to_have_count(0)
    other = make_file("some.zip", b"PK\x03\x04 nothing of ours")
    assert examine(stranger, other) == "This cannot be checked now."
    assert examine(stranger, make_file("some.txt", b"nothing of ours")) == "Not found."


def test_digest_only_keeps_the_file_here(
    depositor: Page, open_page: OpenPage, make_file: MakeFile
) -> None:
    secret = make_file("秘密.txt", b"nobody else shall see this")
    sent: list[int] = []
    depositor.on(
        "request",
        lambda request: (
            sent.append(len(request.post_data_buffer or b""))
            if request.method == "POST" and b"nobody else" in (request.post_data_buffer or b"")
            else None
        ),
    )

    deposit(depositor, secret, mode="digest")
    wait_for_letter(depositor)

    assert sent == []
    expect(depositor.locator("a[href$='/original']")).to_have_count(0)
    expect(depositor.locator("#evidence")).to_contain_text("never saw the file")
    stranger = open_page("/verify")
    assert verify_file(stranger, secret) == "The file matches."
    expect(stranger.locator("#verify-answer")).to_contain_text("Only a digest was handed over")


def test_deposit_is_found_again(depositor: Page, make_file: MakeFile) -> None:
    deposit(depositor, make_file("a.txt", b"first"), title="Alpha 一")
    deposit(depositor, make_file("b.txt", b"second"), title="Beta 二")
    wait_for_letter(depositor)

    depositor.goto("/deposits")
    expect(depositor.locator(".row-item")).to_have_count(2)
    depositor.fill("#text", "alpha")
    depositor.click(".finding-first button")
    expect(depositor.locator(".row-title")).to_have_text(["Alpha 一"])
    depositor.goto("/deposits?state=received&since=2020-01-01")
    expect(depositor.locator(".empty-title")).to_have_text("Nothing fits")
    depositor.goto("/")
    expect(depositor.locator(".row-item")).to_have_count(2)
    depositor.click("text=Beta 二")
    expect(depositor.locator("h1")).to_have_text("Beta 二")


def test_text_survives_a_broken_upload(depositor: Page, make_file: MakeFile, watch: Watch) -> None:
    """The line is down, and the upload goes on by itself as soon as it is back."""
    watch.expect("net::ERR_CONNECTION_RESET")
    depositor.goto("/deposits/new")
    depositor.set_input_files("#file", make_file("c.txt", b"third"))
    depositor.fill("[name=title]", "Kept")
    depositor.fill("[name=note]", "also kept")
    depositor.route("**/uploads/files", lambda route: route.abort("connectionreset"))
    depositor.click("[data-part=submit]")

    expect(depositor.locator("[data-part=upload-line]")).to_contain_text("Connection lost")
    assert depositor.input_value("[name=title]") == "Kept"
    assert depositor.input_value("[name=note]") == "also kept"

    depositor.unroute("**/uploads/files")
    wait_for_letter(depositor)
    expect(depositor.locator(".note-text")).to_have_text("also kept")


def test_empty_file_is_refused_before_anything_is_sent(
    depositor: Page, make_file: MakeFile
) -> None:
    depositor.goto("/deposits/new")
    depositor.set_input_files("#file", make_file("empty.txt", b""))
    expect(depositor.locator("[data-part=problem]")).to_contain_text("empty")
    expect(depositor.locator("[data-part=submit]")).to_be_disabled()
