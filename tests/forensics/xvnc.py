"""A real X server for tests, which needs no root: Xvnc on a free display, drawing or still."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_SOCKETS: Final = Path("/tmp/.X11-unix")
_LOCKS: Final = Path("/tmp")
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
    for number in itertools.count(300 + os.getpid() % 500):
        if _taken(number):
            continue
        server = XServer(f":{number}", _spawn(number, folder, width, height))
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and server.process.poll() is None:
            if (_SOCKETS / f"X{number}").exists():
                return server
            time.sleep(0.02)
        server.close()
        if number > 1500:
            break
    raise RuntimeError("no X server can be started")


def _taken(number: int) -> bool:
    return (_SOCKETS / f"X{number}").exists() or (_LOCKS / f".X{number}-lock").exists()


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
