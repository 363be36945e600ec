"""What a keeper watches for, as one pure decision a round.

Fail closed: whatever keeps the screen from being seen shuts the gate after a second and ends the
session after two and a half; whatever cannot be written ends it at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from forensics.session.spec import Settings
from forensics.session.state import State

#: How long the first frame may take: the recorder loads its libraries first.
FIRST_FRAME: Final = 20.0


@dataclass(frozen=True, slots=True)
class Signs:
    """What is measured outside of the session's state. ``status`` is the recorder's exit status
    (negative: a signal), None while it runs; ``free_bytes`` of the evidence's disk."""

    now: float
    status: int | None
    memory_bytes: int
    free_bytes: int


def trouble(state: State, signs: Signs, settings: Settings) -> str:
    """Why the session cannot go on, in one sentence; empty while it can."""
    if signs.status is not None:
        return f"the recorder ended unexpectedly ({_ended(signs.status)})"
    if signs.free_bytes < settings.min_free_bytes:
        return f"the disk of the evidence is nearly full ({signs.free_bytes >> 20} MiB are free)"
    if signs.memory_bytes > settings.recorder_memory_bytes:
        return f"the recorder used too much memory ({signs.memory_bytes >> 20} MiB)"
    age = state.age(signs.now)
    if state.grabbed is None:
        late = age > FIRST_FRAME
        return f"the recorder saw no picture within {FIRST_FRAME:.0f} seconds" if late else ""
    if signs.now - state.heard > settings.silence_seconds:
        return "the recorder stands still"
    if age > settings.stall_seconds:
        return "the screen does not answer any more"
    return ""


def holds(state: State, signs: Signs, settings: Settings) -> bool:
    """Whether the screen was seen just now, so that input may pass."""
    seen = state.grabbed is not None and state.age(signs.now) <= settings.hold_seconds
    return seen and signs.now - state.heard <= settings.hold_seconds


def time_is_up(state: State, now: float, settings: Settings, limit: int) -> str:
    """Why the session should end by itself: "limit", "idle" or nothing."""
    if state.began is not None and now - state.began.mono >= limit:
        return "limit"
    return "idle" if state.input_on and now - state.active >= settings.idle_seconds else ""


def warnings(state: State, now: float, settings: Settings, limit: int) -> dict[str, int]:
    """What to warn of: what → seconds left."""
    due: dict[str, int] = {}
    if state.began is not None:
        due["limit"] = round(limit - (now - state.began.mono))
    if state.input_on:
        due["idle"] = round(settings.idle_seconds - (now - state.active))
    return {what: left for what, left in due.items() if left <= settings.warn_seconds}


def _ended(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"
