"""How the bytes of a file become text: found out once, then streamed as UTF-8."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol

from lottery.entries.disk import let_go
from lottery.entries.errors import Unreadable

BLOCK: Final = 1 << 20
_LETTING_GO: Final = 64 << 20
_WINDOW: Final = 1 << 20
_OLE: Final = b"\xd0\xcf\x11\xe0"
_ZIP: Final = b"PK\x03\x04"
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Control characters that a table may have by mistake: its rows are named then.
_FEW: Final = 8
#: Of the characters beyond ASCII: what may be damaged before another encoding is more likely.
_DAMAGED: Final = 0.02


class Digest(Protocol):
    """A hash that takes the file's bytes as they pass."""

    def update(self, data: bytes, /) -> None: ...
    def hexdigest(self) -> str: ...


@dataclass(frozen=True)
class Encoding:
    """``name`` for people and for Python; ``skip`` bytes of a mark at the beginning."""

    name: str
    skip: int = 0


WORKBOOK: Final = Encoding("xlsx")


def detect(path: Path) -> Encoding:
    """What the file is written in: a workbook, UTF-8, UTF-16 with its mark, or GB18030.

    Raises:
        Unreadable: empty, or nothing of these.
    """
    with path.open("rb") as file:
        head = file.read(_WINDOW)
        if not head.strip() and not file.read(1):
            raise Unreadable("empty", "the file is empty")
        if head.startswith(_ZIP):
            return WORKBOOK
        if head.startswith(_OLE):
            raise Unreadable(
                "old-excel", "this is an old Excel file (or one with a password); save it as .xlsx"
            )
        for mark, name in _BOMS:
            if head.startswith(mark):
                return Encoding(name, len(mark))
        _refuse_binary(head)
        return Encoding(_by_content(file, head))


def _refuse_binary(head: bytes) -> None:
    control = sum(head.count(bytes([byte])) for byte in range(32) if byte not in b"\t\n\r")
    if control > _FEW + len(head) // 50:
        raise Unreadable("binary", "this is not a table: neither text nor an Excel workbook")


def _by_content(file: IO[bytes], window: bytes) -> str:
    """UTF-8 or GB18030, by the first stretch that has anything beyond ASCII."""
    while window.isascii():
        window = file.read(BLOCK)
        if not window:
            return "utf-8"
    first = next(at for at, byte in enumerate(window) if byte > 127)
    stretch = (window[first:] + file.read(_WINDOW))[:_WINDOW]
    wide = sum(stretch.count(bytes([byte])) for byte in range(128, 256))
    damaged = {name: _damaged(stretch, name) for name in ("utf-8", "gb18030")}
    best = min(damaged, key=lambda name: damaged[name])
    if damaged["utf-8"] <= max(1, wide * _DAMAGED):
        return "utf-8"
    if damaged[best] > max(1, wide * _DAMAGED):
        raise Unreadable(
            "encoding", "the text is neither UTF-8 nor GB18030; save the file as UTF-8"
        )
    return best


def _damaged(data: bytes, name: str) -> int:
    """Places where ``data``, which may end within a character, is not text of this encoding."""
    text = codecs.getincrementaldecoder(name)("replace").decode(data)
    return text.count("\ufffd")


def stream(path: Path, encoding: Encoding, digest: Digest) -> Iterator[tuple[bytes, int]]:
    """The text in UTF-8, block by block, each with the bytes of the file read so far.

    What is not text comes out as UTF-8 that is not well-formed, in the same place, so that the row
    can be named. ``digest`` has seen the whole file in the end.
    """
    decoder = _decoder(encoding)
    with path.open("rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        digest.update(file.read(encoding.skip))
        done = encoding.skip
        while block := file.read(BLOCK):
            digest.update(block)
            done += len(block)
            if done % _LETTING_GO < len(block):
                let_go(file.fileno())
            yield (block if decoder is None else _utf8(decoder.decode(block))), min(done, size)
    if decoder is not None and (rest := decoder.decode(b"", True)):
        yield _utf8(rest), done


def _decoder(encoding: Encoding) -> Any:
    if encoding.name == "utf-8":
        return None
    return codecs.getincrementaldecoder(encoding.name)("surrogateescape")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
