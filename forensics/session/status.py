"""How a session stands, as JSON in a file that is replaced at once.

The keeper writes it several times a second; whoever starts and shows sessions reads it. One object
with the fields of :class:`~forensics.desktop.interface.Observation` by name, times as RFC 3339.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from forensics.desktop.interface import Observation, Phase, Step, StepReport, Terminal
from forensics.errors import InvalidEvidence

#: No status is longer, bytes.
MAX_STATUS: Final = 256 * 1024


def to_json(observation: Observation) -> bytes:
    """One line, without the newline."""
    value: dict[str, Any] = {}
    for each in fields(observation):
        found = getattr(observation, each.name)
        value[each.name] = dict(found) if isinstance(found, Mapping) else found
    value["steps"] = [_step_to_json(step) for step in observation.steps]
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def from_json(data: bytes) -> Observation:
    """What :func:`to_json` wrote. Fields this version does not know are passed over.

    Raises:
        InvalidEvidence: no status; the sentence names the field.
    """
    try:
        value = json.loads(data) if len(data) <= MAX_STATUS else None
    except (ValueError, RecursionError) as error:
        raise InvalidEvidence("the status is not JSON") from error
    if not isinstance(value, dict):
        raise InvalidEvidence("the status is no object, or far too long")
    blank = Observation(session="", phase=Phase.PREPARING)
    known: dict[str, Any] = {}
    for each in fields(Observation):
        if each.name in value:
            known[each.name] = _field(each.name, value[each.name], getattr(blank, each.name))
    if "session" not in known or "phase" not in known:
        raise InvalidEvidence("the status names no session or no phase")
    return Observation(**known)


def write_status(path: Path, observation: Observation) -> None:
    """Replace ``path`` at once. Not made durable: after a power failure nothing of it counts."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(to_json(observation))
    temporary.replace(path)


def read_status(path: Path) -> Observation:
    """The status last written.

    Raises:
        FileNotFoundError: none was written yet. InvalidEvidence: it is none.
    """
    with path.open("rb") as file:
        return from_json(file.read(MAX_STATUS + 1))


def _step_to_json(report: StepReport) -> dict[str, Any]:
    at = report.at.astimezone(UTC).isoformat() if report.at else None
    return {"step": report.step, "state": report.state, "at": at, "detail": report.detail}


def _field(name: str, value: Any, blank: Any) -> Any:
    """``value`` as the field ``name`` holds it; ``blank`` is its default and gives the type."""
    try:
        if name == "phase":
            return Phase(value)
        if name == "terminal":
            return None if value is None else Terminal(value)
        if name == "steps":
            return tuple(map(_step, value))
        if isinstance(blank, Mapping):
            return {str(key): _number(each) for key, each in value.items()}
        if isinstance(blank, float):
            return float(_number(value))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise InvalidEvidence(f"the status has a strange {name}") from error
    if type(value) is not type(blank):
        raise InvalidEvidence(f"the status has a strange {name}")
    return value


def _number(value: Any) -> int | float:
    if type(value) not in {int, float} or not math.isfinite(value):
        raise ValueError("no number")
    return value  # type: ignore[no-any-return]


def _step(value: Any) -> StepReport:
    at = datetime.fromisoformat(value["at"]) if value["at"] is not None else None
    if at is not None and at.tzinfo is None:
        raise ValueError("a time without a zone")
    return StepReport(Step(value["step"]), str(value["state"]), at, str(value["detail"]))
