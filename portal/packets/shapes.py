"""What pages show of packets, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from portal.packets.fetching import Report


@dataclass(frozen=True, slots=True)
class PacketView:
    """One packet: ``kept_at`` None while its node does not have it, ``detail`` why."""

    number: int
    node: str
    kept_at: datetime | None
    detail: str


@dataclass(frozen=True, slots=True)
class SetView:
    """The packets of one deposit. ``forgotten``: the content was erased, and the keys with it.
    ``asked``: somebody wants to know whether they give the content back, and the worker has not
    tried yet. ``outcome`` and ``report``: what came of that the last time."""

    deposit_id: str
    number: str
    root: str
    need: int
    packets: tuple[PacketView, ...]
    sealed: bool
    forgotten: bool
    asked: bool
    tried_at: datetime | None
    outcome: str
    report: Report | None

    @property
    def kept(self) -> int:
        return sum(each.kept_at is not None for each in self.packets)


@dataclass(frozen=True, slots=True)
class NodeLine:
    """One node's packets. ``url`` empty: it is no longer among the nodes. ``detail``: its last
    trouble."""

    name: str
    url: str
    kept: int
    waiting: int
    detail: str


@dataclass(frozen=True, slots=True)
class Overview:
    """``spec`` as PACKETS has it, empty when packets are off; ``unsafe``: how many contents have
    fewer packets at nodes than are needed; ``tried``: the last reconstructions."""

    spec: str
    contents: int
    complete: int
    unsafe: int
    nodes: tuple[NodeLine, ...]
    incomplete: tuple[SetView, ...]
    tried: tuple[SetView, ...]
