"""The gate file: written again and again while somebody watches over the session."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_OPEN: Final = b"1\n"
_SHUT: Final = b"0\n"


class Gate:
    """The first byte is written in place, so no reader ever sees half of it; its age tells the
    reader whether anybody still watches."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._file = os.open(path, flags, 0o640)
        self.is_open = False
        self.set(False)

    def set(self, on: bool) -> None:
        """Say so, now; also what keeps an open gate open."""
        os.pwrite(self._file, _OPEN if on else _SHUT, 0)
        self.is_open = on

    def close(self) -> None:
        self.set(False)
        os.close(self._file)
