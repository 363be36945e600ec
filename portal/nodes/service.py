"""How the ledger's nodes stand. No Flask in here.

Nodes are asked in the background and what they said is kept for a moment: visitors never wait for a
node that hangs, and a crowd of them asks the nodes no more often than one does.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from chain_adapter import Ledger, LedgerError
from chain_adapter.tlog import TlogLedger
from chain_adapter.witness import NodeView, WitnessLedger
from portal.explorer.service import head

#: What is known is shown for so long before the nodes are asked again, seconds.
_FRESH: Final = 2.0
#: The first visitor waits so long for the first answers, seconds.
_FIRST: Final = 2.5


class Standing(StrEnum):
    """How a node stands, for one glance."""

    #: it has cosigned the newest tree
    LEVEL = "level"
    #: it answers, and has not cosigned the newest tree yet
    BEHIND = "behind"
    #: it answers, and something is wrong: it refuses, or says what is not so
    TROUBLE = "trouble"
    #: it does not answer
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Node:
    """``view`` is what is known; ``missing`` how many entries it lacks, by its cosignature."""

    view: NodeView
    standing: Standing
    missing: int

    @property
    def trouble(self) -> str:
        """What anybody may know of it: why a connection failed is the operator's to know."""
        return self.view.trouble if self.view.reachable else ""


@dataclass(frozen=True, slots=True)
class Other:
    """A further ledger: whether it would take an entry now, in its own words."""

    ledger: str
    ok: bool
    detail: str
    size: int | None


@dataclass(frozen=True, slots=True)
class Map:
    """``size`` entries in the newest tree, ``cosigned`` of them under a tree that ``need`` nodes
    have cosigned. ``origin`` is empty where the primary ledger is no log."""

    at: datetime
    origin: str
    size: int
    signed: datetime | None
    need: int
    cosigned: int
    nodes: tuple[Node, ...]
    others: tuple[Other, ...]

    @property
    def level(self) -> int:
        """How many nodes have cosigned the newest tree."""
        return sum(each.standing is Standing.LEVEL for each in self.nodes)

    @property
    def awaited(self) -> tuple[str, ...]:
        """The nodes a pending record waits for; empty when nothing waits."""
        if self.cosigned >= self.size:
            return ()
        return tuple(each.view.name for each in self.nodes if each.missing)


class NodeMap:
    """Any number of threads may look."""

    def __init__(self, ledgers: Sequence[Ledger]) -> None:
        self._ledgers = tuple(ledgers)
        self._lock = threading.Lock()
        self._known: Map | None = None
        self._asked_at = 0.0
        self._asking: threading.Thread | None = None

    def now(self) -> Map:
        """As it was a moment ago; the nodes are asked meanwhile when that is longer than that."""
        with self._lock:
            known, asking = self._known, self._asking
            stale = time.monotonic() - self._asked_at > _FRESH
            if stale and (asking is None or not asking.is_alive()):
                self._asked_at = time.monotonic()
                asking = self._asking = threading.Thread(target=self._ask, daemon=True)
                asking.start()
        if known is None and asking is not None:
            asking.join(_FIRST)
            known = self._known
        return known or _drawn(self._ledgers, (), ())

    def _ask(self) -> None:
        primary = self._ledgers[0]
        views = primary.nodes() if isinstance(primary, WitnessLedger) else ()
        others = tuple(_other(each) for each in self._ledgers[1:])
        found = _drawn(self._ledgers, views, others)
        with self._lock:
            self._known = found


def _drawn(ledgers: Sequence[Ledger], views: Sequence[NodeView], others: tuple[Other, ...]) -> Map:
    primary, now = ledgers[0], datetime.now(UTC)
    origin, size, signed = _head(primary)
    need = primary.policy.quorum.need if isinstance(primary, WitnessLedger) else 0
    heights = sorted((each.size for each in views), reverse=True)
    cosigned = min(size, heights[need - 1]) if 0 < need <= len(heights) else 0
    nodes = tuple(_node(each, size) for each in views)
    return Map(now, origin, size, signed, need, cosigned, nodes, others)


def _head(ledger: Ledger) -> tuple[str, int, datetime | None]:
    if not isinstance(ledger, TlogLedger):
        return "", 0, None
    try:
        top = head(ledger)
    except LedgerError:
        return ledger.id, 0, None
    return top.origin, top.size, top.time


def _node(view: NodeView, size: int) -> Node:
    missing = max(0, size - view.size)
    if not view.reachable:
        standing = Standing.SILENT
    elif not missing:
        standing = Standing.LEVEL
    else:
        standing = Standing.TROUBLE if view.trouble else Standing.BEHIND
    return Node(view, standing, missing)


def _other(ledger: Ledger) -> Other:
    health = ledger.health()
    return Other(ledger.id, health.ok, health.detail, health.size)
