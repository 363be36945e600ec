"""A real large file: digested in the browser, uploaded, checked, sealed."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.acts import wait_for_letter

pytestmark = pytest.mark.browser

_SIZE = 200 * 1024 * 1024


def test_two_hundred_megabytes(depositor: Page, tmp_path: Path) -> None:
    path, digest = tmp_path / "录像.mp4", hashlib.sha256()
    with path.open("wb") as file:
        for _ in range(_SIZE // (8 * 1024 * 1024)):
            block = os.urandom(8 * 1024 * 1024)
            digest.update(block)
            file.write(block)

    depositor.goto("/deposits/new")
    depositor.set_input_files("#file", path)
    shown = depositor.locator("[data-part=digest]")
    expect(shown).not_to_be_empty(timeout=60_000)
    assert "".join(shown.inner_text().split()) == digest.hexdigest()
    depositor.click("[data-part=submit]")
    depositor.wait_for_url("**/deposits/*-*", timeout=120_000)

    wait_for_letter(depositor)
    expect(depositor.locator(".facts-narrow")).to_contain_text("200 MiB")
