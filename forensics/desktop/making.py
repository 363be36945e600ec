"""One session's desktop on this machine, step by step; what differs between kinds of isolation is
left to :mod:`local`, :mod:`shared_network` and :mod:`bare`.

Nothing here decides or watches: the desktop service does. Every method may be repeated after a
failure, and :meth:`Making.end` clears whatever there is, however far the others came.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final

from forensics.desktop import browser, components, processes, xserver
from forensics.desktop.attested import attested
from forensics.desktop.cgroups import Usage
from forensics.desktop.folders import Owners, lay, remove, write_spec
from forensics.desktop.interface import DesktopSpec, Isolation
from forensics.desktop.layout import SessionFolder
from forensics.desktop.options import CODE, Options, StepFailed
from forensics.desktop.processes import Place
from forensics.desktop.slots import Claims, Slot
from forensics.desktop.xclient import XClient, new_cookie
from forensics.environment import Target
from forensics.errors import DeskUnavailable

_X_SECONDS: Final = 10.0
_BROWSER_SECONDS: Final = 30.0
_ROUND: Final = 0.02
_END_SECONDS: Final = 3.0


class Making:
    """``started`` is called for every process begun before anything waits for it, so that a
    service that dies knows what to end."""

    isolation: ClassVar[Isolation]
    own_network: ClassVar[bool] = False

    def __init__(
        self,
        spec: DesktopSpec,
        slot: Slot,
        folder: SessionFolder,
        options: Options,
        claims: Claims,
    ) -> None:
        self.spec, self.slot, self.folder = spec, slot, folder
        self.options, self.claims = options, claims
        #: The same folder by a path that sockets' addresses have room for.
        self.near = claims.near(slot)
        #: Hears of every process begun: name, number, start time.
        self.started: Callable[[str, int, int], None] = lambda name, pid, at: None
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        #: Processes of an earlier service: name → (number, start time).
        self.known: dict[str, tuple[int, int]] = {}
        #: Set when nothing more may be begun: waiting ends at once.
        self.given_up = threading.Event()
        self.cdp_port = slot.cdp_port(self.own_network)
        self.page_port = slot.page_port(self.own_network)
        self.argv = browser.argv(spec, self.cdp_port)
        self.environment = browser.environment(spec, slot.display)
        self.policies: dict[str, str] = {}
        self.began = datetime.now(UTC)
        self._cookie = new_cookie()

    # -- what kinds of isolation say ---------------------------------------------------------

    @property
    def uid(self) -> int | None:
        """X's and the browser's user; None: the service's own."""
        return None

    @property
    def keeper_uid(self) -> int | None:
        """Who records and owns the evidence; None: the service's own user."""
        return None

    def network(self) -> None:
        """Make the network. Nothing to do where it is the host's."""

    def _screen_command(self, words: list[str]) -> tuple[list[str], Place]:
        raise NotImplementedError

    def _keeper_place(self) -> Place:
        raise NotImplementedError

    def _browser_command(self, words: list[str]) -> tuple[list[str], Place]:
        raise NotImplementedError

    def _facts(self) -> dict[str, Any]:
        """More facts for the evidence."""
        return {}

    def _describe(self, target: dict[str, Any]) -> dict[str, Any]:
        """More of what the cleanliness checks may expect."""
        return target

    def usage(self) -> Usage:
        """What X and browser use."""
        return Usage()

    def stragglers(self) -> list[int]:
        """Every process of the session that still runs."""
        running = [each.pid for each in self.children.values() if each.poll() is None]
        running += [pid for pid, at in self.known.values() if processes.is_running(pid, at)]
        found = set(running)
        for pid in running:
            found.update(processes.descendants(pid))
        return sorted(found)

    def _clear(self) -> list[str]:
        """Remove what was made beside processes and files; what could not be."""
        return []

    # -- the steps ---------------------------------------------------------------------------

    def folders(self) -> None:
        """Lay the session's folders, each with its owner, and what was asked for."""
        lay(self.folder, Owners(self.options.group, self.uid, self.keeper_uid))
        self.write_spec()

    def write_spec(self) -> None:
        """``spec.json`` for the keeper: what was asked for, and the facts."""
        facts = {
            "isolation": self.isolation.value,
            "slot": self.slot.number,
            "cdp_port": self.cdp_port,
            "page_port": self.page_port,
            "display": f":{self.slot.display}",
            "idle_seconds": self.options.idle_seconds,
            "wait_final_token_seconds": self.options.final_token_seconds,
            "versions": components.versions(),
            "browser_argv": list(self.argv),
            "browser_environment": self.environment,
            "policies": self.policies,
            **self._facts(),
        }
        write_spec(self.folder.spec, self.spec, facts, self.keeper_uid)

    def screen(self) -> None:
        """Start the X server and wait until it answers.

        Raises:
            StepFailed
        """
        display = self.slot.display
        xserver.lay_cookie(self.folder.xauthority, display, self._cookie, self.uid)
        xserver.lay_cookie(self.folder.keeper_xauthority, display, self._cookie, self.keeper_uid)
        words = xserver.words(self.spec, display, self._cookie_for_x(), self._rfb_for_x())
        command, place = self._screen_command(words)
        variables = {"PATH": "/usr/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}
        self._start("screen", command, variables, place)
        self._wait("screen", _X_SECONDS, self._screen_answers)

    def ping(self, seconds: float = 1.0) -> XClient:
        """A connection to the X server, from outside of the desktop; ``seconds`` for each answer.

        Raises:
            DeskUnavailable
        """
        return XClient(self._x_socket(), self._cookie, seconds)

    def keeper(self, *arguments: str) -> None:
        """Start the keeper; its status tells how it goes."""
        variables = {
            "DISPLAY": f":{self.slot.display}",
            "XAUTHORITY": str(self.near.keeper_xauthority),
        } | processes.program_variables(CODE)
        words = [*self.options.keeper, "--folder", str(self.near.path), *arguments]
        name = "salvage" if arguments else "keeper"
        self._start(name, words, variables, self._keeper_place(), cwd=CODE)

    def browser(self) -> None:
        """Start window manager and browser and wait for its DevTools.

        Raises:
            StepFailed
        """
        words = ["/bin/sh", "-c", browser.LOOP, "desktop", self.spec.keyboard, *self.argv]
        command, place = self._browser_command(words)
        self._start("browser", command, self.environment, place)
        self._wait("browser", _BROWSER_SECONDS, self._browser_answers)

    def browser_pid(self) -> int:
        """The main browser process; 0 when there is none just now."""
        child = self.children.get("browser")
        for pid in processes.descendants(child.pid) if child else []:
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{pid}/exe") == str(components.CHROMIUM):  # noqa: PTH115
                    return pid
        return 0

    def target(self) -> Target:
        """What the cleanliness checks look at."""
        pid = self.browser_pid()
        listeners = [f"127.0.0.1:{self.cdp_port}", f"127.0.0.1:{self.page_port}"]
        screen = self.children["screen"].pid
        expected: dict[str, Any] = {
            "session": self.spec.session,
            "folder": self.folder.path,
            "isolation": self.isolation,
            "pid": pid,
            "browser_pid": pid,
            "uid": self.uid,
            "helpers": (screen, *processes.descendants(screen)),
            "executables": components.executables(),
            "argv": self.argv,
            "environment": self.environment,
            "policies": self.policies,
            "started": self.began,
            "listeners": tuple(listeners),
            "cdp_port": self.cdp_port,
            "browser_version": components.browser_version(),
            "attested": attested(self.folder),
            "ntp_servers": self.options.ntp,
            "stun_servers": self.options.stun,
            "public_address": self.options.public_address,
            "packages": components.versions(),
        }
        return Target(**self._describe(expected))

    def open_downloads(self) -> None:
        """Let the keeper read finished downloads: the browser keeps them for its user alone."""

    def end(self) -> list[str]:
        """End every process and remove network, groups and mounts; files stay. What could not be
        removed."""
        left = [f"process {pid}" for pid in processes.end_all(self.stragglers, _END_SECONDS)]
        for each in self.children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                each.wait(0.5)
        left += self._clear()
        return left

    def remove_files(self) -> None:
        """Remove the session's folder. Only after :meth:`end`."""
        remove(self.folder)

    # -- helpers -----------------------------------------------------------------------------

    def _start(
        self,
        name: str,
        command: list[str],
        variables: Mapping[str, str],
        place: Place,
        cwd: Path = Path("/"),
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        if self.given_up.is_set():
            raise StepFailed("the session was ended meanwhile")
        log = self.folder.log(name)
        child = processes.start(command, variables, place, log, cwd=cwd, pass_fds=pass_fds)
        self.children[name] = child
        self.started(name, child.pid, processes.started_at(child.pid))

    def _wait(self, name: str, seconds: float, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            if self.children[name].poll() is not None:
                raise StepFailed(f"the {name} ended at once: {self.last_words(name)}")
            if self.given_up.is_set():
                raise StepFailed("the session was ended meanwhile")
            if time.monotonic() > deadline:
                raise StepFailed(f"the {name} was not ready within {seconds:.0f} seconds")
            time.sleep(_ROUND)

    def last_words(self, name: str) -> str:
        """The end of what a program wrote to standard error."""
        try:
            with self.folder.log(name).open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - 600))
                words = file.read(600).decode("utf-8", "replace").split("\n")
        except OSError:
            return "it said nothing"
        said = " ".join(word.strip() for word in words[-4:] if word.strip())
        return said or "it said nothing"

    def _screen_answers(self) -> bool:
        try:
            client = self.ping()
        except DeskUnavailable:
            return False
        try:
            client.ping()
        except DeskUnavailable:
            return False
        finally:
            client.close()
        return self.folder.rfb.exists()

    def _browser_answers(self) -> bool:
        pid = self.browser_pid()
        return bool(pid) and is_listening(pid, self.cdp_port)

    def _x_socket(self) -> Path:
        return Path("/tmp/.X11-unix", f"X{self.slot.display}")  # noqa: S108

    def _rfb_for_x(self) -> str:
        """How the X server itself spells the path of its RFB socket."""
        return str(self.near.rfb)

    def _cookie_for_x(self) -> str:
        return str(self.folder.xauthority)


def is_listening(pid: int, port: int) -> bool:
    """Whether something listens on that TCP port in the process's network namespace."""
    try:
        lines = Path("/proc", str(pid), "net", "tcp").read_text().splitlines()[1:]
    except OSError:
        return False
    fields = (line.split() for line in lines)
    return any(each[1].endswith(f":{port:04X}") and each[3] == "0A" for each in fields)
