"""The ledger and its nodes, laid out for an SVG: the ledger above, the nodes in rows below it, each
with a column as high as what it has cosigned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final

from portal.nodes.service import Map, Node

WIDTH: Final = 950
_TOP: Final = 18
_LEDGER_WIDTH: Final = 340
_LEDGER_HEIGHT: Final = 84
_GAP: Final = 74
_ROW: Final = 4
_NODE_WIDTH: Final = 222
_NODE_HEIGHT: Final = 136
_BETWEEN: Final = 16
_LONGEST: Final = 24


@dataclass(frozen=True, slots=True)
class Box:
    """A node's place. ``filled`` is the height of its column, of ``column`` in all; ``link`` the
    SVG path from the ledger."""

    node: Node
    x: int
    y: int
    filled: int
    link: str

    width: ClassVar[int] = _NODE_WIDTH
    height: ClassVar[int] = _NODE_HEIGHT
    column: ClassVar[int] = _NODE_HEIGHT - 24

    @property
    def short(self) -> str:
        """The name, cut in its middle where it is too long."""
        name = self.node.view.name
        half = _LONGEST // 2
        return name if len(name) <= _LONGEST else f"{name[:half]}…{name[-half + 1 :]}"


@dataclass(frozen=True, slots=True)
class Picture:
    width: int
    height: int
    ledger_x: int
    ledger_y: int
    ledger_width: int
    ledger_height: int
    boxes: tuple[Box, ...]


def draw(seen: Map) -> Picture:
    """Lay the map out; as many rows of nodes as are needed."""
    rows = [seen.nodes[at : at + _ROW] for at in range(0, len(seen.nodes), _ROW)]
    boxes: list[Box] = []
    first = _TOP + _LEDGER_HEIGHT + _GAP
    for number, row in enumerate(rows):
        width = len(row) * _NODE_WIDTH + (len(row) - 1) * _BETWEEN
        left, y = (WIDTH - width) // 2, first + number * (_NODE_HEIGHT + _GAP // 2)
        for place, node in enumerate(row):
            x = left + place * (_NODE_WIDTH + _BETWEEN)
            boxes.append(Box(node, x, y, _filled(node, seen.size), _link(x, y)))
    height = first + len(rows) * (_NODE_HEIGHT + _GAP // 2) - _GAP // 2 + _TOP
    x = (WIDTH - _LEDGER_WIDTH) // 2
    return Picture(WIDTH, height, x, _TOP, _LEDGER_WIDTH, _LEDGER_HEIGHT, tuple(boxes))


def _filled(node: Node, size: int) -> int:
    """Full when nothing is missing; a single missing entry is seen however large the ledger is."""
    if not node.missing:
        return Box.column
    if not node.view.size:
        return 0
    part = math.log(1 + node.missing) / math.log(2 + size)
    return round(Box.column * (0.85 - 0.75 * min(part, 1.0)))


def _link(x: int, y: int) -> str:
    """From the middle of the ledger's lower edge to the middle of the node's upper one."""
    start, end = _TOP + _LEDGER_HEIGHT, x + _NODE_WIDTH // 2
    bend = (start + y) // 2
    return f"M{WIDTH // 2} {start} C{WIDTH // 2} {bend} {end} {bend} {end} {y}"
