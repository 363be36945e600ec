"""The log's own checkpoints, read back from its files."""

from __future__ import annotations

from typing import Final

from chain_adapter.checkpoint import SignedCheckpoint, open_checkpoint
from chain_adapter.errors import Fatal, InvalidProof
from chain_adapter.note import VerifierKey

#: Larger than any tree.
ANY_SIZE: Final = 2**62


def stored_checkpoint(note: str | None, key: VerifierKey, where: str) -> SignedCheckpoint:
    """Verify a checkpoint this log has signed and stored ``where``.

    Raises:
        Fatal: it is missing, damaged or another log's.
    """
    if note is None:
        raise Fatal(f"a checkpoint is missing from {where}: restore it")
    try:
        return open_checkpoint(note, key)
    except InvalidProof as error:
        raise Fatal(f"a checkpoint in {where} is damaged or another ledger's: {error}") from error
