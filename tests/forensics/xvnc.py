"""A real X server for tests, which needs no root: Xvnc on a free display, drawing or still."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.waiting import PATIENCE

_SOCKETS: Final = Path("/tmp/.X11-unix")
_LOCKS: Final = Path("/tmp")
#: No display beyond is tried; ``:1999`` is nobody's.
_LAST: Final = 1500
#: Prints for ever, so that the screen changes at every tick.
_BUSY: Final = "while :; do date +%N; sleep 0.04; done"


@dataclass
class XServer:
    """``display`` as ``:90``; ``process`` may be killed or stopped."""

    display: str
    process: subprocess.Popen[bytes]
    clients: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def draw(self) -> None:
        """Something that changes all the time."""
        self.run("xterm", "-geometry", "120x40+20+20", "-e", "sh", "-c", _BUSY)

    def run(self, *arguments: str) -> None:
        client = subprocess.Popen(
            arguments,
            env={**os.environ, "DISPLAY": self.display},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.clients.append(client)

    def close(self) -> None:
        for client in self.clients:
            _end(client)
        self.process.send_signal(signal.SIGCONT) if self.process.poll() is None else None
        _end(self.process)


@contextmanager
def xvnc(folder: Path, width: int = 1280, height: int = 800) -> Iterator[XServer]:
    """A running X server on a display nobody else has."""
    server = _started(folder, width, height)
    try:
        yield server
    finally:
        server.close()


def _started(folder: Path, width: int, height: int) -> XServer:
    number, process = on_free_display(lambda number: _spawn(number, folder, width, height))
    return XServer(f":{number}", process)


def on_free_display(
    spawn: Callable[[int], subprocess.Popen[bytes]],
) -> tuple[int, subprocess.Popen[bytes]]:
    """The display's number and the X server that ``spawn`` started for it, once it is there."""
    for number in range(_first(), _LAST):
        if _taken(number):
            continue
        process = spawn(number)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and process.poll() is None:
            if (_SOCKETS / f"X{number}").exists() and _holder(number) == process.pid:
                return number, process
            time.sleep(0.02)
        _end(process)
    raise RuntimeError("no X server can be started")


def _first() -> int:
    """Where to begin to look: tests that run beside these begin elsewhere."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    return (300 if worker == "gw0" else 900) + os.getpid() % 500


def _taken(number: int) -> bool:
    return (_SOCKETS / f"X{number}").exists() or (_LOCKS / f".X{number}-lock").exists()


def _holder(number: int) -> int | None:
    """Whose display it is: of two servers that were started for it, one has the lock."""
    try:
        return int((_LOCKS / f".X{number}-lock").read_text())
    except (OSError, ValueError):
        return None


def _spawn(number: int, folder: Path, width: int, height: int) -> subprocess.Popen[bytes]:
    arguments = [f":{number}", "-rfbport", "-1", "-rfbunixpath", str(folder / f"rfb-{number}")]
    arguments += ["-SecurityTypes", "None", "-geometry", f"{width}x{height}", "-depth", "24"]
    return subprocess.Popen(
        ["Xvnc", *arguments, "-nolisten", "tcp", "-nolisten", "local"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
