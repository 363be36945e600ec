"""What the desktop service keeps of a session on the disk, so that a service that died can be
followed by one that cleans up."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from forensics.desktop.interface import Isolation, Phase, Step, StepReport, Terminal
from forensics.errors import InvalidEvidence

_MAX: Final = 1 << 20


@dataclass(slots=True)
class State:
    """``processes``: name → (number, start time), which together name a process for ever."""

    slot: int
    isolation: Isolation
    phase: Phase = Phase.PREPARING
    terminal: Terminal | None = None
    reason: str = ""
    frozen: bool = False
    processes: dict[str, tuple[int, int]] = field(default_factory=dict)
    steps: dict[Step, StepReport] = field(default_factory=dict)

    def step(self, step: Step, state: str, detail: str = "") -> None:
        self.steps[step] = StepReport(step, state, datetime.now(UTC), detail)

    def save(self, path: Path) -> None:
        value = asdict(self)
        value["steps"] = [
            {**asdict(each), "at": each.at.isoformat() if each.at else None}
            for each in self.steps.values()
        ]
        temporary = path.with_suffix(".new")
        temporary.write_text(json.dumps(value))
        temporary.replace(path)


def load(path: Path) -> State:
    """Raises InvalidEvidence: there is none, or it is none."""
    try:
        with path.open("rb") as file:
            value: dict[str, Any] = json.loads(file.read(_MAX))
        steps = [
            StepReport(
                Step(each["step"]),
                str(each["state"]),
                datetime.fromisoformat(each["at"]) if each["at"] else None,
                str(each["detail"]),
            )
            for each in value["steps"]
        ]
        return State(
            slot=int(value["slot"]),
            isolation=Isolation(value["isolation"]),
            phase=Phase(value["phase"]),
            terminal=Terminal(value["terminal"]) if value["terminal"] else None,
            reason=str(value["reason"]),
            frozen=bool(value["frozen"]),
            processes={str(name): (int(a), int(b)) for name, (a, b) in value["processes"].items()},
            steps={each.step: each for each in steps},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidEvidence(f"{path} is no state of a session: {error}") from error
