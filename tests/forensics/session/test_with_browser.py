"""A keeper beside a real browser: the cleanliness page on the recording, then input, then pages."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from forensics.desktop import layout
from forensics.desktop.interface import Phase
from tests.forensics.session.conftest import Keep
from tests.forensics.session.judging import require_sound
from tests.forensics.session.keeping import CLEAN, Kept
from tests.forensics.xvnc import XServer
from tests.site.server import Site, serving

pytestmark = pytest.mark.browser
_FLAGS = (
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,800",
    "--window-position=0,0",
    "about:blank",
)


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serving() as running:
        yield running


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def browser_port(tmp_path: Path, own_screen: XServer) -> int:
    """The DevTools port of a browser on the screen; ended with the screen."""
    port = free_port()
    own = ["--no-sandbox"] if os.geteuid() == 0 else []
    own += [f"--remote-debugging-port={port}", f"--user-data-dir={tmp_path / 'profile'}"]
    own_screen.run("/usr/lib/chromium/chromium", *own, *_FLAGS)
    return port


def events_of(kept: Kept, kind: str) -> list[dict[str, object]]:
    lines = (kept.folder.evidence / layout.EVENTS).read_bytes().splitlines()
    return [event for event in map(json.loads, lines) if event["kind"] == kind]


def test_from_the_cleanliness_page_to_a_captured_one(
    own_screen: XServer, browser_port: int, site: Site, keep: Keep
) -> None:
    url = f"{site.url}/"
    kept = keep(own_screen.display, cdp_port=browser_port, page_port=free_port(), start_url=url)
    kept.go_live()
    assert kept.status().phase is Phase.LIVE
    shown = events_of(kept, "navigation")
    assert str(shown[0]["url"]).startswith("http://127.0.0.1")
    kept.until(lambda _: any(event["url"] == url for event in events_of(kept, "navigation")))
    assert kept.ask("page") == {"number": 1}
    kept.until(lambda seen: seen.counts["pages"] == 1)
    manifest = kept.finish()
    assert (manifest["terminal"], manifest["lacking"]) == ("complete", [])
    paths = [each["path"] for each in manifest["files"]]
    assert {"pages/0001/page.png", "pages/0001/page.mhtml", layout.WACZ} <= set(paths)
    assert manifest["logs"]["web"] == layout.WACZ
    require_sound(kept.folder.evidence)
    # Shown before there was input, and on the recording.
    assert shown[0]["n"] < events_of(kept, "input_on")[0]["n"]


def test_a_list_of_addresses_is_visited_with_nobody_there(
    own_screen: XServer, browser_port: int, site: Site, keep: Keep
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/"
    urls = [f"{site.url}/", nowhere, f"{site.url}/long"]
    kept = keep(own_screen.display, cdp_port=browser_port, page_port=free_port(), urls=urls)
    kept.until(lambda seen: seen.recording)
    kept.ask("environment", results=CLEAN)
    manifest = kept.ended(90)
    assert (manifest["terminal"], manifest["lacking"]) == ("complete", [])
    assert manifest["reason"] == "every address was visited; 1 of 3 could not be captured"
    warned = [str(each["detail"]) for each in events_of(kept, "warning")]
    assert any(each.startswith(nowhere) for each in warned)
    assert manifest["events"]["kinds"].get("input_on") is None
    assert [each["path"] for each in manifest["files"] if each["path"].endswith("page.png")] == [
        "pages/0001/page.png",
        "pages/0002/page.png",
    ]
    require_sound(kept.folder.evidence)


def test_a_browser_that_never_comes_means_no_input(screen: XServer, keep: Keep) -> None:
    kept = keep(screen.display, cdp_port=free_port(), page_port=free_port())
    kept.until(lambda seen: seen.recording)
    kept.ask("environment", results=CLEAN)
    assert kept.ask("input", on=True) == {"on": False}
    kept.ask("finish", reason="given up")
    assert kept.ended()["terminal"] == "failed"
    require_sound(kept.folder.evidence)
