"""The canonical list of the files of a folder: its digest is what a folder deposit proves.

RFC 8785 JSON, so that anybody builds the same bytes from the same files::

    {"files": [{"path": "a/b.txt", "sha256": "…", "size": 7, "sm3": "…"}, …],
     "schema": "notary/files/v1"}

Files stand in the order of their paths' Unicode code points (the order of their UTF-8 bytes), each
path once and exactly as given. ``sm3`` stands with every file or with none.

The manifest of a remote capture, of a draw, of a notarial certificate or of a matter's volume is
such a list too: RFC 8785 with a schema of its own (:data:`CAPTURE`, :data:`DRAW`,
:data:`NOTARIAL`, :data:`VOLUME`), in which the list and each of its files say more besides. It is
kept byte for byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import rfc8785

from chain_adapter.digest import Digest

SCHEMA: Final = "notary/files/v1"
#: Of the manifest of a remote capture.
CAPTURE: Final = "notary/capture/v1"
#: Of the manifest of a draw: its record, the seals of its steps, and what is needed to check them.
DRAW: Final = "notary/draw-files/v1"
#: Of the files of a notarial certificate: the PDF, its record, the check and the proof concerned.
NOTARIAL: Final = "notary/certificate-files/v1"
#: Of the archive volume of a notarial matter.
VOLUME: Final = "notary/volume/v1"
_MANIFESTS: Final = {CAPTURE: "capture", DRAW: "draw", NOTARIAL: "certificate", VOLUME: "volume"}
#: Bounds of a list: files, characters of a path, bytes of the whole.
MAX_FILES: Final = 10_000
MAX_PATH: Final = 1024
MAX_LIST: Final = 8 << 20
_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_DRIVE: Final = re.compile(r"[A-Za-z]:")


class BadList(ValueError):
    """Not a well-formed file list, or a path that is none; one sentence says what is wrong."""


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file: ``path`` as given, ``size`` in bytes, digests in hexadecimal."""

    path: str
    size: int
    sha256: str
    sm3: str | None = None

    def digests(self) -> tuple[Digest, ...]:
        """SHA-256 first."""
        values = {"sha256": self.sha256, "sm3": self.sm3}
        return tuple(Digest.parse(name, value) for name, value in values.items() if value)


@dataclass(frozen=True, slots=True)
class FileList:
    """The files of a folder, in order; see the module. ``manifest`` is empty, or the manifest of a
    capture or draw that lists them, of which only :meth:`decode` makes one.

    Raises:
        BadList: naming what is wrong.
    """

    files: tuple[ListedFile, ...]
    manifest: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        if not 1 <= len(self.files) <= MAX_FILES:
            raise BadList(f"a file list has 1 to {MAX_FILES} files")
        for each in self.files:
            check_path(each.path)
        paths = [each.path for each in self.files]
        if paths != sorted(set(paths)):
            raise BadList("a file list has each path once, in order")
        if len({each.sm3 is None for each in self.files}) > 1:
            raise BadList("SM3 stands with every file of a list or with none")

    @classmethod
    def of(cls, files: Iterable[ListedFile]) -> FileList:
        """The list of ``files``, which may come in any order."""
        return cls(tuple(sorted(files, key=lambda each: each.path)))

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(each.size for each in self.files)

    @property
    def schema(self) -> str:
        """:data:`SCHEMA`, or that of the manifest."""
        return str(json.loads(self.manifest)["schema"]) if self.manifest else SCHEMA

    def holding(self, sha256: str) -> ListedFile | None:
        """The first file with this SHA-256."""
        return next((each for each in self.files if each.sha256 == sha256), None)

    def encode(self) -> bytes:
        """RFC 8785.

        Raises:
            BadList: longer than :data:`MAX_LIST`.
        """
        if self.manifest:
            return self.manifest
        files: list[Any] = []
        for each in self.files:
            one = {"path": each.path, "size": each.size, "sha256": each.sha256}
            files.append(one if each.sm3 is None else one | {"sm3": each.sm3})
        data = rfc8785.dumps({"schema": SCHEMA, "files": files})
        if len(data) > MAX_LIST:
            raise BadList(f"a file list has at most {MAX_LIST} bytes")
        return data

    @classmethod
    def decode(cls, data: bytes) -> FileList:
        """Exactly what :meth:`encode` writes, or such a manifest; nothing more lenient.

        Raises:
            BadList: naming what is wrong.
        """
        if len(data) > MAX_LIST:
            raise BadList(f"a file list has at most {MAX_LIST} bytes")
        try:
            value = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise BadList("the file list is not JSON") from error
        if isinstance(value, dict) and value.get("schema") in tuple(_MANIFESTS):
            return cls(_manifested(value, data), data)
        if not isinstance(value, dict) or value.keys() != {"schema", "files"}:
            raise BadList("a file list has the fields schema and files")
        if value["schema"] != SCHEMA or not isinstance(value["files"], list):
            raise BadList(f"the file list's schema is not {SCHEMA}")
        found = cls(tuple(map(_listed, value["files"])))
        if found.encode() != data:
            raise BadList("the file list is not in canonical form (RFC 8785)")
        return found


def check_path(path: str) -> str:
    """``path``, when it is a plain relative one on every system.

    Raises:
        BadList: absolute, leading out, with an empty part, too long, or not storable as UTF-8.
    """
    if not path or len(path) > MAX_PATH:
        raise BadList(f"a path has 1 to {MAX_PATH} characters")
    if "\x00" in path or any(0xD800 <= ord(character) <= 0xDFFF for character in path):
        raise BadList("a path holds a NUL or half a character (a lone surrogate)")
    # What only some systems take for a separator must not lead out there either.
    parts = path.replace("\\", "/").split("/")
    if "" in parts or "." in parts or ".." in parts or _DRIVE.match(parts[0]):
        raise BadList("a path leads from the folder to the file, without . or .. or a drive")
    return path


def _manifested(value: dict[str, Any], data: bytes) -> tuple[ListedFile, ...]:
    """The files of a manifest, when ``data`` is its canonical form."""
    of = _MANIFESTS[value["schema"]]
    try:
        canonical = rfc8785.dumps(value) == data
    except (ValueError, RecursionError) as error:
        raise BadList(f"the {of}'s manifest has no canonical form (RFC 8785)") from error
    if not canonical:
        raise BadList(f"the {of}'s manifest is not in canonical form (RFC 8785)")
    files = value.get("files")
    if not isinstance(files, list) or not all(isinstance(each, dict) for each in files):
        raise BadList(f"the {of}'s manifest has no list of files")
    needed = ("path", "size", "sha256", "sm3")
    return tuple(_listed({k: each[k] for k in needed if k in each}) for each in files)


def _listed(value: Any) -> ListedFile:
    if not isinstance(value, dict) or value.keys() - {"sm3"} != {"path", "size", "sha256"}:
        raise BadList("a file in the list has the fields path, size, sha256 and perhaps sm3")
    if type(value["path"]) is not str:
        raise BadList("a path in the file list is no text")
    size = value["size"]
    if type(size) is not int or not 0 <= size < 2**53:
        raise BadList("a size in the file list is no number of bytes")
    for name in value.keys() & {"sha256", "sm3"}:
        if type(value[name]) is not str or _HEX.fullmatch(value[name]) is None:
            raise BadList("a digest in the file list is not 64 hexadecimal digits")
    return ListedFile(value["path"], size, value["sha256"], value.get("sm3"))
