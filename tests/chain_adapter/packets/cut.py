"""Packets for tests: cut in memory."""

from __future__ import annotations

import io
from collections.abc import Sequence

from chain_adapter.packets import Packet, PacketKeys, PacketPlan, build

#: Small, so that few bytes already make several stripes.
BLOCK = 32


def cut(
    content: bytes, k: int, n: int, keys: PacketKeys, block: int = BLOCK
) -> tuple[PacketPlan, list[bytes]]:
    """The plan, and packets 1 … n."""
    outs = [io.BytesIO() for _ in range(n)]
    nodes = [f"node-{number}.example" for number in range(1, n + 1)]
    plan = build(io.BytesIO(content), outs, k, keys, nodes, block)
    return plan, [out.getvalue() for out in outs]


def came(data: bytes, source: str = "", number: int = 0) -> Packet:
    """``data``, come back from somewhere."""
    return Packet(source, lambda: io.BytesIO(data), number)


def all_came(packets: Sequence[bytes]) -> list[Packet]:
    """Each from its node."""
    return [came(data, f"node-{number}.example", number) for number, data in enumerate(packets, 1)]
