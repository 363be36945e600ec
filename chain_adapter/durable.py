"""Files that are complete or absent, also after the power fails."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_new(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Create ``path`` with ``data``, durable on return; readers never see a part of it.

    Raises:
        FileExistsError: ``path`` exists; it is left as it is.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    _write(temporary, data, mode)
    try:
        os.link(temporary, path)  # unlike rename, refuses to replace
    finally:
        temporary.unlink()
    sync_folder(path.parent)


def replace_file(path: Path, data: bytes, *, mode: int = 0o600) -> None:
    """Put ``data`` in the place of ``path`` at once, durable on return.

    The caller excludes other writers: the temporary file has one fixed name, so that writers who
    are killed leave one file behind and not many.
    """
    temporary = path.with_name(f".{path.name}.new")
    _write(temporary, data, mode)
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write(path: Path, data: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(handle)
