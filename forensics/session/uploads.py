"""The box into the desktop: what the user sends arrives in pieces and is digested as it comes."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import time
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from forensics.errors import InvalidSpec, WrongState
from forensics.session.commands import MAX_PIECE

#: Bytes of one upload and of all, uploads of one session, seconds a begun one may rest.
MAX_UPLOAD: Final = 512 << 20
MAX_UPLOADS: Final = 200
_MAX_OPEN: Final = 4
_REST: Final = 600.0
_UNSAFE: Final = frozenset('/\\:*?"<>|')
_MAX_NAME: Final = 180


@dataclass(slots=True)
class _Upload:
    name: str
    size: int
    path: Path
    state: Any = field(default_factory=hashlib.sha256)
    done: int = 0
    touched: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Received:
    """``name`` as sent, ``file`` its harmless name in the box and in the evidence."""

    name: str
    file: str
    size: int
    sha256: str


class UploadBox:
    """Takes uploads; the finished ones go to ``kept`` (evidence) and, a copy, to ``box``."""

    def __init__(self, parts: Path, kept: Path, box: Path) -> None:
        self._parts, self._kept, self._box = parts, kept, box
        self._open: dict[str, _Upload] = {}
        self._count = 0

    def begin(self, name: str, size: int) -> str:
        """Raises InvalidSpec: too large. WrongState: too many."""
        if size > MAX_UPLOAD:
            raise InvalidSpec(f"an upload has at most {MAX_UPLOAD >> 20} MiB")
        self._forget()
        if self._count >= MAX_UPLOADS or len(self._open) >= _MAX_OPEN:
            raise WrongState("there are too many uploads; finish one first")
        key = secrets.token_hex(8)
        path = self._parts / f"upload-{key}"
        path.open("xb").close()
        self._open[key] = _Upload(name[:1000], size, path)
        return key

    def piece(self, key: str, offset: int, data: bytes) -> int:
        """Append; repeating the last piece is harmless. Returns the bytes so far.

        Raises:
            InvalidSpec: no such upload, a wrong offset, or more than was announced.
        """
        upload = self._known(key)
        if offset + len(data) == upload.done and offset < upload.done:
            return upload.done
        if offset != upload.done or len(data) > MAX_PIECE or offset + len(data) > upload.size:
            raise InvalidSpec(f"the upload goes on at byte {upload.done} of {upload.size}")
        with upload.path.open("ab") as file:
            file.write(data)
        upload.state.update(data)
        upload.done += len(data)
        upload.touched = time.monotonic()
        return upload.done

    def end(self, key: str, sha256: str) -> Received:
        """Raises InvalidSpec: not whole, or another digest; the upload is gone then."""
        upload = self._known(key)
        found = upload.state.hexdigest()
        if upload.done != upload.size or found != sha256.lower():
            self._drop(key)
            raise InvalidSpec("the file did not arrive as it was sent; send it again")
        file = self._place(upload)
        del self._open[key]
        self._count += 1
        return Received(upload.name, file, upload.size, found)

    def close(self) -> None:
        for key in list(self._open):
            self._drop(key)

    def _place(self, upload: _Upload) -> str:
        self._kept.mkdir(exist_ok=True)
        name = _free(harmless(upload.name), self._kept)
        with upload.path.open("rb") as source, (self._kept / name).open("xb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
            target.flush()
            os.fsync(target.fileno())
        copy = self._box / name
        shutil.copyfile(upload.path, copy, follow_symlinks=False)
        copy.chmod(0o644)
        upload.path.unlink()
        return name

    def _known(self, key: str) -> _Upload:
        upload = self._open.get(key)
        if upload is None:
            raise InvalidSpec("there is no such upload")
        return upload

    def _drop(self, key: str) -> None:
        self._open.pop(key).path.unlink(missing_ok=True)

    def _forget(self) -> None:
        now = time.monotonic()
        for key, upload in list(self._open.items()):
            if now - upload.touched > _REST:
                self._drop(key)


def harmless(name: str) -> str:
    """A file name any system can hold, never hidden, never a path.

    >>> harmless("../a: 合同.pdf")
    '_a_ 合同.pdf'
    """
    kept = "".join(
        "_" if one in _UNSAFE or unicodedata.category(one).startswith("C") else one for one in name
    ).strip(" .")
    stem, dot, suffix = kept.rpartition(".")
    if not dot or len(suffix) > 20:
        stem, dot, suffix = kept, "", ""
    room = _MAX_NAME - len((dot + suffix).encode())
    return (stem.encode()[:room].decode(errors="ignore") + dot + suffix) or "file"


def _free(name: str, folder: Path) -> str:
    stem, dot, suffix = name.rpartition(".")
    if not stem:
        stem, dot, suffix = name, "", ""
    found, number = name, 1
    while (folder / found).exists():
        number += 1
        found = f"{stem}~{number}{dot}{suffix}"
    return found
