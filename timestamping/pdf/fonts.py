"""Which characters the letter's fonts can draw.

Letters are set in the Noto CJK fonts of Debian's ``fonts-noto-cjk``; Latin, Greek and Cyrillic come
from the same files, so that one coverage table answers for a whole text. System fonts are ignored
on purpose: the same data must give the same bytes on every machine.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import typst

from timestamping.pdf.errors import LetterError

FOLDER: Final = Path("/usr/share/fonts/opentype/noto")
SERIF: Final = "Noto Serif CJK SC"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Sorted, disjoint ranges ``first[i] … last[i]`` of code points that have a glyph."""

    first: tuple[int, ...]
    last: tuple[int, ...]

    def __contains__(self, character: str) -> bool:
        point = ord(character)
        place = bisect_right(self.first, point) - 1
        return place >= 0 and point <= self.last[place]


@lru_cache(maxsize=1)
def fonts() -> typst.Fonts:
    """The font set of every letter.

    Raises:
        LetterError: ``fonts-noto-cjk`` is not installed.
    """
    found = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[FOLDER]
    )
    if SERIF not in found.families():
        raise LetterError(f"the font {SERIF} is missing: install Debian's fonts-noto-cjk")
    return found


@lru_cache(maxsize=1)
def coverage() -> Coverage:
    """Characters the text face can draw, read from the font's own ``cmap`` table."""
    for font in fonts().fonts():
        if font.family == SERIF and font.weight == 400 and font.path is not None:
            return read_coverage(Path(font.path).read_bytes(), font.index)
    raise LetterError(f"the font {SERIF} has no regular face")


def read_coverage(data: bytes, index: int) -> Coverage:
    """Read ``cmap`` format 12 of face ``index`` (OpenType 1.9, "cmap" and "ttcf").

    Raises:
        LetterError: the face has no format 12 table.
    """
    start = 0
    if data[:4] == b"ttcf":
        (start,) = struct.unpack_from(">I", data, 12 + 4 * index)
    (tables,) = struct.unpack_from(">H", data, start + 4)
    for number in range(tables):
        tag, _, offset, _ = struct.unpack_from(">4sIII", data, start + 12 + 16 * number)
        if tag == b"cmap":
            return _format_12(data, offset)
    raise LetterError("the font has no cmap table")


def _format_12(data: bytes, cmap: int) -> Coverage:
    (records,) = struct.unpack_from(">H", data, cmap + 2)
    for number in range(records):
        _, _, offset = struct.unpack_from(">HHI", data, cmap + 4 + 8 * number)
        table = cmap + offset
        if struct.unpack_from(">H", data, table) == (12,):
            (groups,) = struct.unpack_from(">I", data, table + 12)
            rows = struct.iter_unpack(">III", data[table + 16 : table + 16 + 12 * groups])
            spans = [(first, last) for first, last, glyph in rows if glyph]
            return Coverage(tuple(first for first, _ in spans), tuple(last for _, last in spans))
    raise LetterError("the font's cmap has no format 12 table")
