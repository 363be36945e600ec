"""Keccak-256 as EVM chains use it (not FIPS 202's SHA3-256), and 32-byte words."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final

from Crypto.Hash import keccak as _library

WORD: Final = 32
#: Keccak-256 of nothing, as every EVM chain knows it.
_EMPTY: Final = bytes.fromhex("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470")


def _plainly(data: bytes) -> bytes:
    return _library.new(data=data, digest_bits=256).digest()


def _sponge() -> Callable[[bytes], bytes]:
    """The same at a third of the cost: one sponge a thread, wiped after each use.

    The library makes and frees a sponge, two buffers and an object for each digest, which takes
    longer than Keccak itself; its C functions have stood unchanged for years. Should they ever
    change, the public way remains.
    """
    library: Any = _library
    raw, here = library._raw_keccak_lib, threading.local()

    def digest(data: bytes) -> bytes:
        try:
            keeper, sponge, buffer = here.kept
        except AttributeError:
            keeper = library.new(digest_bits=256)  # owns the sponge
            sponge, buffer = keeper._state.get(), library.create_string_buffer(WORD)
            here.kept = keeper, sponge, buffer
        raw.keccak_reset(sponge)
        raw.keccak_absorb(sponge, data, len(data))
        raw.keccak_digest(sponge, buffer, WORD, 1)
        return bytes(library.get_raw_buffer(buffer))

    return digest


def _chosen() -> Callable[[bytes], bytes]:
    try:
        quick = _sponge()
        samples = (b"", b"a" * 135, b"b" * 136, b"c" * 300)
        good = quick(b"") == _EMPTY and all(quick(each) == _plainly(each) for each in samples)
    except Exception:  # noqa: BLE001 - another version of the library: the public way
        return _plainly
    return quick if good else _plainly


#: bytes → 32 bytes.
keccak: Final = _chosen()


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
