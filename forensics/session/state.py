"""What a keeper knows of its session at any moment."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from forensics.clock import Moment
from forensics.desktop.interface import Phase, StepReport, Terminal

COUNTED = ("stills", "pages", "downloads", "uploads", "marks", "gaps")


@dataclass(slots=True)
class State:
    """Changed under the keeper's lock alone.

    ``grabbed`` is when the recorder last saw the screen, ``heard`` when it last said anything, both
    monotonic seconds. ``opened`` is the segment being written. ``wanted``: the desktop service
    asked for input; ``shown``: the cleanliness page was on the recorded screen. ``reason`` is why
    the session ends, ``lacking`` what is not there although the recording is whole.
    """

    phase: Phase = Phase.PREPARING
    terminal: Terminal | None = None
    reason: str = ""
    steps: dict[str, StepReport] = field(default_factory=dict)
    input_on: bool = False
    wanted: bool = False
    shown: bool = False
    frozen: str = ""
    ending: str = ""
    final: bool = False
    began: Moment | None = None
    launched: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)
    active: float = field(default_factory=time.monotonic)
    grabbed: float | None = None
    frames: int = 0
    missed: int = 0
    missed_closed: int = 0
    last: Moment | None = None
    opened: Mapping[str, Any] | None = None
    stopped: bool = False
    checks: dict[str, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    pages_asked: int = 0
    busy: str = ""
    lacking: list[str] = field(default_factory=list)
    warned: set[str] = field(default_factory=set)
    clock_offset: float | None = None
    cut_at: Moment | None = None

    def count(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Count what an event says, and know what is going on."""
        told = fields.get("state")
        if kind in {"mark", "upload"} or (kind, told) in {("download", "kept"), ("page", "done")}:
            self.counts[f"{kind}s"] += 1
        if kind == "page":
            over = told in {"done", "failed"}
            self.busy = "" if over else f"page {fields.get('number')}"

    @property
    def was_live(self) -> bool:
        return self.phase is not Phase.PREPARING

    def age(self, now: float) -> float:
        """Seconds since the screen was last seen; before the first time, since the launch."""
        return now - (self.launched if self.grabbed is None else self.grabbed)
