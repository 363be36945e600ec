"""The timeline as a picture: a lane for each kind of event, a dot where something happened.

Numbers only; the template draws them. The list below the picture says the same in words.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final

WIDTH: Final = 760
_LABELS: Final = 150
_EDGE: Final = 24
_LANE: Final = 38
_TOP: Final = 12
_AXIS: Final = 30
#: dots of one lane; what falls together is one dot with a number
_COLUMNS: Final = 24
_TICKS: Final = 4
_SMALL: Final = 5.5
_LARGE: Final = 11.0


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    radius: float
    count: int


@dataclass(frozen=True, slots=True)
class Lane:
    """``count`` events of one kind, at height ``y``."""

    kind: str
    y: float
    count: int
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on the axis. ``anchor`` is where its text stands: "start", "middle", "end"."""

    x: float
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Picture:
    """``left`` and ``right`` bound the lanes, ``axis`` is the height of the line of time."""

    width: int
    height: float
    left: float
    right: float
    axis: float
    first: datetime
    last: datetime
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]


def draw(
    moments: Sequence[tuple[datetime, str]], order: Sequence[str], zone: tzinfo
) -> Picture | None:
    """The picture of (time, kind) pairs; None when there are none. Lanes stand in ``order``."""
    if not moments:
        return None
    times = [at for at, _ in moments]
    first, last = min(times), max(times)
    span = last - first or timedelta(seconds=1)
    columns: dict[str, Counter[int]] = {}
    for at, kind in moments:
        column = min(int((at - first) / span * _COLUMNS), _COLUMNS - 1) if last > first else 0
        columns.setdefault(kind, Counter())[column] += 1
    lanes = tuple(
        _lane(kind, place, columns[kind], last > first)
        for place, kind in enumerate(each for each in order if each in columns)
    )
    axis = _TOP + len(lanes) * _LANE
    ticks = tuple(_ticks(first, last, zone))
    right = WIDTH - _EDGE
    return Picture(WIDTH, axis + _AXIS, _LABELS, right, axis, first, last, lanes, ticks)


def _lane(kind: str, place: int, columns: Counter[int], spread: bool) -> Lane:
    dots = tuple(
        Dot(_x((column + 0.5) / _COLUMNS if spread else 0.5), _radius(count), count)
        for column, count in sorted(columns.items())
    )
    return Lane(kind, _TOP + (place + 0.5) * _LANE, columns.total(), dots)


def _x(share: float) -> float:
    left, right = _LABELS + _EDGE, WIDTH - 2 * _EDGE
    return round(left + share * (right - left), 1)


def _radius(count: int) -> float:
    """One event small, many larger, but never over a neighbour's lane."""
    if count == 1:
        return _SMALL
    return round(min(8.0 + 0.8 * math.log2(count), _LARGE), 1)


def _ticks(first: datetime, last: datetime, zone: tzinfo) -> list[Tick]:
    if first == last:
        return [Tick(_x(0.5), f"{first.astimezone(zone):%Y-%m-%d %H:%M}", "middle")]
    form = "%Y-%m-%d" if last - first > timedelta(days=3) else "%m-%d %H:%M"
    if last - first < timedelta(minutes=10):
        form = "%H:%M:%S"
    places = [place / (_TICKS - 1) for place in range(_TICKS)]
    anchors = ["start", *["middle"] * (_TICKS - 2), "end"]
    return [
        Tick(_x(place), (first + place * (last - first)).astimezone(zone).strftime(form), anchor)
        for place, anchor in zip(places, anchors, strict=True)
    ]
