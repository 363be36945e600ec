"""One process at a time sends for a platform."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def only_one(path: Path) -> Iterator[bool]:
    """Try to be the only process that holds ``path``'s lock, without waiting; gives whether it is.
    The lock ends with the block, or with the process.

    Raises:
        OSError: the file cannot be used.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            # Said explicitly: closing would not unlock while a forked child holds a copy.
            fcntl.flock(handle, fcntl.LOCK_UN)
    finally:
        os.close(handle)
