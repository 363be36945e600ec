"""Reading a zip that a stranger made.

Nothing is unpacked to disk. Sizes are bounded before anything is read, names are checked before
anything is opened, and large members are only ever streamed. What is refused here is refused as
:class:`UnsafePackage`; a file that is no zip at all, or cut short, as :class:`NotAPackage`.
"""

from __future__ import annotations

import hashlib
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self, cast

from timestamping.filelist import MAX_FILES
from timestamping.package.errors import BadMember, NotAPackage, UnsafePackage
from timestamping.package_files import FILES

#: Bounds: members beside the originals, bytes of the central directory, bytes of a member read
#: whole, of all of those together, of an original.
MAX_MEMBERS: Final = 64
MAX_DIRECTORY: Final = 4 << 20
MAX_MEMBER: Final = 32 << 20
MAX_TOGETHER: Final = 64 << 20
MAX_ORIGINAL: Final = 1 << 40
#: Our packages store their members; one zipped anew may compress them, but not like a bomb.
MAX_RATIO: Final = 200
_CHUNK: Final = 1 << 20
_END: Final = b"PK\x05\x06"
_END_64: Final = b"PK\x06\x06"
_ENCRYPTED: Final = 0x1
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError)


class Container:
    """An opened package; use as a context manager.

    Raises:
        NotAPackage: missing, unreadable, or no zip.
        UnsafePackage: see the module.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise NotAPackage(f"{path.name} cannot be read: {error.strerror}") from error
        try:
            _require_small_directory(self._file)
            self._zip = zipfile.ZipFile(self._file)
            self._members = {info.filename: info for info in _safe(self._zip.infolist())}
        except UnsafePackage:
            self._file.close()
            raise
        except (*_BROKEN, UnicodeDecodeError, ValueError, struct.error) as error:
            self._file.close()
            raise NotAPackage(f"{path.name} is no readable zip archive") from error
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()
        self._file.close()

    @property
    def names(self) -> frozenset[str]:
        return frozenset(self._members)

    def size(self, name: str) -> int:
        return self._members[name].file_size

    def read(self, name: str) -> bytes:
        """A member whole; its size was bounded when the package was opened.

        Raises:
            BadMember: damaged, or longer than the archive says.
        """
        return b"".join(self.chunks(name))

    def chunks(self, name: str) -> Iterator[bytes]:
        """A member in pieces of at most 1 MiB.

        Raises:
            BadMember: as :meth:`read`.
        """
        try:
            with self._zip.open(self._members[name]) as stream:
                while chunk := stream.read(_CHUNK):
                    yield chunk
        except (*_BROKEN, RuntimeError, UnicodeDecodeError) as error:
            raise BadMember(f"{name} is damaged") from error

    def open(self, name: str) -> BinaryIO:
        """A member as a seekable stream.

        Raises:
            BadMember: damaged.
        """
        try:
            return cast(BinaryIO, self._zip.open(self._members[name]))
        except (*_BROKEN, RuntimeError) as error:
            raise BadMember(f"{name} is damaged") from error

    def digests(self, name: str, algorithms: Iterable[str]) -> dict[str, bytes]:
        """The member's digests by algorithm, computed in one pass."""
        return digest_stream(self.chunks(name), algorithms)


def unpacked_size(path: Path) -> int:
    """Bytes of all members together; 0 for what cannot be opened: its verifier says so, in its own
    words."""
    try:
        with Container(path) as container:
            return sum(map(container.size, container.names))
    except (NotAPackage, UnsafePackage):
        return 0


def digest_stream(chunks: Iterable[bytes], algorithms: Iterable[str]) -> dict[str, bytes]:
    """Several digests of one stream in one pass."""
    states = {algorithm: hashlib.new(algorithm) for algorithm in algorithms}
    for chunk in chunks:
        for state in states.values():
            state.update(chunk)
    return {algorithm: state.digest() for algorithm, state in states.items()}


def file_chunks(path: Path) -> Iterator[bytes]:
    """A file in pieces of 1 MiB."""
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _safe(infos: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    originals = sum(info.filename.startswith(FILES) for info in infos)
    if originals > MAX_FILES or len(infos) - originals > MAX_MEMBERS:
        limits = f"{MAX_FILES} originals and {MAX_MEMBERS} other members"
        raise UnsafePackage(f"{len(infos)} members; a package has at most {limits}")
    seen: set[str] = set()
    for info in infos:
        _require_safe_name(info)
        if info.filename in seen:
            raise UnsafePackage(f"the member {info.filename} occurs twice")
        seen.add(info.filename)
        _require_bounded(info)
    whole = sum(info.file_size for info in infos if not info.filename.startswith(FILES))
    if whole > MAX_TOGETHER:
        raise UnsafePackage(
            f"the members beside the originals are larger than {MAX_TOGETHER} bytes"
        )
    return infos


def _require_safe_name(info: zipfile.ZipInfo) -> None:
    # orig_filename: zipfile cuts names at NUL, and what it cut may be the part that matters.
    name = info.orig_filename
    parts = name.split("/")
    if (
        not name
        or name != info.filename
        or "\\" in name
        or ":" in parts[0]
        or any(part in {"", ".", ".."} for part in parts)
        or any(ord(character) < 0x20 for character in name)
    ):
        raise UnsafePackage(f"the member name {name[:80]!r} is not a plain path inside the package")
    if stat.S_ISLNK(info.external_attr >> 16):
        raise UnsafePackage(f"the member {name} is a symbolic link")
    if info.flag_bits & _ENCRYPTED:
        raise UnsafePackage(f"the member {name} is encrypted")


def _require_bounded(info: zipfile.ZipInfo) -> None:
    limit = MAX_ORIGINAL if info.filename.startswith(FILES) else MAX_MEMBER
    if info.file_size > limit:
        raise UnsafePackage(f"the member {info.filename} is larger than {limit} bytes")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnsafePackage(f"the member {info.filename} is compressed in an unusual way")
    if info.file_size > MAX_RATIO * max(info.compress_size, 1):
        raise UnsafePackage(f"the member {info.filename} is a decompression bomb")


def _require_small_directory(file: BinaryIO) -> None:
    """zipfile reads the whole central directory into memory, so look at its size first (APPNOTE
    4.3.14, 4.3.16). Every record that could be the end is looked at."""
    file.seek(0, 2)
    length = file.tell()
    file.seek(max(0, length - 65_557 - 76))
    tail = file.read()
    for signature, layout, offset in ((_END, "<I", 12), (_END_64, "<Q", 40)):
        at = tail.find(signature)
        while at >= 0:
            field = tail[at + offset : at + offset + struct.calcsize(layout)]
            if len(field) == struct.calcsize(layout):
                (size,) = struct.unpack(layout, field)
                if MAX_DIRECTORY < size <= length:
                    raise UnsafePackage("the archive's directory is too large")
            at = tail.find(signature, at + 1)
    file.seek(0)
