"""Pictures of the statistics, laid out for SVG: numbers in, numbers out, no words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_HEIGHT: Final = 160
_TOP: Final = 24
_FOOT: Final = 26
_LEFT: Final = 34
_STEP: Final = 52
_BAR: Final = 34
_LINES: Final = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a bar; ``index`` names what it counts."""

    index: int
    count: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Stack:
    """One bar of parts on top of each other. ``total`` stands at ``top``."""

    x: int
    total: int
    top: float
    pieces: tuple[Piece, ...]

    @property
    def middle(self) -> int:
        return self.x + _BAR // 2


@dataclass(frozen=True, slots=True)
class Line:
    y: float
    value: int


@dataclass(frozen=True, slots=True)
class Stacks:
    width: int
    height: int
    floor: int
    left: int
    bar: int
    lines: tuple[Line, ...]
    stacks: tuple[Stack, ...]


def stacks(rows: Sequence[Sequence[int]]) -> Stacks:
    """A bar for each row, its numbers on top of each other, the first at the floor."""
    most = _round_up(max([sum(row) for row in rows] or [0]))
    floor = _TOP + _HEIGHT
    drawn = []
    for place, row in enumerate(rows):
        y, pieces = float(floor), []
        for index, count in enumerate(row):
            height = round(_HEIGHT * count / most, 2)
            y = round(y - height, 2)
            if count:
                pieces.append(Piece(index, count, y, height))
        drawn.append(Stack(_LEFT + 10 + place * _STEP, sum(row), y, tuple(pieces)))
    lines = tuple(
        Line(round(floor - _HEIGHT * step / _LINES, 2), most * step // _LINES)
        for step in range(_LINES + 1)
    )
    width = _LEFT + 10 + max(1, len(rows)) * _STEP
    return Stacks(width, floor + _FOOT, floor, _LEFT, _BAR, lines, tuple(drawn))


def _round_up(most: int) -> int:
    """The next number that four equal steps lead up to, in a round way."""
    size = _LINES
    while True:
        for factor in (1, 2, 5):
            if most <= size * factor:
                return size * factor
        size *= 10
