"""Desktops: from the click to a visible browser, to the cleanliness results, to input, to nothing.

A real desktop service with the best isolation this machine has; medians of a few starts. Needs what
desktops need; without it the figures are left out, and standard error says why.
"""

from __future__ import annotations

import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from benchmarks._figures import figure
from forensics.deskd.client import LocalDesktop
from forensics.desktop.interface import DesktopSpec, Observation, Phase, Step
from forensics.errors import DeskUnavailable

_T = TypeVar("_T")
_STARTS = 5
_SECONDS = 90.0


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="desk") as folder:
        root = Path(folder) / "desk"
        words = ["--root", str(root), "--log-level", "ERROR", "--final-token-seconds", "0"]
        service = subprocess.Popen([sys.executable, "-m", "forensics.deskd", *words])
        try:
            desk = LocalDesktop(root)
            _until(lambda: _probed(desk))
            reasons = desk.probe().reasons
            if desk.probe().available:
                _measure(desk)
            else:
                print(f"no desktops here: {'; '.join(reasons)}", file=sys.stderr)
        finally:
            service.terminate()
            service.wait()


def _measure(desk: LocalDesktop) -> None:
    taken = [_cycle(desk) for _ in range(_STARTS)]
    for name, floor in (("visible", 5.0), ("examined", 2.0), ("usable", 10.0), ("destroyed", 5.0)):
        value = statistics.median(each[name] for each in taken)
        figure(f"desktop_{name}_seconds", value, "s", floor, at_most=True)


def _cycle(desk: LocalDesktop) -> dict[str, float]:
    """Seconds from the click until the browser is there, of the cleanliness checks until their
    results are kept, from the click until input (their page is shown for a second before it)."""
    session = secrets.token_hex(16)
    began = time.time()
    desk.create(DesktopSpec(session))
    desk.launch(session)
    seen: Observation = _until(lambda: _usable(desk.observe(session)))
    if not seen.input_on:
        raise RuntimeError(seen.reason)
    at = {each.step: each.at.timestamp() for each in seen.steps if each.at}
    events = desk.command(session, "events", {"after": 0})["lines"]
    kept = next(each["at"] for each in events if each["kind"] == "cleanliness")
    examined = datetime.fromisoformat(kept).timestamp() - at[Step.BROWSER]
    before = time.monotonic()
    desk.destroy(session)
    return {
        "visible": at[Step.BROWSER] - began,
        "examined": examined,
        "usable": at[Step.INPUT] - began,
        "destroyed": time.monotonic() - before,
    }


def _usable(seen: Observation) -> Observation | None:
    return seen if seen.input_on or seen.reason or seen.phase is Phase.ENDED else None


def _probed(desk: LocalDesktop) -> bool:
    try:
        return bool(desk.probe())
    except DeskUnavailable:
        return False


def _until(found: Callable[[], _T | None]) -> _T:
    deadline = time.monotonic() + _SECONDS
    while not (value := found()):
        if time.monotonic() > deadline:
            raise TimeoutError("the desktop service does not get on")
        time.sleep(0.05)
    return value
