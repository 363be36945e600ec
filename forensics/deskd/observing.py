"""How a session stands: the keeper's words, and over them what only the service knows."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from forensics.deskd.state import State
from forensics.deskd.watching import STALE
from forensics.desktop.cgroups import Usage
from forensics.desktop.interface import Observation, Phase, Step, StepReport, Terminal
from forensics.desktop.layout import MANIFEST, SessionFolder
from forensics.errors import InvalidEvidence
from forensics.session.status import read_status

_MAX: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Seen:
    """``said``: the keeper's status, if there is one; ``stale``: it is old, nobody watches."""

    said: Observation | None
    stale: bool


def look(folder: SessionFolder) -> Seen:
    """The keeper's last word, and how old it is."""
    try:
        said = read_status(folder.status)
        age = time.time() - folder.status.stat().st_mtime
    except (OSError, InvalidEvidence):
        return Seen(None, True)
    return Seen(said, age > STALE)


def merged(
    session: str, seen: Seen, state: State, usage: Usage, finishing: bool, folder: SessionFolder
) -> Observation:
    """``finishing``: the end was asked for, whether the keeper knows it already or not. Nothing is
    called on that nobody watches."""
    blank = seen.said or Observation(session=session, phase=Phase.PREPARING)
    ended = state.phase is Phase.ENDED
    over = ended or blank.phase in {Phase.ENDING, Phase.ENDED} or finishing
    blind = over or state.frozen or seen.stale
    return replace(
        blank,
        phase=Phase.ENDED if ended else (Phase.ENDING if over else blank.phase),
        terminal=terminal(seen.said, state, folder) if ended else blank.terminal,
        steps=_steps(blank, state),
        input_on=blank.input_on and not blind,
        recording=blank.recording and not ended and not seen.stale,
        memory_bytes=blank.memory_bytes + usage.memory_bytes,
        cpu_seconds=round(blank.cpu_seconds + usage.cpu_seconds, 2),
        reason=blank.reason or state.reason,
    )


def terminal(said: Observation | None, state: State, folder: SessionFolder) -> Terminal:
    """What the manifest says; without one nothing is complete."""
    if state.terminal is not None:
        return state.terminal
    written = _of_manifest(folder.evidence / MANIFEST)
    if written is not None:
        return written
    recorded = said is not None and said.frames > 0
    return Terminal.INTERRUPTED if recorded else Terminal.FAILED


def _of_manifest(path: Path) -> Terminal | None:
    try:
        with path.open("rb") as file:
            return Terminal(json.loads(file.read(_MAX))["terminal"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _steps(said: Observation, state: State) -> tuple[StepReport, ...]:
    """All steps in their order; the service's word, because it waits for the keeper's."""
    heard = {each.step: each for each in said.steps}
    blank = {step: StepReport(step, "waiting") for step in Step}
    return tuple({**blank, **heard, **state.steps}[step] for step in Step)
