"""Keccak-256 as Ethereum uses it: not SHA3-256, which pads otherwise."""

from __future__ import annotations

from Crypto.Hash import keccak


def keccak256(data: bytes) -> bytes:
    """32 bytes."""
    return keccak.new(digest_bits=256, data=data).digest()
