"""A real Chromium with an agent, in front of the test site."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from forensics.pages import PageAgent
from tests import chromium
from tests.ports import free_port
from tests.site.certificates import Certificates, make
from tests.site.server import Site, fingerprint, serving
from tests.waiting import wait_for

_FLAGS = (
    "--headless=new",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-smooth-scrolling",
    "--window-size=1280,800",
)


@dataclass
class Events:
    """What an agent emitted, in order."""

    seen: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, kind: str, fields: dict[str, Any]) -> None:
        json.dumps(fields)
        self.seen.append((kind, fields))

    def of(self, kind: str, **wanted: Any) -> list[dict[str, Any]]:
        return [
            fields
            for each, fields in list(self.seen)
            if each == kind and wanted.items() <= fields.items()
        ]

    def wait(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """The first such event, once it is there."""
        wait_for(lambda: self.of(kind, **wanted), f"{kind} {wanted} in {self.seen[-5:]}")
        return self.of(kind, **wanted)[0]


@dataclass
class Desk:
    """A browser with its agent; ``folder`` is a session's, ``evidence`` in it."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]
    events: Events
    agent: PageAgent

    @property
    def evidence(self) -> Path:
        return self.folder / "evidence"

    def go(self, url: str) -> None:
        """Navigate and wait until it is loaded and quiet."""
        tab = self.agent.shown()
        loader = self.agent.navigate(url)
        wait_for(lambda: tab.has_loaded(loader), url)
        wait_for(self.agent.idle, url)

    def page(self, expression: str) -> Any:
        """Evaluated as the page itself would."""
        answer = self.agent.connection().call(
            "Runtime.evaluate",
            {"expression": expression, "returnByValue": True, "userGesture": True},
            self.agent.shown().session,
        )
        return answer["result"].get("value")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make(tmp_path_factory.mktemp("certificates"), ["127.0.0.1", "localhost"])


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def secure_site(certificates: Certificates) -> Iterator[Site]:
    with serving(certificates=certificates) as running:
        yield running


def launch(folder: Path, port: int, certificates: Certificates) -> subprocess.Popen[bytes]:
    """A browser with its profile and home in ``folder``."""
    flags = [*_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return subprocess.Popen(
        [
            sys.executable,
            chromium.__file__,
            *flags,
            f"--user-data-dir={folder / 'profile'}",
            f"--remote-debugging-port={port}",
            f"--ignore-certificate-errors-spki-list={fingerprint(certificates)}",
            "about:blank",
        ],
        env={"HOME": str(folder / "home"), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


StartDesk = Callable[..., Desk]


@pytest.fixture
def start_desk(tmp_path: Path, certificates: Certificates) -> Iterator[StartDesk]:
    """Start a browser and its agent; both end with the test."""
    desks: list[Desk] = []

    def start(**options: Any) -> Desk:
        folder = tmp_path / f"session{len(desks)}"
        for each in ("evidence", "home/Downloads", "profile/Default"):
            (folder / each).mkdir(parents=True)
        (folder / "profile/Default/Preferences").write_text(
            json.dumps({
                "download": {
                    "default_directory": str(folder / "home/Downloads"),
                    "prompt_for_download": False,
                }
            })
        )  # fmt: skip
        port = free_port()
        process = launch(folder, port, certificates)
        events = Events()
        desk = Desk(
            port, folder, process, events, PageAgent(port, folder / "evidence", events, **options)
        )
        desks.append(desk)
        desk.agent.start()
        wait_for(desk.agent._watch.tabs.pages, "a page")
        return desk

    yield start
    for each in desks:
        each.process.kill()
        each.process.wait()
        threads = [thread for thread in threading.enumerate() if thread.name.startswith("pages-")]
        each.agent.close(2)
        for thread in threads:
            thread.join(5)


@pytest.fixture
def desk(start_desk: StartDesk) -> Desk:
    return start_desk()
