"""An X server for a module's tests, drawing all the time; a keeper for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.forensics.session.keeping import Kept, keeping
from tests.forensics.slowness import Stalls
from tests.forensics.xvnc import XServer, xvnc

Keep = Callable[..., Kept]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without an X server these tests cannot run, and say so."""
    if shutil.which("Xvnc") is None:
        for item in items:
            if {"screen", "own_screen", "keep"} & set(getattr(item, "fixturenames", ())):
                item.add_marker(pytest.mark.skip(reason="Xvnc (tigervnc-standalone-server)"))


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[XServer]:
    """An X server whose screen changes all the time."""
    with xvnc(tmp_path_factory.mktemp("x")) as server:
        server.draw()
        yield server


@pytest.fixture
def own_screen(tmp_path: Path) -> Iterator[XServer]:
    """An X server that a test may kill or stop; nothing moves on it."""
    with xvnc(tmp_path) as server:
        yield server


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Keep]:
    """Start a keeper for a display; ended with the test."""
    with ExitStack() as stack:
        yield lambda display, **facts: stack.enter_context(keeping(tmp_path, display, **facts))


@pytest.fixture
def stalls() -> Iterator[Stalls]:
    """For how long the machine stood still during the test."""
    with Stalls() as running:
        yield running
