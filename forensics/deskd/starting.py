"""The start of a session, one step after the other; each begins when the one before it is done."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from forensics.desktop.interface import Observation, Step
from forensics.desktop.making import Making
from forensics.desktop.options import CODE, StepFailed
from forensics.environment import Target
from forensics.errors import ForensicsError
from forensics.session.client import ask

_FIRST_FRAME: Final = 25.0
_EXAMINED: Final = 10.0
_SHOWN: Final = 70.0
_ROUND: Final = 0.05

Report = Callable[[Step, str, str], None]
Look = Callable[[], Observation | None]


def start(making: Making, report: Report, look: Look) -> None:
    """All steps, in their order. ``report`` hears of each; ``look`` gives the keeper's status.

    Raises:
        ForensicsError, OSError: a step failed; the sentence says which and why.
    """
    steps: tuple[tuple[Step, Callable[[Making, Look], None]], ...] = (
        (Step.NETWORK, lambda making, look: making.network()),
        (Step.SCREEN, lambda making, look: making.screen()),
        (Step.RECORDER, _recorder),
        (Step.BROWSER, lambda making, look: making.browser()),
        (Step.CLEANLINESS, _cleanliness),
        (Step.INPUT, _input),
    )
    for step, act in steps:
        report(step, "doing", "")
        try:
            act(making, look)
        except (ForensicsError, OSError) as error:
            report(step, "failed", str(error)[:500])
            raise
        report(step, "done", "")


def _recorder(making: Making, look: Look) -> None:
    making.keeper()
    _until(making, look, _FIRST_FRAME, lambda seen: seen.recording and seen.frames >= 1)


def _cleanliness(making: Making, look: Look) -> None:
    results = examine(making.target())
    ask(making.near.keeper_socket, "environment", {"results": results})
    _until(making, look, _SHOWN, lambda seen: _is_done(seen, Step.CLEANLINESS))


def _input(making: Making, look: Look) -> None:
    """Visits without anybody begin by themselves, and nobody gets input."""
    if making.spec.urls:
        return
    ask(making.near.keeper_socket, "input", {"on": True}, timeout=15.0)
    _until(making, look, _EXAMINED, lambda seen: seen.input_on)


def examine(target: Target) -> list[dict[str, Any]]:
    """The cleanliness results, found by a process of their own: one that a hostile file kills or
    holds up takes nothing else with it.

    Raises:
        StepFailed
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "forensics.environment"],
            check=False,
            input=json.dumps(target.to_json()).encode(),
            capture_output=True,
            timeout=_EXAMINED,
            cwd=CODE,
        )
        found = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise StepFailed(f"the cleanliness could not be checked: {error}"[:300]) from error
    if not isinstance(found, list) or not found:
        raise StepFailed("the cleanliness checks answer nonsense")
    return found


def _until(
    making: Making, look: Look, seconds: float, enough: Callable[[Observation], bool]
) -> None:
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen is not None and enough(seen):
            return
        if seen is not None and seen.reason:
            raise StepFailed(seen.reason)
        if making.children["keeper"].poll() is not None:
            raise StepFailed(f"the keeper ended at once: {making.last_words('keeper')}")
        if making.given_up.is_set() or time.monotonic() > deadline:
            raise StepFailed(f"it was not done within {seconds:.0f} seconds")
        time.sleep(_ROUND)


def _is_done(seen: Observation, step: Step) -> bool:
    return any(each.step is step and each.state == "done" for each in seen.steps)
