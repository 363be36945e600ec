"""The way from a leaf to the root, laid out for an SVG. The root stands at the top."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from portal.explorer.service import Record

WIDTH: Final = 640
_BOX_WIDTH: Final = 176
_BOX_HEIGHT: Final = 34
_STEP: Final = 76
_MARGIN: Final = 28
_MIDDLE: Final = (WIDTH - _BOX_WIDTH) // 2
_LEFT: Final = 8
_RIGHT: Final = WIDTH - _BOX_WIDTH - 8


@dataclass(frozen=True, slots=True)
class Box:
    """``role`` is "leaf", "own", "given" (a hash the proof brings) or "root"."""

    x: int
    y: int
    role: str
    digest: str

    width: ClassVar[int] = _BOX_WIDTH
    height: ClassVar[int] = _BOX_HEIGHT

    @property
    def short(self) -> str:
        """The first and last six digits, as people compare them."""
        return f"{self.digest[:6]} … {self.digest[-6:]}"

    @property
    def middle(self) -> int:
        return self.x + _BOX_WIDTH // 2


@dataclass(frozen=True, slots=True)
class Picture:
    """``lines`` are SVG path data."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[str, ...]


def draw(record: Record) -> Picture:
    """Lay the proof out from the leaf at the bottom to the root at the top."""
    levels = len(record.climbs)
    height = 2 * _MARGIN + _BOX_HEIGHT + levels * _STEP
    boxes: list[Box] = []
    lines: list[str] = []
    for level, step in enumerate(record.climbs):
        y = height - _MARGIN - _BOX_HEIGHT - level * _STEP
        own = Box(_MIDDLE, y, "leaf" if level == 0 else "own", step.own.hex())
        given = Box(_LEFT if step.sibling_left else _RIGHT, y, "given", step.sibling.hex())
        boxes += [own, given]
        lines += [_line(own), _line(given)]
    top = record.climbs[-1].parent if levels else record.leaf
    boxes.append(Box(_MIDDLE, _MARGIN, "root", top.hex()))
    return Picture(WIDTH, height, tuple(boxes), tuple(lines))


def _line(box: Box) -> str:
    """From the top of ``box`` to the bottom of its parent, which stands in the middle above."""
    parent_x, parent_y = _MIDDLE + _BOX_WIDTH // 2, box.y - _STEP + _BOX_HEIGHT
    bend = (box.y + parent_y) // 2
    return f"M{box.middle} {box.y} C{box.middle} {bend} {parent_x} {bend} {parent_x} {parent_y}"
