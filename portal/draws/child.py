"""The process that reads a list: with little priority, its keys on standard input alone."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import lottery

#: A reader that says nothing for so long hangs.
_SILENCE: Final = 1800.0
_LOOK: Final = 0.5
#: What lottery.entries is imported from.
_ROOT: Final = Path(lottery.__file__).parent.parent


class Abandoned(Exception):
    """Nobody wants the result any more."""


class Died(Exception):
    """The process ended without an answer: killed, out of memory, or broken."""


class Refused(Exception):
    """The list cannot be taken like this: a stable code and one English sentence."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, text)
        self.code, self.text = code, text


def read_list(
    mode: str, task: Mapping[str, Any], told: Callable[[int, int, str], bool]
) -> dict[str, Any]:
    """Run ``python -m lottery.entries MODE``; its result.

    Args:
        told: called a few times a second with done, total and stage; False abandons the work.

    Raises:
        Abandoned, Died, Refused.
    """
    path = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "lottery.entries", mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"},
        )
        try:
            return _answer(process, task, told)
        except Died as error:
            raise Died(f"{error} ({_last(errors)})") from None
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


def _answer(
    process: subprocess.Popen[bytes],
    task: Mapping[str, Any],
    told: Callable[[int, int, str], bool],
) -> dict[str, Any]:
    assert process.stdin is not None  # noqa: S101 - pipes, above
    assert process.stdout is not None  # noqa: S101
    lines: queue.Queue[bytes] = queue.Queue()
    threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True).start()
    try:
        process.stdin.write(json.dumps(task).encode() + b"\n")
        process.stdin.flush()
    except OSError as error:
        raise Died("it ended before it was told what to do") from error
    heard, next_look, now = time.monotonic(), 0.0, (0, 0, "")
    while True:
        try:
            line = lines.get(timeout=_LOOK)
            heard = time.monotonic()
        except queue.Empty:
            line = None
        if line == b"":
            raise Died(f"it ended with status {process.wait()}")
        said = json.loads(line) if line else {}
        if "result" in said:
            return dict(said["result"])
        if "error" in said:
            raise Refused(said["error"]["code"], said["error"]["text"])
        if "progress" in said:
            now = tuple(said["progress"][name] for name in ("done", "total", "stage"))
        if time.monotonic() >= next_look:
            next_look = time.monotonic() + _LOOK
            if not told(*now):
                raise Abandoned
        if time.monotonic() - heard > _SILENCE:
            raise Died("it said nothing for too long")


def _pump(stream: Any, lines: queue.Queue[bytes]) -> None:
    """Lines as they come; an empty one at the end."""
    try:
        for line in stream:
            lines.put(line)
    except ValueError:  # closed meanwhile
        pass
    lines.put(b"")


def _last(errors: Any) -> str:
    """What kind of error it ended with. Its words stay out: they may be a person's."""
    errors.seek(0, os.SEEK_END)
    errors.seek(max(0, errors.tell() - 4096))
    lines = errors.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1].partition(":")[0][:100] if lines else "no reason given"
