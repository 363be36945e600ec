"""Status file: how the session stands, several times a second."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from forensics.desktop.interface import Observation, Phase, Terminal
from forensics.session.child import usage_of
from forensics.session.state import COUNTED
from forensics.session.status import write_status

if TYPE_CHECKING:
    from forensics.session.keeper import Keeper

_EVERY: Final = 0.3
_MEASURE_EVERY: Final = 2.0


class Reporter:
    """Writes the status of ``keeper``; call :meth:`report` under its lock."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._reported = 0.0
        self._measured = 0.0
        self._evidence_bytes = 0
        self._usage = (0, 0.0)

    def report(self, *, now: bool = False) -> None:
        """Write the status if it is time, or ``now``."""
        moment = time.monotonic()
        if now or moment - self._reported >= _EVERY:
            self._reported = moment
            with contextlib.suppress(OSError):  # a full disk is told by the gate that shuts
                write_status(self._keeper.folder.status, self.observation(moment))

    def observation(self, moment: float) -> Observation:
        keeper, state = self._keeper, self._keeper.state
        self._measure(moment)
        grabbed = state.grabbed is not None and state.frames > 0
        fresh = grabbed and state.age(moment) <= keeper.settings.hold_seconds
        until = moment if state.last is None or state.phase is not Phase.ENDED else state.last.mono
        return Observation(
            session=keeper.spec.desktop.session,
            phase=state.phase,
            terminal=state.terminal,
            steps=tuple(state.steps.values()),
            input_on=state.input_on,
            recording=fresh and state.phase in {Phase.PREPARING, Phase.LIVE},
            head=keeper.chain.head,
            count=keeper.chain.count,
            attested=keeper.chain.attested,
            final=state.final,
            seconds=round(until - state.began.mono, 3) if state.began else 0.0,
            idle_seconds=round(moment - state.active, 3) if state.input_on else 0.0,
            frames=state.frames,
            missed=state.missed,
            memory_bytes=self._usage[0],
            cpu_seconds=round(self._usage[1], 2),
            evidence_bytes=self._evidence_bytes,
            checks=dict(state.checks),
            counts={name: state.counts[name] for name in COUNTED},
            busy=state.busy,
            reason=state.reason if state.terminal is not Terminal.COMPLETE else "",
        )

    def _measure(self, moment: float) -> None:
        if moment - self._measured < _MEASURE_EVERY:
            return
        self._measured = moment
        keeper = self._keeper
        own, recorder = usage_of(os.getpid()), keeper.recorder.usage()
        self._usage = (own[0] + recorder[0], own[1] + recorder[1])
        self._evidence_bytes = _size(keeper.folder.evidence)


def _size(folder: Path) -> int:
    """Bytes of all files below; one that goes away meanwhile counts for nothing."""
    size = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            size += path.lstat().st_size
    return size
