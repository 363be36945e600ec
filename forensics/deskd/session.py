"""One session from its first folder to its last: a thread that starts, watches and ends it.

The thread lives as long as the session: the sandboxes die with the thread that started them
(PR_SET_PDEATHSIG), so a service that is killed leaves no browser behind.
"""

from __future__ import annotations

import contextlib
import logging
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from forensics.deskd import observing
from forensics.deskd.starting import start
from forensics.deskd.state import State
from forensics.deskd.watching import LimitWatch, ScreenWatch, dead, keeper_stands_still
from forensics.desktop import processes
from forensics.desktop.cgroups import Usage
from forensics.desktop.interface import Observation, Phase, Step, Terminal
from forensics.desktop.layout import MANIFEST
from forensics.desktop.making import Making
from forensics.desktop.options import StepFailed
from forensics.errors import ForensicsError, InvalidSpec, WrongState
from forensics.session.client import ask
from forensics.session.commands import PROVIDER_ONLY, check_command

_ROUND: Final = 0.2
#: How long closing the recording may take beside waiting for the last token: a page capture that
#: still runs, the web archive, digests, the manifest.
_CLOSING: Final = 150.0
_SALVAGE: Final = 60.0
RESTARTED: Final = "the desktop service was started again"
_log = logging.getLogger(__name__)


class Session:
    """``done`` is called once when nothing of the session runs any more."""

    def __init__(self, making: Making, state: State, done: Callable[[], None]) -> None:
        self.making, self.state, self._done = making, state, done
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._destroyed = False
        self._troubled = False
        self._finish = ""
        self._usage = Usage()

    # -- what is asked -----------------------------------------------------------------------

    def launch(self) -> None:
        """Begin the start, once."""
        with self._lock:
            if self._thread is None and self.state.phase is Phase.PREPARING:
                self._go(self._live)

    def recover(self) -> None:
        """End what an earlier service left; its evidence stays."""
        with self._lock:
            if self._thread is None and self.state.phase is not Phase.ENDED:
                self._go(self._left_behind)

    def observe(self) -> Observation:
        """How it stands now."""
        folder, finishing = self.making.folder, bool(self._finish)
        with self._lock:
            session, seen = self.making.spec.session, observing.look(folder)
            return observing.merged(session, seen, self.state, self._usage, finishing, folder)

    def command(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        checked = check_command(name, arguments)
        if name in PROVIDER_ONLY:
            raise InvalidSpec(f"{name} is the desktop service's own word")
        self._must_run()
        return ask(self.making.near.keeper_socket, name, checked)

    def freeze(self, reason: str) -> None:
        self._must_run()
        with self._lock:
            self.state.frozen = True
            self._save()
        with contextlib.suppress(WrongState):
            self._ask("freeze", reason=reason or "frozen")

    def finish(self, reason: str = "finished") -> None:
        """Repeatable."""
        with self._lock:
            if self._thread is None and self.state.phase is Phase.PREPARING:
                self._end_now(Terminal.FAILED, "it was ended before it was started")
            self._finish = self._finish or reason

    def interrupt(self, reason: str) -> None:
        """End it now, as interrupted; whoever asks does not wait for it."""
        if self._thread is None:
            self.finish(reason)
        else:
            self._trouble(reason)

    def wait(self, seconds: float) -> None:
        """Until it has ended, for at most ``seconds``."""
        if self._thread is not None:
            self._thread.join(seconds)

    def destroy(self) -> list[str]:
        """End everything at once and remove every file; what could not be removed."""
        with self._lock:
            self._destroyed = True
            self.making.given_up.set()
        processes.end_all(self.making.stragglers, 2.0)
        if self._thread is not None:
            self._thread.join(3.0)
        left = self.making.end()
        if not left:
            self._release()
        self.making.remove_files()
        return left

    @property
    def runs(self) -> bool:
        """Whether the session takes a place."""
        return self.state.phase is not Phase.ENDED

    # -- the thread --------------------------------------------------------------------------

    def _go(self, work: Callable[[], None]) -> None:
        name = f"session-{self.making.spec.session[:8]}"
        self._thread = threading.Thread(target=self._guarded, args=(work,), name=name, daemon=True)
        self._thread.start()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - it must end, whatever this was
            _log.exception("session %s", self.making.spec.session)
            self._trouble(f"the desktop service failed: {error}"[:300])
        finally:
            self._close()

    def _live(self) -> None:
        try:
            start(self.making, self._report, self._look)
        except (ForensicsError, OSError) as error:
            words = self.making.last_words("keeper")
            _log.warning("session %s: %s (%s)", self.making.spec.session, error, words)
            self._trouble(str(error)[:500])
        self._watch()

    def _watch(self) -> None:
        """Until the keeper has written the manifest, or is dead."""
        if "keeper" not in self.making.children:
            return
        screen, limits = ScreenWatch(self.making), LimitWatch(self.making)
        asked_at = time.monotonic() if self._troubled else 0.0
        try:
            while self._keeper_runs() and not self._destroyed:
                reason = screen.trouble or dead(self.making) or limits.look()
                self._usage = limits.usage
                for kind, detail in limits.news():
                    if self._ask("note", kind=kind, detail=detail):
                        limits.told(detail)
                if reason and not self._troubled:
                    self._trouble(reason)
                if self._finish and not asked_at:
                    asked_at = self._ask_to_end()
                self.making.open_downloads()
                if self._overdue(asked_at) or keeper_stands_still(self.making):
                    self._kill_keeper()
                time.sleep(_ROUND)
        finally:
            screen.close()

    def _left_behind(self) -> None:
        """A session of an earlier service: its keeper may still be alive and is asked to end."""
        self._trouble(RESTARTED)
        began = time.monotonic()
        while self._keeper_runs() and not self._destroyed:
            if self._overdue(began) or keeper_stands_still(self.making):
                self._kill_keeper()
            time.sleep(_ROUND)

    def _close(self) -> None:
        if self._destroyed:
            return
        manifest = self.making.folder.evidence / MANIFEST
        if not manifest.exists() and self.making.folder.evidence.is_dir():
            self._salvage()
        left = self.making.end()
        for each in left:
            _log.error("session %s: left behind: %s", self.making.spec.session, each)
        with self._lock:
            said = self._look()
            self.state.terminal = observing.terminal(said, self.state, self.making.folder)
            self.state.reason = self.state.reason or (said.reason if said else "")
            self.state.phase = Phase.ENDED
            self._save()
        if not left:
            self._release()

    def _salvage(self) -> None:
        """The keeper died before the manifest: another one seals what it left."""
        if "keeper" not in self.state.processes:
            return
        try:
            self.making.keeper("--salvage")
            self.making.children["salvage"].wait(_SALVAGE)
        except (ForensicsError, OSError, subprocess.TimeoutExpired):
            _log.exception("session %s could not be salvaged", self.making.spec.session)

    # -- small words -------------------------------------------------------------------------

    def _trouble(self, reason: str) -> None:
        """Input off for good, and the session ends as interrupted or failed."""
        with self._lock:
            self._troubled, self.state.frozen = True, True
            self._finish = self._finish or reason
            self.state.reason = self.state.reason or reason
            self._save()
        self._ask("freeze", reason=reason)
        self._ask("finish", reason=reason)

    def _ask_to_end(self) -> float:
        self._ask("finish", reason=self._finish or self.state.reason or "ended")
        return time.monotonic()

    def _ask(self, name: str, **arguments: Any) -> bool:
        """A word to the keeper, and whether it was taken; one that is dead or does not answer is
        noticed elsewhere."""
        try:
            ask(self.making.near.keeper_socket, name, arguments, timeout=2.0)
        except ForensicsError:
            return False
        return True

    def _overdue(self, asked_at: float) -> bool:
        wait = _CLOSING + self.making.options.final_token_seconds
        return bool(asked_at) and time.monotonic() - asked_at > wait

    def _keeper_runs(self) -> bool:
        child = self.making.children.get("keeper")
        if child is not None:
            return child.poll() is None
        known = self.making.known.get("keeper")
        return known is not None and processes.is_running(*known)

    def _kill_keeper(self) -> None:
        child, known = self.making.children.get("keeper"), self.making.known.get("keeper")
        pid = child.pid if child else (known[0] if known else 0)
        if pid:
            group = [pid, *processes.descendants(pid)]
            alive = {each: processes.started_at(each) for each in group}
            processes.end_all(
                lambda: [each for each, at in alive.items() if processes.is_running(each, at)], 2.0
            )

    def _must_run(self) -> None:
        if self.state.phase is Phase.ENDED:
            raise WrongState("the session has ended")
        if self._thread is None:
            raise WrongState("the session has not begun")

    def _report(self, step: Step, state: str, detail: str) -> None:
        """Raises StepFailed: no further step is begun for a session that is to end."""
        if state == "doing" and self._finish:
            raise StepFailed(f"ended before anybody could use it: {self._finish}")
        with self._lock:
            self.state.step(step, state, detail)
            self._save()

    def started(self, name: str, pid: int, at: int) -> None:
        """A process was begun: on the disk before anything else happens."""
        with self._lock:
            self.state.processes[name] = (pid, at)
            self._save()

    def _save(self) -> None:
        if not self._destroyed:
            self.state.save(self.making.folder.state)

    def _look(self) -> Observation | None:
        return observing.look(self.making.folder).said

    def _end_now(self, terminal: Terminal, reason: str) -> None:
        self.state.phase, self.state.terminal, self.state.reason = Phase.ENDED, terminal, reason
        self._save()
        self._release()

    def _release(self) -> None:
        done, self._done = self._done, lambda: None
        done()
