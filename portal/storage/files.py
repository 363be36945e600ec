"""``file:FOLDER``: one age file per content, below one folder on one file system.

``staging/`` holds what has no name yet, each file locked by the process that writes it, so that the
sweep tells a dead upload from a living one. ``objects/xx/`` holds what is kept; a name is given by
hard link, which fails when the name is taken and therefore can never replace content.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final
from uuid import uuid4

from portal.storage.identity import VaultIdentity
from portal.storage.intake import Staging
from portal.storage.vault import Vault

#: A file this young may not have been locked yet by the upload that created it.
_GRACE_SECONDS: Final = 30


class FileVault(Vault):
    """See the module; all processes that share the folder must be on one host or a POSIX share."""

    scheme = "file"

    def __init__(
        self, folder: Path, identity: VaultIdentity, algorithms: tuple[str, ...] = ("sha256",)
    ) -> None:
        super().__init__(identity, algorithms)
        self.staging = folder / "staging"
        self.objects = folder / "objects"
        for place in (folder, self.staging, self.objects):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)

    def path(self, key: str) -> Path:
        """Where the ciphertext of ``key`` lies; 256 folders keep each one small."""
        fan = hashlib.sha256(key.encode()).hexdigest()[:2]
        return self.objects / fan / (key.replace("/", ".") + ".age")

    def _stage(self) -> Staging:
        return _FileStaging(self)

    def _open(self, key: str) -> IO[bytes]:
        return self.path(key).open("rb")

    def _exists(self, key: str) -> bool:
        return self.path(key).exists()

    def _delete(self, key: str) -> bool:
        path = self.path(key)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        sync_folder(path.parent)
        return True

    def _kept(self) -> Iterator[tuple[str, datetime, int]]:
        for folder in self.objects.iterdir():
            for path in folder.glob("*.age"):
                with suppress(FileNotFoundError):  # deleted meanwhile
                    found = path.stat()
                    key = path.name.removesuffix(".age").replace(".", "/")  # keys hold no dot
                    yield key, datetime.fromtimestamp(found.st_mtime, UTC), found.st_size

    def _sweep(self) -> int:
        return sum(_remove_if_dead(path) for path in self.staging.iterdir())


class _FileStaging(Staging):
    def __init__(self, vault: FileVault) -> None:
        self._vault = vault
        self._path = vault.staging / f"{uuid4().hex}.part"
        # 0400: even the service itself does not write to a file again once it is closed.
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def write(self, data: memoryview | bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]

    def sync(self) -> None:
        os.fsync(self._file)

    def publish(self, key: str) -> None:
        path = self._vault.path(key)
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, exist_ok=True)
            sync_folder(path.parent.parent)
        os.link(self._path, path)
        sync_folder(path.parent)

    def discard(self) -> None:
        if self._file >= 0:
            self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = -1


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _remove_if_dead(path: Path) -> bool:
    """Remove a staged file whose writer is gone: its lock can be had."""
    try:
        if time.time() - path.stat().st_mtime < _GRACE_SECONDS:
            return False
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
    except (BlockingIOError, FileNotFoundError):
        return False
    return True
