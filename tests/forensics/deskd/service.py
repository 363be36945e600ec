"""A real desktop service in a process of its own, and looking for what it left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from forensics.deskd.client import LocalDesktop
from forensics.desktop import processes
from forensics.desktop.interface import DesktopSpec, Observation, Phase
from forensics.desktop.layout import SessionFolder, session_folder
from forensics.desktop.slots import Claims, Slot
from forensics.errors import DeskUnavailable, UnknownSession
from tests.waiting import PATIENCE, wait_for

CODE = Path(__file__).parents[3]


class Service:
    """``python -m forensics.deskd`` with the folder ``root``."""

    def __init__(
        self, root: Path, *options: str, program: tuple[str, ...] = (sys.executable,)
    ) -> None:
        self.root, self.options, self.program = root, options, program
        self.client = LocalDesktop(root)
        self.log = root.with_suffix(".log")
        self.start()

    def start(self) -> None:
        words = ["--root", str(self.root), "--final-token-seconds", "0.5", *self.options]
        with self.log.open("ab") as log:
            command = [*self.program, "-m", "forensics.deskd", *words]
            self.process = subprocess.Popen(command, cwd=CODE, stderr=log)
        wait_for(self._answers, "the service answers")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        for session in self.client.sessions():
            self.client.destroy(session)
        self.process.terminate()
        self.process.wait(PATIENCE)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        with contextlib.suppress(DeskUnavailable):
            self.client.probe()
            return True
        return False

    # -- sessions ----------------------------------------------------------------------------

    def live(self, session: str, **asked: Any) -> Live:
        """A session with input on."""
        self.client.create(DesktopSpec(session, **asked))
        self.client.launch(session)
        live = Live(self, session)
        wait_for(lambda: live.look().input_on or live.look().reason, "input is on", 90)
        assert live.look().input_on, live.look()
        return live


class Live:
    """One session of the service."""

    def __init__(self, service: Service, session: str) -> None:
        self.service, self.session = service, session

    @property
    def folder(self) -> SessionFolder:
        return session_folder(self.service.root, self.session)

    @property
    def spec(self) -> dict[str, Any]:
        return json.loads(self.folder.spec.read_text())

    @property
    def slot(self) -> Slot:
        return Slot(self.spec["slot"])

    @property
    def state(self) -> dict[str, Any]:
        return json.loads(self.folder.state.read_text())

    def look(self) -> Observation:
        return self.service.client.observe(self.session)

    def pid(self, name: str) -> int:
        return self.state["processes"][name][0]

    def found(self, program: str) -> list[int]:
        """Processes of the desktop's user that run ``program``."""
        pids = processes.of_uids([self.slot.uid])
        return [pid for pid in pids if _program(pid) == program]

    def browser(self) -> int:
        """The main browser process."""
        return min(self.found("/usr/lib/chromium/chromium"))

    def ended(self, seconds: float = PATIENCE) -> Observation:
        wait_for(lambda: self.look().phase is Phase.ENDED, "the session ended", seconds)
        return self.look()

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Of the live session's event log."""
        found = self.service.client.command(self.session, "events", {"after": 0})["lines"]
        return [each for each in found if each["kind"] == kind]

    def manifest(self) -> dict[str, Any]:
        data = b"".join(self.service.client.read(self.session, "manifest.json"))
        return json.loads(data)

    def inside(self, script: str, seconds: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """``script`` by bash, as the desktop's user in all of its namespaces and limits."""
        groups = " ".join(map(str, self.groups()))
        join = f'for each in {groups}; do echo $$ > "$each/cgroup.procs"; done'
        enter = f"exec nsenter -t {self.browser()} -U -m -n -i -u -p -S {self.slot.uid}"
        words = f'{join}; {enter} -G {self.slot.uid} -w -- /usr/bin/bash -c "$1"'
        return subprocess.run(
            ["bash", "-c", words, "inside", script],
            capture_output=True,
            text=True,
            timeout=seconds,
            env={"PATH": "/usr/bin:/usr/sbin", "HOME": "/home/user"},
        )

    def groups(self) -> list[Path]:
        """The control groups of X and browser."""
        lines = Path("/proc", str(self.browser()), "cgroup").read_text().splitlines()
        found = [line.split(":", 2) for line in lines if self.slot.name in line]
        tops = {names: Path("/sys/fs/cgroup", names or "unified") for _, names, _ in found}
        return [tops[names] / path.lstrip("/") for _, names, path in found]

    def in_network(self, *words: str, seconds: float = 120.0) -> subprocess.CompletedProcess[str]:
        """A program of the host in the desktop's network."""
        enter = ["ip", "netns", "exec", self.slot.name]
        return subprocess.run(
            [*enter, *words], capture_output=True, text=True, timeout=seconds, cwd=CODE
        )


def _program(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/exe").readlink())
    except OSError:
        return ""


def left_behind(slot: Slot, root: Path, session: str) -> list[str]:
    """Everything of a session that is still on the machine.

    Tests that run beside this one may have taken its place meanwhile: what is there then is theirs.
    Nobody takes a place while this looks.
    """
    with Claims().locked() as claims:
        owner = _owner(claims / f"slot-{slot.number}")
        found = _at_place(slot) if owner in {None, session} else []
        found += ["claim"] if owner == session else []
    found += [f"mount {line}" for line in _mounts() if session in line]
    loops = subprocess.run(["losetup", "-a"], capture_output=True, text=True, check=True).stdout
    found += [f"loop {line}" for line in loops.splitlines() if session in line]
    if session_folder(root, session).path.exists():
        found.append("files")
    return found


def _owner(claim: Path) -> str | None:
    """The session that has the place; None when nobody has."""
    try:
        return str(json.loads(claim.read_text())["session"])
    except FileNotFoundError:
        return None


def _at_place(slot: Slot) -> list[str]:
    """What runs there or was made for it, whoever has it."""
    found = [f"process {pid}" for pid in processes.of_uids(_uids(slot))]
    output = {
        "namespace": ["ip", "netns", "list"],
        "link": ["ip", "-o", "link"],
        "table": ["nft", "list", "tables"],
        "rule": ["ip", "rule"],
    }
    for what, words in output.items():
        text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        names = (slot.name, slot.name.replace("-", "_"), slot.link)
        split = text.replace("@", " ").replace(":", " ").split()
        found += [f"{what} {name}" for name in names if name in split]
    return found + [f"group {path}" for path in _groups(slot)]


def _mounts() -> list[str]:
    return Path("/proc/mounts").read_text().splitlines()


def _uids(slot: Slot) -> tuple[int, int, int]:
    return slot.uid, slot.keeper_uid, slot.resolver_uid


def _groups(slot: Slot) -> Iterator[Path]:
    for folder, names, _ in os.walk("/sys/fs/cgroup"):
        if slot.name in names:
            yield Path(folder, slot.name)


def stop(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)


def exists(service: Service, session: str) -> bool:
    try:
        service.client.observe(session)
    except UnknownSession:
        return False
    return True
