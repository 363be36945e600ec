"""Keccak-256 as EVM chains use it (not FIPS 202's SHA3-256), and 32-byte words."""

from __future__ import annotations

from Crypto.Hash import keccak as _keccak

WORD = 32


def keccak(data: bytes) -> bytes:
    """32 bytes."""
    return _keccak.new(data=data, digest_bits=256).digest()


def word(value: int | bytes) -> bytes:
    """A whole number, an address (20 bytes) or 32 bytes as one ABI word, filled up on the left.

    Raises:
        OverflowError: more than 32 bytes.
    """
    if isinstance(value, int):
        return value.to_bytes(WORD, "big")
    if len(value) > WORD:
        raise OverflowError(f"{len(value)} bytes are more than a word")
    return value.rjust(WORD, b"\0")
