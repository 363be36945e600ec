"""The recorder as its keeper sees it: a process that talks, and may fall silent or die."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from forensics.recorder.messages import listen

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


class RecorderProcess:
    """``python -m forensics.recorder``, started. It ends by itself when this process dies, because
    its standard input closes then."""

    def __init__(self, folder: Path, session: str, display: str, fps: int) -> None:
        arguments = ["--folder", str(folder), "--session", session]
        arguments += ["--display", display, "--fps", str(fps)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "forensics.recorder", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._said: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="recorder", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def messages(self) -> Iterator[dict[str, Any]]:
        """What it said since the last time."""
        while not self._said.empty():
            yield self._said.get()

    def status(self) -> int | None:
        """None while it runs, then its exit status; negative is a signal."""
        return self._process.poll()

    def heard_out(self) -> bool:
        """Whether it is dead and everything it said was read."""
        return self.status() is not None and not self._reader.is_alive() and self._said.empty()

    def order(self, **fields: Any) -> None:
        """Tell it something; one that died is told nothing."""
        stdin = self._process.stdin
        if stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                stdin.write(json.dumps(fields).encode() + b"\n")
                stdin.flush()

    def kill(self) -> None:
        """End it at once; harmless when it is dead."""
        self._process.kill()

    def wait(self, seconds: float) -> bool:
        """Whether it ended within ``seconds`` and was read to the end."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        self._reader.join(2)
        return True

    def usage(self) -> tuple[int, float]:
        """Resident bytes and CPU seconds; zeros when it is dead."""
        return usage_of(self.pid)

    def _read(self) -> None:
        stdout: IO[bytes] | None = self._process.stdout
        if stdout is not None:
            for message in listen(stdout):  # type: ignore[arg-type]
                self._said.put(message)


def usage_of(pid: int) -> tuple[int, float]:
    """Resident bytes and CPU seconds of a process; zeros when there is none."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, IndexError, ValueError):
        return 0, 0.0
    return pages * _PAGE, (int(stat[11]) + int(stat[12])) / _TICKS
