"""Other pages while the worker's child reads a list of 10,000,000: seconds, at the 95th percentile.

The child is the very process the worker starts, beside a portal of its own with its processes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Final

from benchmarks._figures import figure, missed
from benchmarks.lottery import ROOT, commit_task, write_list
from tests.browser.server import live_portal
from tests.lottery.building import DRAW

_ENTRIES: Final = 10_000_000
_PAGES: Final = ("/", "/verify", "/explorer", "/signin")
_PAUSE: Final = 0.1


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_list(folder / "list.csv", _ENTRIES)
        with live_portal(folder / "portal") as portal:
            _asked(portal.url, threading.Event(), rounds=20)  # warm
            before = _asked(portal.url, threading.Event(), rounds=100)
            ended, during = threading.Event(), list[float]()
            visitor = threading.Thread(target=lambda: during.extend(_asked(portal.url, ended)))
            visitor.start()
            _commit(folder)
            ended.set()
            visitor.join()
    figure("other pages, nothing else going on: p95", _p95(before), "s", 0.3, at_most=True)
    figure("other pages while 10 M entries are read: p95", _p95(during), "s", 0.3, at_most=True)
    return min(missed(), 125)


def _asked(url: str, ended: threading.Event, rounds: int = 1_000_000) -> list[float]:
    """How long each page took, one after the other, until ``ended``."""
    spent: list[float] = []
    for number in range(rounds):
        if ended.wait(_PAUSE):
            break
        start = time.perf_counter()
        with urllib.request.urlopen(url + _PAGES[number % len(_PAGES)]) as answer:
            answer.read()
        spent.append(time.perf_counter() - start)
    return spent


def _commit(folder: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "lottery.entries", "commit"],
        cwd=ROOT,
        input=commit_task(folder / "list.csv", folder / "kept", DRAW),
        text=True,
        check=True,
        capture_output=True,
    )


def _p95(spent: list[float]) -> float:
    return sorted(spent)[int(len(spent) * 0.95)]


if __name__ == "__main__":
    raise SystemExit(main())
