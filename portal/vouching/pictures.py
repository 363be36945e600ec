"""Pictures of the operators' page, laid out for SVG: numbers in, numbers out, no words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 600
_HEIGHT: Final = 96
_TOP: Final = 2


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the bar: which group, how many, where."""

    index: int
    count: int
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One day: all readings, and at its foot those that found something."""

    index: int
    count: int
    tampered: int
    x: float
    width: float
    y: float
    height: float
    foot: float


@dataclass(frozen=True, slots=True)
class Days:
    width: int
    height: int
    floor: int
    most: int
    bars: tuple[Bar, ...]


def shades(limits: Sequence[int], cycle: int) -> list[str]:
    """How each group of ages looks: paler green within the cycle, then late, then too late; what
    was never read again stands apart.

    >>> shades([1, 7, 30, 60], 30)
    ['0', '1', '2', '3', '4', 'never']
    """
    within = [str(min(place, 2)) for place, limit in enumerate(limits) if limit <= cycle]
    return [*within, *("3" for _ in limits[len(within) :]), "4", "never"]


def stretch(counts: Sequence[int]) -> tuple[Piece, ...]:
    """One bar as wide as the picture, divided by ``counts``; what is there can be seen."""
    total = sum(counts)
    if not total:
        return ()
    least = [max(3.0, WIDTH * count / total) if count else 0.0 for count in counts]
    scale, x, pieces = WIDTH / sum(least), 0.0, []
    for index, (count, wanted) in enumerate(zip(counts, least, strict=True)):
        width = wanted * scale
        if count:
            pieces.append(Piece(index, count, round(x, 1), round(width, 1)))
        x += width
    return tuple(pieces)


def days(counts: Sequence[tuple[int, int]]) -> Days:
    """A bar for each day as (readings, of these tampered), the tallest filling the height."""
    most, floor = max([*(count for count, _ in counts), 1]), _TOP + _HEIGHT
    step = WIDTH / max(len(counts), 1)
    drawn = []
    for index, (count, tampered) in enumerate(counts):
        height = max(2.0, _HEIGHT * count / most) if count else 0.0
        foot = min(height, max(4.0, _HEIGHT * tampered / most)) if tampered else 0.0
        x, width = round(index * step + step * 0.15, 1), round(step * 0.7, 1)
        bar = Bar(
            index, count, tampered, x, width, round(floor - height, 1), round(height, 1), foot
        )
        drawn.append(bar)
    return Days(WIDTH, floor + 1, floor, most, tuple(drawn))
