"""Packets on a node's disk: written once, durable, and never anything but what was accepted.

``packets/<xx>/<root>/<n>`` holds a packet, ``<n>.json`` beside it what it was accepted as.
``packets/staging/`` holds what is being received, one locked file for each request: what a crash
leaves there is removed at the next start.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol
from uuid import uuid4

from chain_adapter.canonical import canonical_json
from chain_adapter.durable import replace_file, sync_folder
from chain_adapter.packets.request import path_text, read_path

_BLOCK: Final = 256 * 1024


class Readable(Protocol):
    """What can be read from."""

    def read(self, size: int = -1) -> bytes: ...


class Full(OSError):
    """There is no room for it."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the node keeps at one address: SHA-256 (32 bytes), bytes, and the path to the root."""

    digest: bytes
    length: int
    path: tuple[bytes, ...]


class PacketStore:
    """Safe for the threads of one process. ``reserve`` bytes of the disk stay free: the node's
    own copy of the log matters more than packets."""

    def __init__(self, folder: Path, reserve: int) -> None:
        self.folder, self._reserve = folder, reserve
        self._staging = folder / "staging"
        self._staging.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._writing = threading.Lock()
        for path in self._staging.iterdir():
            _remove_if_dead(path)

    def held(self, root: bytes, number: int) -> Held | None:
        """What was accepted at this address; None when nothing was."""
        place = self.place(root, number)
        try:
            value = json.loads(place.with_suffix(".json").read_bytes())
            if not place.exists():
                return None
        except FileNotFoundError:
            return None
        return Held(bytes.fromhex(value["sha256"]), value["length"], read_path(value["path"]))

    def sound(self, root: bytes, number: int, held: Held) -> bool:
        """Whether the disk still gives what was accepted."""
        try:
            with self.place(root, number).open("rb") as file:
                state = hashlib.sha256()
                while data := file.read(_BLOCK):
                    state.update(data)
        except OSError:
            return False
        return state.digest() == held.digest

    def receive(self, body: Readable, length: int) -> Staged:
        """Read ``length`` bytes of ``body`` to the disk.

        Raises:
            Full: there is no room. EOFError: fewer bytes came. OSError: the disk failed.
        """
        system = os.statvfs(self.folder)
        if system.f_bavail * system.f_frsize - length < self._reserve:
            raise Full("the disk is nearly full")
        staged = Staged(self._staging / uuid4().hex)
        try:
            staged.take(body, length)
        except BaseException:
            staged.discard()
            raise
        return staged

    def keep(self, staged: Staged, root: bytes, number: int, path: Sequence[bytes]) -> None:
        """Give what was received its address, durably. What stood there with the same digest and
        was damaged by the disk is replaced.

        Raises:
            OSError: the disk failed.
        """
        place = self.place(root, number)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(place.parent.parent)
        sync_folder(self.folder)
        facts = {"sha256": staged.digest.hex(), "length": staged.length, "path": path_text(path)}
        with self._writing:
            # First what it is, then the packet: an address without a packet counts as empty.
            replace_file(place.with_suffix(".json"), canonical_json(facts))
            staged.path.replace(place)
            sync_folder(place.parent)

    def place(self, root: bytes, number: int) -> Path:
        """The file of a packet, whether there is one or not."""
        name = root.hex()
        return self.folder / name[:2] / name / str(number)


class Staged:
    """A packet that has arrived and has no address yet."""

    def __init__(self, path: Path) -> None:
        self.path, self.digest, self.length = path, b"", 0
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o400)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def take(self, body: Readable, length: int) -> None:
        state, left = hashlib.sha256(), length
        while left:
            data = body.read(min(_BLOCK, left))
            if not data:
                raise EOFError(f"{left} bytes are missing")
            state.update(data)
            left -= len(data)
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
        os.fsync(self._file)
        self.digest, self.length = state.digest(), length

    def open(self) -> BinaryIO:
        return self.path.open("rb")

    def discard(self) -> None:
        """Forget it; harmless when it was kept."""
        if self._file >= 0:
            self.path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = -1


def _remove_if_dead(path: Path) -> None:
    """A file whose lock can be had belongs to no living request."""
    with suppress(BlockingIOError, FileNotFoundError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
