"""Files into the evidence: digested, durable, and never under a name the page chose alone."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from chain_adapter.durable import write_new
from forensics.pages.bounds import harmless

#: Files of the evidence are the recorder's, and the portal's group reads them.
MODE = 0o640
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of the evidence folder: ``path`` below it, SHA-256 in hexadecimal, bytes."""

    path: str
    sha256: str
    size: int

    def to_json(self) -> dict[str, object]:
        return {"path": self.path, "sha256": self.sha256, "size": self.size}


def keep(evidence: Path, path: str, data: bytes) -> Kept:
    """Write a new file. Raises OSError; FileExistsError leaves what is there."""
    write_new(evidence / path, data, mode=MODE)
    return Kept(path, hashlib.sha256(data).hexdigest(), len(data))


def adopt(evidence: Path, path: str, temporary: Path) -> Kept:
    """A file that was written beside its place: digested, made durable, given its name."""
    digest = hashlib.sha256()
    with temporary.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
        os.fsync(file.fileno())
        size = file.tell()
    temporary.chmod(MODE)
    os.link(temporary, evidence / path)
    temporary.unlink()
    return Kept(path, digest.hexdigest(), size)


def take(
    folder: Path, name: str, evidence: Path, into: str, limit: int, going: Callable[[], bool]
) -> Kept:
    """Copy ``name`` out of a folder that a hostile program writes to, to a free harmless name.

    Raises:
        OSError: not there, no regular file (links are not followed), unreadable, no space.
        ValueError: more than ``limit`` bytes, or ``going`` said to stop.
    """
    source = _open(folder, name)
    try:
        target = _free(evidence / into, harmless(name))
        digest, size = hashlib.sha256(), 0
        temporary = target.with_name(f".{target.name}.part")
        try:
            with temporary.open("wb") as out:
                while piece := os.read(source, _PIECE):
                    size += len(piece)
                    if size > limit or not going():
                        raise ValueError(f"larger than {limit} bytes" if size > limit else "ended")
                    digest.update(piece)
                    out.write(piece)
                out.flush()
                os.fsync(out.fileno())
            temporary.chmod(MODE)
            os.link(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
    finally:
        os.close(source)
    return Kept(f"{into}/{target.name}", digest.hexdigest(), size)


def _open(folder: Path, name: str) -> int:
    """Opened step by step without following links: the folder itself may have been swapped."""
    base = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=base)
    finally:
        os.close(base)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError("no regular file")
    return handle


def _free(folder: Path, name: str) -> Path:
    """``name``, or the first of ``name-2``, ``name-3`` … that is free."""
    stem, dot, ending = name.rpartition(".")
    if not dot or not stem:
        stem, dot, ending = name, "", ""
    path, number = folder / name, 1
    while path.exists() or path.is_symlink():
        number += 1
        path = folder / f"{stem}-{number}{dot}{ending}"
    return path
