"""A keeper started for tests: its folder, its status, its commands, and how it ends."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from forensics.desktop import layout
from forensics.desktop.interface import Observation, Phase
from forensics.desktop.layout import SessionFolder
from forensics.session.client import ask
from forensics.session.status import read_status
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[3]
CLEAN = [
    {"name": "hosts", "outcome": "pass", "found": "localhost", "expected": "localhost"},
    {"name": "clock", "outcome": "unknown", "reason": "no-reference"},
]
#: A machine of tests may stand still for seconds, which is not what most of them are about.
PATIENT: Final = {"stall_seconds": 30, "silence_seconds": 30}


@dataclass
class Kept:
    folder: SessionFolder
    process: subprocess.Popen[bytes]

    def status(self) -> Observation:
        return read_status(self.folder.status)

    def ask(self, command: str, /, **arguments: Any) -> dict[str, Any]:
        return ask(self.folder.keeper_socket, command, arguments)

    def until(self, what: Callable[[Observation], object], seconds: float = PATIENCE) -> float:
        """Wait for it; the seconds it took."""
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            if self.folder.status.exists() and what(self.status()):
                return time.monotonic() - begun
            if self.process.poll() is not None and not what(self.status()):
                break
            time.sleep(0.02)
        raise AssertionError(f"it never came to that: {self.status()}")

    def go_live(self) -> None:
        self.until(lambda seen: seen.recording)
        self.ask("environment", results=CLEAN)
        assert self.ask("input", on=True) == {"on": True}

    def finish(self) -> dict[str, Any]:
        self.ask("finish")
        return self.ended()

    def ended(self, seconds: float = PATIENCE) -> dict[str, Any]:
        """Wait for the end; the manifest."""
        assert self.process.wait(seconds) == 0
        assert self.status().phase is Phase.ENDED
        return self.manifest()

    def manifest(self) -> dict[str, Any]:
        value = json.loads((self.folder.evidence / layout.MANIFEST).read_bytes())
        assert isinstance(value, dict)
        return value

    def recorder(self) -> int:
        return int((self.folder.run / "recorder.pid").read_text())

    def gate(self) -> bool:
        """Whether input may pass, as the gateway looks at it."""
        age = time.time() - self.folder.gate.stat().st_mtime
        return age < 2 and self.folder.gate.read_bytes()[:1] == b"1"

    def salvage(self) -> int:
        command = [sys.executable, "-m", "forensics.session", "--folder", str(self.folder.path)]
        return subprocess.run([*command, "--salvage"], cwd=ROOT, check=False).returncode


@contextmanager
def keeping(tmp_path: Path, display: str, root: Path | None = None, **facts: Any) -> Iterator[Kept]:
    """A keeper for ``display`` in a new folder (below ``root``); ``facts`` go into its spec.

    It bears a machine that stands still, unless ``facts`` say otherwise.
    """
    session = secrets.token_hex(16)
    folder = SessionFolder((root or tmp_path) / session)
    for each in (folder.run, folder.evidence, folder.box_in, folder.net):
        each.mkdir(parents=True)
    said = {"session": session, "display": display, "wait_final_token_seconds": 0}
    said |= {"subject": {"case": "测试"}, "isolation": "bare", **PATIENT, **facts}
    folder.spec.write_text(json.dumps(said))
    process = subprocess.Popen(
        [sys.executable, "-m", "forensics.session", "--folder", str(folder.path)],
        cwd=ROOT,
        env={**os.environ, "DISPLAY": display},
    )
    kept = Kept(folder, process)
    try:
        yield kept
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            process.wait()
