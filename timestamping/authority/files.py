"""Durable files of the key folder: one writer at a time, each file whole or not there."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from chain_adapter.durable import replace_file, write_new
from timestamping.authority.errors import PkiError

SECRET: Final = 0o600
PUBLIC: Final = 0o644

_LOCK: Final = ".lock"


def private_folder(folder: Path) -> None:
    """Make ``folder`` if it is missing; nobody but its owner may enter it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as fault:
        raise PkiError(f"the key folder {folder} cannot be used: {fault.strerror}") from fault


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's exclusive lock, across threads and processes; the kernel frees it when its
    holder dies."""
    try:
        descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, SECRET)
    except OSError as fault:
        raise PkiError(f"{folder} cannot be locked: {fault.strerror}") from fault
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def create(path: Path, data: bytes, mode: int) -> None:
    """Write a new file durably; an existing one is never touched.

    Raises:
        PkiError: the file exists, or cannot be written.
    """
    try:
        write_new(path, data, mode=mode)
    except OSError as fault:
        raise PkiError(f"{path} cannot be written: {fault.strerror}") from fault


def replace(path: Path, data: bytes, mode: int) -> None:
    """Write ``path`` durably: after a crash it holds all of the old bytes or all of the new ones.

    Raises:
        PkiError: the file cannot be written.
    """
    try:
        replace_file(path, data, mode=mode)
    except OSError as fault:
        raise PkiError(f"{path} cannot be written: {fault.strerror}") from fault


def read(path: Path) -> bytes:
    """The bytes of ``path``.

    Raises:
        PkiError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as fault:
        raise PkiError(f"{path} cannot be read: {fault.strerror}") from fault


def read_secret(path: Path) -> bytes:
    """The bytes of a key file that only its owner may read.

    Raises:
        PkiError: others may read it, or it cannot be read.
    """
    data = read(path)
    if path.stat().st_mode & 0o077:
        raise PkiError(f"{path} is readable by other users; make it 'chmod 600' and check who was")
    return data
