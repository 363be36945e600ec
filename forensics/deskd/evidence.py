"""Reading a session's evidence folder: plain files below it, and nothing a link leads to."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO, Final

from forensics.deskd.protocol import MAX_PATH
from forensics.errors import InvalidSpec

#: More files than this no session makes.
MAX_FILES: Final = 50_000
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def list_files(evidence: Path) -> list[tuple[str, int]]:
    """Paths below ``evidence`` with their sizes, sorted."""
    found: list[tuple[str, int]] = []
    for folder, _, names, descriptor in os.fwalk(evidence, follow_symlinks=False):
        for name in names:
            about = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            if stat.S_ISREG(about.st_mode):
                found.append((str(Path(folder, name).relative_to(evidence)), about.st_size))
        if len(found) > MAX_FILES:
            break
    return sorted(found)


def open_file(evidence: Path, path: str) -> tuple[BinaryIO, int]:
    """The file at ``path`` below ``evidence`` and its size now; each step of the way is a folder
    and no link.

    Raises:
        InvalidSpec: no such file.
    """
    parts = path.split("/")
    if len(path.encode()) > MAX_PATH or any(part in {"", ".", ".."} for part in parts):
        raise InvalidSpec("the evidence has no such file")
    try:
        descriptor = _walk(evidence, parts)
    except (OSError, ValueError) as error:
        raise InvalidSpec("the evidence has no such file") from error
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        os.close(descriptor)
        raise InvalidSpec("the evidence has no such file")
    return os.fdopen(descriptor, "rb"), about.st_size


def _walk(evidence: Path, parts: list[str]) -> int:
    here = os.open(evidence, _FOLDER)
    for part in parts[:-1]:
        try:
            below = os.open(part, _FOLDER, dir_fd=here)
        finally:
            os.close(here)
        here = below
    try:
        return os.open(parts[-1], _FILE, dir_fd=here)
    finally:
        os.close(here)
