"""The setting PACKETS, and the nodes that packets go to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chain_adapter import Ledger
from chain_adapter.packets import MAX_PACKETS
from chain_adapter.packets.client import NodeAddress
from chain_adapter.witness.adapter import WitnessLedger

_SPEC: Final = re.compile(r"([1-9][0-9]*)/([1-9][0-9]*)(\+sealed)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Spec:
    """Any ``need`` of ``count`` packets give the content back. ``sealed``: each is encrypted once
    more for its node. ``nodes``: all there are, in the policy's order."""

    need: int
    count: int
    sealed: bool
    nodes: tuple[NodeAddress, ...]

    def chosen(self, deposit_id: str) -> tuple[NodeAddress, ...]:
        """The nodes of one deposit's packets, packet 1's first: where there are more nodes than
        packets, each gets its share."""
        start = sum(deposit_id.encode()) % len(self.nodes)
        turned = self.nodes[start:] + self.nodes[:start]
        return turned[: self.count]

    def node(self, name: str) -> NodeAddress | None:
        """By its name; None when it is no longer among them."""
        return next((each for each in self.nodes if each.name == name), None)


def open_spec(text: str, ledgers: Sequence[Ledger]) -> Spec | None:
    """PACKETS as it is meant; None when packets are off.

    Raises:
        ValueError: it makes no sense, or no ledger has so many deposit nodes.
    """
    if not text:
        return None
    found = _SPEC.fullmatch(text)
    if found is None:
        raise ValueError("PACKETS is such as 3/4 or 3/4+sealed, or empty")
    need, count = int(found[1]), int(found[2])
    if not need <= count <= MAX_PACKETS:
        raise ValueError(f"PACKETS={text}: {need} of {count} packets is no plan")
    nodes = nodes_of(ledgers)
    if len(nodes) < count:
        raise ValueError(
            f"PACKETS={text} needs {count} deposit nodes; the ledgers' policies name {len(nodes)}"
        )
    return Spec(need, count, found[3] is not None, nodes)


def nodes_of(ledgers: Sequence[Ledger]) -> tuple[NodeAddress, ...]:
    """The deposit nodes of all ledgers that have some, each once."""
    found: dict[str, NodeAddress] = {}
    for ledger in ledgers:
        if isinstance(ledger, WitnessLedger):
            for node in ledger.policy.nodes:
                found.setdefault(node.name, NodeAddress(node.name, node.url))
    return tuple(found.values())
