"""One process at a time, among those that share a folder."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(path: Path, end: float, enough: Callable[[], bool]) -> Iterator[bool]:
    """Hold the lock file at ``path``. False when another process did so until ``end`` (of the
    monotonic clock), or until ``enough`` was reached. The lock goes when its process dies."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        locked = _wait(handle, end, enough)
        try:
            yield locked
        finally:
            if locked:
                # Said explicitly: closing would not unlock while a forked child holds a copy.
                fcntl.flock(handle, fcntl.LOCK_UN)
    finally:
        os.close(handle)


def _wait(handle: int, end: float, enough: Callable[[], bool]) -> bool:
    pause = 0.002
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end or enough():
                return False
        else:
            return True
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)
