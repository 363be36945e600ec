"""The gate: whether keys and pointer may reach a desktop right now.

A file that whoever watches over the recording rewrites again and again. Its first byte is ``1``
while input may pass. An old file is a closed gate, so that input stops by itself when nobody
watches any more: killing the recorder or its keeper cannot leave a desktop that acts unrecorded.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

#: seconds after which nobody is believed to watch
STALE: Final = 2.0
#: seconds for which an answer is good; keys come faster than the gate moves
_REMEMBER: Final = 0.05


class Gate:
    """Looks at one session's gate; cheap enough to be asked for every message."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._asked, self._open = float("-inf"), False

    def __bool__(self) -> bool:
        now = time.monotonic()
        if now - self._asked > _REMEMBER:
            self._asked, self._open = now, self._look()
        return self._open

    def _look(self) -> bool:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            age = time.time() - os.fstat(descriptor).st_mtime
            return -STALE < age < STALE and os.read(descriptor, 1) == b"1"
        except OSError:
            return False
        finally:
            os.close(descriptor)
