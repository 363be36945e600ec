"""Pictures of the operators' page, laid out for SVG: numbers in, numbers out, no words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_BAR_WIDTH: Final = 72
_BAR_GAP: Final = 18
_BARS_HEIGHT: Final = 120
_MARGIN: Final = 26
_TICK: Final = 5
_TICK_HEIGHT: Final = 26
#: Longest answer that still fits; longer ones are drawn as long as this.
_SLOW_MS: Final = 2000


@dataclass(frozen=True, slots=True)
class Bar:
    """``x, y, width, height`` in the picture's units; ``index`` names the group."""

    index: int
    count: int
    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> int:
        return self.x + self.width // 2


@dataclass(frozen=True, slots=True)
class Bars:
    width: int
    height: int
    floor: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """One check in a strip: a line from the floor, as high as its answer was slow."""

    x: int
    height: int
    ok: bool


@dataclass(frozen=True, slots=True)
class Strip:
    width: int
    height: int
    ticks: tuple[Tick, ...]


def bars(counts: Sequence[int]) -> Bars:
    """A bar for each count, the tallest one filling the height; a count above none is visible."""
    most, floor = max([*counts, 1]), _MARGIN + _BARS_HEIGHT
    drawn = []
    for index, count in enumerate(counts):
        height = max(3, round(_BARS_HEIGHT * count / most)) if count else 0
        x = _BAR_GAP + index * (_BAR_WIDTH + _BAR_GAP)
        drawn.append(Bar(index, count, x, floor - height, _BAR_WIDTH, height))
    width = _BAR_GAP + len(counts) * (_BAR_WIDTH + _BAR_GAP)
    return Bars(width, floor + _MARGIN, floor, tuple(drawn))


def strip(checks: Sequence[tuple[bool, int]], room: int) -> Strip:
    """The last checks as (well, milliseconds), oldest first, the newest at the right end of
    ``room`` places."""
    shown = checks[-room:]
    start = room - len(shown)
    ticks = [
        Tick((start + place) * _TICK + 1, _height(spent) if ok else _TICK_HEIGHT, ok)
        for place, (ok, spent) in enumerate(shown)
    ]
    return Strip(room * _TICK, _TICK_HEIGHT, tuple(ticks))


def _height(milliseconds: int) -> int:
    return max(6, round(_TICK_HEIGHT * min(milliseconds, _SLOW_MS) / _SLOW_MS))
