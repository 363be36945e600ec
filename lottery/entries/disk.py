"""Large files: room is taken before they are written, which costs a tenth of taking it on the way,
and says at once when there is none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray


@contextmanager
def created(folder: Path, sizes: dict[str, int]) -> Iterator[dict[str, int]]:
    """Descriptors of new files of these sizes, by name.

    Raises:
        OSError: there is no room for them.
    """
    files: dict[str, int] = {}
    try:
        for name, size in sizes.items():
            files[name] = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            reserve(files[name], 0, size)
        yield files
    finally:
        for descriptor in files.values():
            os.close(descriptor)


def reserve(descriptor: int, start: int, size: int) -> None:
    """Take room for ``size`` bytes from ``start`` on."""
    if size:
        os.posix_fallocate(descriptor, start, size)


def put(descriptor: int, array: NDArray[Any], offset: int) -> None:
    """Write all of ``array`` at ``offset``."""
    view = array.data.cast("B")
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def fill(descriptor: int, array: NDArray[Any], offset: int) -> None:
    """Read all of ``array`` from ``offset`` on.

    Raises:
        OSError: there is less.
    """
    view = array.data.cast("B")
    while view:
        read = os.preadv(descriptor, [view], offset)
        if not read:
            raise OSError("a temporary file is shorter than it was")
        view, offset = view[read:], offset + read


def let_go(descriptor: int) -> None:
    """Write what has gathered in memory, and let go of what has been written: a long file that is
    not read again soon would only drive other things out of memory."""
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def save(path: Path, array: NDArray[Any]) -> None:
    """Write ``array`` as a new file."""
    with created(path.parent, {path.name: array.nbytes}) as files:
        put(files[path.name], array, 0)


def sync(path: Path) -> None:
    """Have a file or folder on the disk before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
