"""The plan of one content's packets, and the root that stands in the ledger's entry.

The root is the RFC 6962 tree hash of n + 1 leaves: leaf 0 is the plan's statement (RFC 8785), leaf
i the SHA-256 of packet i. A leaf of 32 bytes is therefore always a packet's and never a statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from chain_adapter import merkle
from chain_adapter._strict import read_object, require_fields
from chain_adapter.canonical import canonical_json
from chain_adapter.packets import header as head
from chain_adapter.packets.errors import BadPlan
from chain_adapter.packets.header import Header
from chain_adapter.packets.keys import TAG

#: A plan of 255 packets with their digests and nodes' names stays below this, in bytes.
MAX_PLAN: Final = 128 * 1024
_FIELDS: Final = frozenset(("v", "set", "n", "k", "block", "size", "sealed", "digests"))


@dataclass(frozen=True, slots=True)
class PacketPlan:
    """How a content was cut: any ``k`` of ``n`` packets give it back.

    ``block``: bytes of one stripe in a packet, before its second encryption; ``size``: bytes of the
    plain content; ``digests``: the packets' SHA-256, packet 1 first, 32 bytes each; ``sealed``: the
    nodes each packet was encrypted for once more, packet 1's first, or nothing.

    Raises:
        BadPlan: what no content can be cut by.
    """

    set_id: bytes
    n: int
    k: int
    block: int
    size: int
    digests: tuple[bytes, ...]
    sealed: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.k <= self.n <= head.MAX_PACKETS:
            raise BadPlan(f"{self.k} of {self.n} packets is no plan")
        if not head.MIN_BLOCK <= self.block <= head.MAX_BLOCK or self.size < 0:
            raise BadPlan("the plan's sizes are out of bounds")
        lengths = {len(self.set_id), *(len(each) for each in self.digests)}
        if len(self.digests) != self.n or lengths != {32}:
            raise BadPlan("the plan names no 32 bytes for each packet")
        if len(self.sealed) not in (0, self.n):
            raise BadPlan("the plan names no node for each packet")

    @property
    def stripe(self) -> int:
        """Plain bytes in one whole stripe."""
        return self.k * self.block - TAG

    @property
    def stripes(self) -> int:
        """How many there are; empty content is one empty stripe."""
        return max(1, -(-self.size // self.stripe))

    @property
    def last_plain(self) -> int:
        """Plain bytes in the last stripe."""
        return self.size - (self.stripes - 1) * self.stripe

    @property
    def last_block(self) -> int:
        """Bytes of the last stripe in each packet, before its second encryption."""
        return -(-(self.last_plain + TAG) // self.k)

    @property
    def packet_bytes(self) -> int:
        """How long each packet is, header and all."""
        seals = self.stripes * TAG if self.sealed else 0
        return head.SIZE + (self.stripes - 1) * self.block + self.last_block + seals

    @property
    def root(self) -> bytes:
        """The 32 bytes of the entry's field ``data``."""
        return merkle.root_of(self._leaves())

    def path(self, number: int) -> tuple[bytes, ...]:
        """The path from packet ``number`` to the root. Raises IndexError."""
        if not 1 <= number <= self.n:
            raise IndexError(f"there is no packet {number} of {self.n}")
        return tuple(merkle.inclusion_proof(self._leaves(), number))

    def header(self, number: int) -> Header:
        """The header that packet ``number`` must have."""
        return Header(number, self.n, self.k, bool(self.sealed), self.block, self.set_id)

    def node(self, number: int) -> str:
        """For which node packet ``number`` was encrypted once more; empty when for none."""
        return self.sealed[number - 1] if self.sealed else ""

    def encode(self) -> bytes:
        """RFC 8785 of the whole plan, digests and all."""
        return canonical_json({**self._stated(), "digests": [each.hex() for each in self.digests]})

    @classmethod
    def decode(cls, data: bytes) -> PacketPlan:
        """Read a plan; exactly what :meth:`encode` writes.

        Raises:
            BadPlan: anything else.
        """
        try:
            value = read_object(data, MAX_PLAN)
            require_fields(value, _FIELDS)
            plan = _read(value)
        except (ValueError, KeyError, TypeError) as error:
            raise BadPlan(f"not a plan of packets: {error}") from error
        if plan.encode() != data:
            raise BadPlan("the plan is not in canonical form (RFC 8785)")
        return plan

    def _leaves(self) -> list[bytes]:
        return [
            merkle.leaf_hash(canonical_json(self._stated())),
            *(merkle.leaf_hash(digest) for digest in self.digests),
        ]

    def _stated(self) -> dict[str, Any]:
        """Leaf 0: everything but the digests, which are the other leaves."""
        return {
            "v": 1,
            "set": self.set_id.hex(),
            "n": self.n,
            "k": self.k,
            "block": self.block,
            "size": self.size,
            "sealed": list(self.sealed),
        }


def _read(value: dict[str, Any]) -> PacketPlan:
    if value["v"] != 1:
        raise ValueError("only version 1 is known")
    n, k, block, size = (value[name] for name in ("n", "k", "block", "size"))
    if any(type(each) is not int for each in (n, k, block, size)):
        raise ValueError("a number was expected")
    sealed, digests = value["sealed"], value["digests"]
    if not (isinstance(sealed, list) and all(isinstance(each, str) for each in sealed)):
        raise ValueError("a list of nodes was expected")
    if not isinstance(digests, list):
        raise ValueError("a list of digests was expected")
    read = tuple(bytes.fromhex(each) for each in digests)
    return PacketPlan(bytes.fromhex(value["set"]), n, k, block, size, read, tuple(sealed))
