"""A ruler of time: what happened to a deposit when, laid out for an SVG.

Seconds and years stand on one line, so distances grow with the logarithm of the time between, and
never fall below what a label needs. The time that passed is written between the marks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

#: The lying ruler (for wide windows) and the standing one (for narrow ones), in SVG units.
LENGTH: Final = 1080
_MARGIN: Final = 78
_ROOM: Final = 148
_STANDING_ROOM: Final = 76
_STANDING_MARGIN: Final = 22


@dataclass(frozen=True, slots=True)
class Event:
    """``name`` as a word; ``kind`` is "done", "now", or "gone" for what was erased."""

    name: str
    at: datetime
    kind: str = "done"


@dataclass(frozen=True, slots=True)
class Mark:
    """``x`` on the lying ruler, ``y`` on the standing one; ``since``: the time since the mark
    before it, None of the first."""

    event: Event
    x: int
    y: int
    since: timedelta | None
    between_x: int
    between_y: int


@dataclass(frozen=True, slots=True)
class Ruler:
    width: int
    height: int
    marks: tuple[Mark, ...]


def draw(events: Sequence[Event]) -> Ruler:
    """Lay out events, in order of time whatever order they come in.

    The two rulers are as long as their marks need; gaps share what is left over by the logarithm
    of the time they stand for.
    """
    ordered = sorted(events, key=lambda event: event.at)
    gaps = [(b.at - a.at) for a, b in pairwise(ordered)]
    weights = [math.log1p(gap.total_seconds()) for gap in gaps]
    free = max(0, LENGTH - 2 * _MARGIN - _ROOM * len(gaps))
    width = 2 * _MARGIN + _ROOM * len(gaps) + (free if gaps else 0)
    total, marks = sum(weights) or 1.0, list[Mark]()
    x, y = float(_MARGIN), float(_STANDING_MARGIN)
    for number, event in enumerate(ordered):
        since, before = (gaps[number - 1], (x, y)) if number else (None, (x, y))
        if number:
            share = weights[number - 1] / total
            x += _ROOM + free * share
            y += _STANDING_ROOM + 4 * weights[number - 1]
        middle = round((x + before[0]) / 2), round((y + before[1]) / 2)
        marks.append(Mark(event, round(x), round(y), since, *middle))
    return Ruler(width, round(y) + 2 * _STANDING_MARGIN, tuple(marks))
