"""Where ``DepositAnchor`` keeps its records: the storage slots that offline proofs speak of.

``contracts/DepositAnchor.sol`` states the same layout and the tests hold both against a real node.
Pure: needs no library of the extra ``evm``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from Crypto.Hash import keccak

#: ``records: mapping(bytes32 root => mapping(uint64 count => Record))``.
RECORDS_SLOT: Final = 0
#: ``size`` (lowest 64 bits) and ``recordCount`` (the next 64).
SIZE_SLOT: Final = 3
_MASK: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class AnchorRecord:
    """One record of the contract: ``count`` entries, numbered from ``first`` on, anchored in the
    block of height ``height`` whose timestamp is ``time`` (Unix seconds). All below 2⁶⁴."""

    count: int
    first: int
    time: int
    height: int

    def pack(self) -> int:
        """The value of the storage slot."""
        return self.count | self.first << 64 | self.time << 128 | self.height << 192

    @classmethod
    def unpack(cls, value: int) -> AnchorRecord | None:
        """Read a slot's value (below 2²⁵⁶); None when nothing is recorded there."""
        if not value & _MASK:
            return None
        return cls(*(value >> shift & _MASK for shift in (0, 64, 128, 192)))


def record_slot(root: bytes, count: int) -> bytes:
    """The 32-byte storage key of the record of ``count`` entries under ``root`` (32 bytes):
    ``keccak256(uint256 count ‖ keccak256(root ‖ uint256 0))``. Its place in the storage trie is
    the Keccak-256 of it once more.

    Raises:
        ValueError: a root of another length, or a count outside 1 to 2⁶⁴ - 1.
    """
    if len(root) != 32 or not 0 < count <= _MASK:
        raise ValueError("a record has a root of 32 bytes and between 1 and 2⁶⁴ - 1 entries")
    inner = keccak256(root + RECORDS_SLOT.to_bytes(32, "big"))
    return keccak256(count.to_bytes(32, "big") + inner)


def keccak256(data: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it (not SHA3-256), 32 bytes."""
    return keccak.new(digest_bits=256, data=data).digest()
