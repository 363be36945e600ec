"""The shape of c2sp.org/tlog-tiles: how the tree is cut into tiles and what their paths are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from chain_adapter.errors import NotFound

#: A full tile holds this many hashes, and covers this many tiles of the level below.
TILE_WIDTH: Final = 256
TILE_HEIGHT: Final = 8

_PATH: Final = re.compile(
    r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class TilePath:
    """``level`` is None for a bundle of entries; ``width`` hashes or entries, 1 to 256."""

    level: int | None
    number: int
    width: int

    @classmethod
    def parse(cls, path: str) -> TilePath:
        """Read ``tile/<L>/<N>[.p/<W>]`` or ``tile/entries/<N>[.p/<W>]``.

        Raises:
            NotFound: it is no such path; a tile has one spelling.
        """
        match = _PATH.fullmatch(path)
        if match is None:
            raise NotFound(f"{path[:80]!r} is not the path of a tile")
        level, number, width = match.groups()
        found = cls(
            level=None if level == "entries" else int(level),
            number=int(number.replace("x", "").replace("/", "")),
            width=int(width or TILE_WIDTH),
        )
        if str(found) != path:
            raise NotFound(f"{path[:80]!r} is not the canonical path of a tile")
        return found

    def __str__(self) -> str:
        digits = f"{self.number:03d}"
        digits = digits.rjust(-(-len(digits) // 3) * 3, "0")
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        name = "".join(f"x{group}/" for group in groups[:-1]) + groups[-1]
        level = "entries" if self.level is None else self.level
        suffix = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{name}{suffix}"


def row_length(size: int, level: int) -> int:
    """How many hashes level ``level`` has in a tree of ``size`` leaves."""
    return size >> (TILE_HEIGHT * level)


def width_in(size: int, level: int, number: int) -> int:
    """How wide a tile is in a tree of ``size`` leaves: 0 (absent) to 256 (full)."""
    return max(0, min(TILE_WIDTH, row_length(size, level) - number * TILE_WIDTH))


def bundle(entries: Iterable[bytes]) -> bytes:
    """Entries with big-endian uint16 length prefixes."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def paths_of(size: int) -> Iterable[TilePath]:
    """Every tile and bundle a client of a tree of ``size`` leaves may ask for."""
    for level in (None, *range(8)):
        count = row_length(size, level or 0)
        for number in range(-(-count // TILE_WIDTH)):
            yield TilePath(level, number, width_in(size, level or 0, number))
