"""Where the contract ``DepositAnchor`` keeps its batches, and how a ledger id names the contract.

Part of the contract's promise, as its functions are: proofs are judged by these places::

    mapping(uint256 => Batch) batches;   // slot 0
    struct Batch { bytes32 root; uint64 first; uint64 count; uint64 number; uint64 time; }

so that one slot holds a batch's root and the next one its first position, its count of entries,
and the number and time of the block it came with (the first member in the lowest bits).
"""

from __future__ import annotations

import re
from typing import Final

from Crypto.Hash import keccak

from chain_adapter.errors import InvalidProof

#: The storage slot of the mapping of batches.
BATCHES_SLOT: Final = 0
_LEDGER: Final = re.compile(r"evm:([1-9][0-9]{0,18}):(0x[0-9a-f]{40})", re.ASCII)
_U64: Final = 2**64


def keccak256(data: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it (not SHA3-256), 32 bytes."""
    return keccak.new(digest_bits=256, data=data).digest()


def ledger_id(chain_id: int, contract: str) -> str:
    """``evm:<chain id>:<contract address>``; the address may be in any case.

    Raises:
        InvalidProof: no such ledger is possible.
    """
    name = f"evm:{chain_id}:{contract.lower()}"
    read_ledger_id(name)
    return name


def read_ledger_id(ledger: str) -> tuple[int, bytes]:
    """Chain id and contract address (20 bytes).

    Raises:
        InvalidProof: it names no contract on a chain.
    """
    found = _LEDGER.fullmatch(ledger)
    if found is None:
        raise InvalidProof(f"{ledger[:80]!r} is not evm:<chain id>:<contract address>")
    return int(found[1]), bytes.fromhex(found[2][2:])


def root_slot(batch: int) -> bytes:
    """The slot (32 bytes) that holds the root of batch number ``batch``."""
    return keccak256(batch.to_bytes(32, "big") + BATCHES_SLOT.to_bytes(32, "big"))


def place_slot(batch: int) -> bytes:
    """The slot (32 bytes) that holds first position, count, block number and time."""
    following = (int.from_bytes(root_slot(batch), "big") + 1) % 2**256
    return following.to_bytes(32, "big")


def pack_place(first: int, count: int, number: int, time: int) -> int:
    """The value of :func:`place_slot`; ``time`` in seconds since 1970."""
    return first | count << 64 | number << 128 | time << 192


def unpack_place(value: int) -> tuple[int, int, int, int]:
    """First position, count, block number, block time."""
    return value % _U64, (value >> 64) % _U64, (value >> 128) % _U64, value >> 192
