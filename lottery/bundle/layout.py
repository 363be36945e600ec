"""Where each file of a draw's bundle lies."""

from __future__ import annotations

from typing import Final

TRANSCRIPT: Final = "transcript.json"
VERIFIER: Final = "verifier.py"
WINNERS: Final = "winners.json"
LEAVES: Final = "leaves.bin"
SEALS: Final = "seals.json"
TOKENS: Final = "seals"
#: Leaves come along up to this many bytes: two million entries. The record names their SHA-256.
MAX_LEAVES: Final = 64 << 20
#: Nothing else of a bundle is longer, bytes.
MAX_FILE: Final = 256 << 20


def token(step: int) -> str:
    """The file of a step's token.

    >>> token(7)
    'seals/0007.tsr'
    """
    return f"{TOKENS}/{step:04d}.tsr"
