"""Content as numbered packets, of which any k of n give it back: encrypted, cut, committed to.

:func:`build` writes n packets and gives a :class:`PacketPlan`, whose ``root`` stands in the entry.
A node checks what it is given by :func:`verify_packet`; :func:`reconstruct` takes packets in any
order and names those that are missing, duplicated, corrupted or foreign::

    PacketError (a ValueError)
    ├── BadPlan    not a plan, or not the one the root commits to
    ├── BadPacket  not a packet, or not this one under this root
    ├── Refused    a node refuses who asks
    ├── WrongKey   the keys are of another content
    └── NotEnough  fewer intact packets than are needed, with the report

Keys are the caller's: without them the packets of all nodes together tell nothing but their size.
"""

from chain_adapter.packets.cutting import BLOCK, Cutter, build
from chain_adapter.packets.errors import (
    BadPacket,
    BadPlan,
    NotEnough,
    PacketError,
    Refused,
    WrongKey,
)
from chain_adapter.packets.findings import Fault, Finding, Packet, Reconstruction
from chain_adapter.packets.header import MAX_PACKETS, Header
from chain_adapter.packets.joining import examine, reconstruct, verify_packet
from chain_adapter.packets.keys import PacketKeys
from chain_adapter.packets.plan import MAX_PLAN, PacketPlan

__all__ = [
    "BLOCK",
    "MAX_PACKETS",
    "MAX_PLAN",
    "BadPacket",
    "BadPlan",
    "Cutter",
    "Fault",
    "Finding",
    "Header",
    "NotEnough",
    "Packet",
    "PacketError",
    "PacketKeys",
    "PacketPlan",
    "Reconstruction",
    "Refused",
    "WrongKey",
    "build",
    "examine",
    "reconstruct",
    "verify_packet",
]
