"""Where documents stand: a place in time, a key of the title, a size."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

#: The last place there is.
LAST: Final = 2**63 - 1
_TIES: Final = 11
_KEY_BYTES: Final = 32
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Keys:
    """What a document is ordered by: its place in time, its title's key, its size (-1: unknown)."""

    place: int
    title: str
    size: int


@dataclass(frozen=True, slots=True)
class Span:
    """Places from ``first`` to before ``end``."""

    first: int = 0
    end: int = LAST


def place(moment: datetime, key: str) -> int:
    """A number that orders by time, then by ``key``, a UUID: microseconds, and eleven bits of it.

    Good until the year 2112.
    """
    return place_from(moment) + (int(key[:3], 16) >> 1)


def place_from(moment: datetime) -> int:
    """The first place at ``moment``, within what a database counts."""
    microseconds = (moment - _EPOCH) // timedelta(microseconds=1)
    return min(max(0, microseconds) << _TIES, LAST)


def moment_of(place: int) -> datetime:
    """The time a place stands for."""
    return _EPOCH + timedelta(microseconds=place >> _TIES)


def title_key(title: str) -> str:
    """Orders titles without regard to case or width, common Chinese characters by their sound.

    GB 18030 keeps the order of GB 2312, whose first level is by Pinyin; hexadecimal digits are in
    the same order under every collation.
    """
    folded = unicodedata.normalize("NFKC", title).casefold()
    return folded.encode("gb18030", "replace")[:_KEY_BYTES].hex()
