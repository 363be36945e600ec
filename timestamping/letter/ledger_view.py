"""The ledger's part of a letter."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Final

from timestamping.letter.clock import Clock
from timestamping.letter.data import LetterData
from timestamping.letter.token_view import hex_lines
from timestamping.pdf.text import runs

_ROLES: Final = {"platform": "平台 platform", "depositor": "存证人 depositor"}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a letter shows of a checkpoint (c2sp.org/tlog-checkpoint); not verified here."""

    size: str
    root: bytes
    signers: tuple[str, ...]


def read_checkpoint(note: str) -> Checkpoint:
    """Size, root and signers; empty for ledgers whose checkpoint is no signed note."""
    body, _, signatures = note.partition("\n\n")
    lines = body.split("\n")
    signers = tuple(line.split(" ")[1] for line in signatures.split("\n") if line.startswith("— "))
    if len(lines) < 3 or not lines[1].isdigit():
        return Checkpoint("", b"", signers)
    try:
        return Checkpoint(lines[1], base64.b64decode(lines[2], validate=True), signers)
    except binascii.Error:
        return Checkpoint(lines[1], b"", signers)


def ledger_view(data: LetterData, clock: Clock) -> dict[str, Any]:
    checkpoint = read_checkpoint(data.proof.checkpoint)
    return {
        "id": runs(data.receipt.ledger),
        "scheme": runs(data.receipt.scheme),
        "key": runs(data.receipt.key),
        "position": str(data.receipt.position),
        "time": clock.full(data.receipt.time),
        "entry-hash": hex_lines(data.receipt.entry_hash.hex()),
        "size": checkpoint.size,
        "root": hex_lines(checkpoint.root.hex()),
        "path": str(len(data.proof.path)),
        "vkey": runs(data.trust.ledger.ledgers.get(data.receipt.ledger, "")),
        "signatures": [
            {
                "role": _ROLES[signature.role],
                "key": signature.key_id,
                "algorithm": signature.algorithm,
            }
            for signature in data.entry.signatures
        ],
        "cosigners": [runs(signer) for signer in dict.fromkeys(checkpoint.signers)],
        "witnesses": [runs(witness) for witness in data.witnesses],
    }
