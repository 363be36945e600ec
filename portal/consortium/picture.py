"""The members' tree, laid out for an SVG: one row an account, branches going down to the right.

It stays readable at the width of a phone, and a branch with very many accounts says how many more
there are instead of drawing them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Final

from portal.consortium.shown import Account

WIDTH: Final = 480
_ROW: Final = 50
_STEP: Final = 30
_MARGIN: Final = 8
_HEIGHT: Final = 40
#: Accounts of one branch that are drawn, and of the whole picture.
_SIBLINGS: Final = 20
_MOST: Final = 300
_BLOCKED: Final = frozenset({"blacklisted", "removed", "branch_blocked"})


@dataclass(frozen=True, slots=True)
class Node:
    """``account`` None: ``more`` accounts that are not drawn. ``line`` is SVG path data from the
    account above; "" at the top."""

    account: Account | None
    x: int
    y: int
    line: str
    more: int = 0

    height: ClassVar[int] = _HEIGHT

    @property
    def width(self) -> int:
        return WIDTH - _MARGIN - self.x

    @property
    def label(self) -> str:
        """The name in the rule, or the ends of the identity."""
        if self.account is None:
            return ""
        identity = self.account.identity
        return self.account.name or f"{identity[:6]}…{identity[-4:]}"

    @property
    def blocked(self) -> bool:
        """It, or somebody above."""
        return self.account is not None and self.account.standing in _BLOCKED


@dataclass(frozen=True, slots=True)
class Picture:
    """``nodes`` from the top down; ``left_out`` accounts did not fit at all."""

    width: int
    height: int
    nodes: tuple[Node, ...]
    left_out: int


def draw(accounts: Sequence[Account], root: str = "") -> Picture:
    """Lay out the tree; with ``root`` (an identity) its branch alone."""
    below: dict[str, list[Account]] = {}
    for each in accounts:
        below.setdefault(each.parent, []).append(each)
    tops = [each for each in accounts if each.identity == root] if root else below.get("", [])
    layout = _Layout(below)
    layout.lay(tops, 0, None)
    total = sum(layout.size(each) for each in tops)
    counted = sum(1 if each.account else each.more for each in layout.nodes)
    height = 2 * _MARGIN + max(len(layout.nodes), 1) * _ROW - (_ROW - _HEIGHT)
    return Picture(WIDTH, height, tuple(layout.nodes), total - counted)


@dataclass
class _Layout:
    """Rows from the top down, as they are reached. Branches are at most three deep."""

    below: dict[str, list[Account]]
    nodes: list[Node] = field(default_factory=list)

    def lay(self, siblings: Sequence[Account], depth: int, parent: int | None) -> None:
        for each in siblings[:_SIBLINGS]:
            if len(self.nodes) >= _MOST:
                return
            y = self._put(each, depth, parent, 0)
            self.lay(self.below.get(each.identity, []), depth + 1, y)
        rest = siblings[_SIBLINGS:]
        if rest and len(self.nodes) < _MOST:
            self._put(None, depth, parent, sum(map(self.size, rest)))

    def size(self, account: Account) -> int:
        """The account and all below it."""
        return 1 + sum(map(self.size, self.below.get(account.identity, [])))

    def _put(self, account: Account | None, depth: int, parent: int | None, more: int) -> int:
        """The row's place from the top."""
        x, y = _MARGIN + depth * _STEP, _MARGIN + len(self.nodes) * _ROW
        line = ""
        if parent is not None:
            trunk = x - _STEP + 14
            line = f"M{trunk} {parent + _HEIGHT}V{y + _HEIGHT // 2}H{x}"
        self.nodes.append(Node(account, x, y, line, more))
        return y
