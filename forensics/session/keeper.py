"""The keeper: one loop that hears the recorder, judges, and says what is.

Input is on only while somebody asked for it, the cleanliness page was seen on the recording, and
the screen is being seen. Whatever goes wrong shuts the gate first, is said second, and ends the
session third; it ends in :mod:`forensics.session.ending` in every case.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Mapping
from typing import Any, Final

from forensics import clock
from forensics.desktop import layout
from forensics.desktop.interface import Phase, Step, StepReport, Terminal
from forensics.desktop.layout import SessionFolder
from forensics.events import EventLog
from forensics.session import hearing, watch
from forensics.session.chain import RecordingChain
from forensics.session.child import RecorderProcess
from forensics.session.gate import Gate
from forensics.session.pages import PageSide
from forensics.session.reporting import Reporter
from forensics.session.spec import KeeperSpec
from forensics.session.state import State
from forensics.session.uploads import UploadBox
from forensics.session.watch import Signs

#: Seconds between two rounds of the loop.
ROUND: Final = 0.1
#: Kept free for the manifest, should the disk fill up, bytes.
_RESERVE: Final = 4 << 20
#: A jump of the time of day against the monotonic clock worth an event, seconds.
_CLOCK_STEP: Final = 0.5


class Keeper:
    """One session's keeper. ``lock`` guards everything below it."""

    def __init__(self, folder: SessionFolder, spec: KeeperSpec) -> None:
        self.folder, self.spec = folder, spec
        self.settings = spec.settings
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.state = State()
        self.stills: dict[int, Mapping[str, Any]] = {}
        self.gate = Gate(folder.gate)
        for name in layout.EVIDENCE_FOLDERS:
            (folder.evidence / name).mkdir(parents=True, exist_ok=True)
        self.events = EventLog(folder.evidence / layout.EVENTS)
        self.chain = RecordingChain(folder.evidence)
        self.uploads = UploadBox(folder.run, folder.evidence / layout.UPLOADS, folder.box_in)
        attended = not spec.desktop.urls
        self.pages = PageSide(self.settings.cdp_port, folder.evidence, self.emit, attended=attended)
        self.reporter = Reporter(self)
        self._reserve = folder.run / "reserve"
        with self._reserve.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, _RESERVE)
        self.recorder = RecorderProcess(
            folder.evidence / layout.RECORDING,
            spec.desktop.session,
            self.settings.display or os.environ.get("DISPLAY", ""),
            spec.desktop.fps,
        )
        (folder.run / "recorder.pid").write_text(str(self.recorder.pid))

    def watch(self) -> None:
        """Watch until the session is to end."""
        self.step(Step.RECORDER, "doing")
        self.pages.start()
        while self.round():
            time.sleep(ROUND)

    def round(self) -> bool:
        """One look at everything; whether the session goes on."""
        with self.lock:
            self.hear()
            if self.state.ending and not self.state.reason:
                self.cut_short(self.state.ending)
            if not self.state.reason:
                self._judge()
                self._look_at_clocks()
            self.reporter.report()
            return not self.state.reason

    def emit(self, kind: str, fields: Mapping[str, Any] | None = None) -> int:
        """Write an event and count it; 0 when the disk does not take it, which ends the session."""
        with self.lock:
            try:
                number = self.events.emit(kind, fields)
            except OSError as error:
                self.cut_short(f"the evidence cannot be written: {error.strerror or error}")
                return 0
            self.state.count(kind, fields or {})
            return number

    def step(self, step: Step, state: str, detail: str = "") -> None:
        with self.lock:
            self.state.steps[step] = StepReport(step, state, clock.now().utc, detail)
            self.emit("step", {"step": step.value, "state": state, "detail": detail})

    def cut_short(self, reason: str) -> None:
        """Something is missing now, or will be: the gate shuts and the session ends."""
        with self.lock:
            state = self.state
            first = state.terminal is None
            if first:
                self.gate.set(False)
                state.cut_at = clock.now()
                state.terminal = Terminal.INTERRUPTED if state.was_live else Terminal.FAILED
                state.reason = reason
            self.input_off(reason)
            if first:
                self.emit("warning", {"what": state.terminal or "", "detail": reason})
                self.reporter.report(now=True)

    def finish(self, reason: str) -> None:
        """End in good order; what is not there yet decides how that is called."""
        with self.lock:
            if self.state.reason:
                return
            if self.state.frozen:
                self.cut_short(self.state.frozen)
            elif not self.state.was_live:
                self.cut_short(f"ended before anybody could use it: {reason}")
            else:
                self.input_off(reason)
                self.state.reason = reason

    def input_off(self, reason: str) -> None:
        with self.lock:
            self.gate.set(False)
            was, self.state.input_on, self.state.wanted = self.state.input_on, False, False
            if was:
                self.emit("input_off", {"reason": reason})
            self.changed.notify_all()

    def hear(self) -> None:
        """Take in what the recorder said."""
        for message in self.recorder.messages():
            try:
                hearing.take_in(self, message)
            except OSError as error:
                self.cut_short(f"the evidence cannot be written: {error.strerror or error}")
            self.changed.notify_all()

    def release_reserve(self) -> None:
        with contextlib.suppress(OSError):
            self._reserve.unlink(missing_ok=True)

    def go_live(self) -> None:
        """Input on if it was asked for and everything it needs is there."""
        state = self.state
        if state.wanted and state.shown and not state.frozen and not state.input_on:
            state.input_on, state.phase, state.active = True, Phase.LIVE, time.monotonic()
            self.step(Step.INPUT, "done")
            self.emit("input_on")
            self.pages.navigate(self.spec.desktop.start_url or "about:blank")
            self.reporter.report(now=True)
            self.changed.notify_all()

    def _judge(self) -> None:
        signs = Signs(
            time.monotonic(),
            self.recorder.status(),
            self.recorder.usage()[0],
            shutil.disk_usage(self.folder.evidence).free,
        )
        reason = watch.trouble(self.state, signs, self.settings)
        if reason:
            self.cut_short(reason)
            return
        self.go_live()
        holds = watch.holds(self.state, signs, self.settings)
        self.gate.set(self.state.input_on and holds)
        self._time(signs.now)

    def _time(self, now: float) -> None:
        limit = self.spec.desktop.limits.seconds
        what = watch.time_is_up(self.state, now, self.settings, limit)
        if what:
            self.emit("limit", {"what": what})
            words = {"limit": "the time limit was reached", "idle": "nobody used it for a while"}
            self.finish(words[what])
            return
        due = watch.warnings(self.state, now, self.settings, limit)
        for name in due.keys() - self.state.warned:
            self.emit("warning", {"what": name, "seconds": due[name]})
        self.state.warned = set(due)

    def _look_at_clocks(self) -> None:
        moment = clock.now()
        offset = moment.utc.timestamp() - moment.mono
        known = self.state.clock_offset
        if known is not None and abs(offset - known) > _CLOCK_STEP:
            self.emit("clock", {"step": round(offset - known, 3)})
        self.state.clock_offset = offset
