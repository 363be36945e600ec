"""The fingerprint of a capture: the SHA-256 of its manifest, which names every other file."""

from __future__ import annotations

import hashlib
from typing import BinaryIO, Final

_CHUNK: Final = 1 << 20


def fingerprint_of(manifest: bytes) -> str:
    """Hexadecimal; this is the digest that is deposited."""
    return hashlib.sha256(manifest).hexdigest()


def digest_stream(stream: BinaryIO, limit: int | None = None) -> tuple[str, int]:
    """SHA-256 (hexadecimal) and length of what is left of ``stream``; not more than a little over
    ``limit`` bytes are read, so that who expects fewer need not read all."""
    state, size = hashlib.sha256(), 0
    while chunk := stream.read(_CHUNK):
        state.update(chunk)
        size += len(chunk)
        if limit is not None and size > limit:
            break
    return state.hexdigest(), size
