"""Deposit nodes that sign in memory, and notes with their lines."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_adapter.checkpoint import cosign
from chain_adapter.note import COSIGNATURE, Note, NoteSigner
from chain_adapter.quorum import Quorum

NOON: Final = datetime(2026, 5, 4, 12, tzinfo=UTC)


def make_signer(name: str) -> NoteSigner:
    """A node of this name; always the same key."""
    seed = hashlib.sha256(name.encode()).digest()
    return NoteSigner(name, Ed25519PrivateKey.from_private_bytes(seed))


NODES: Final = tuple(make_signer(f"node-{letter}.example") for letter in "abcd")


def vkey_of(signer: NoteSigner) -> str:
    return signer.verifier.vkey(COSIGNATURE)


def quorum_of(need: int = 3, signers: Iterable[NoteSigner] = NODES, since: int = 0) -> Quorum:
    return Quorum(need, tuple(map(vkey_of, signers)), since)


def cosigned(note: str, signers: Iterable[NoteSigner], time: datetime = NOON) -> str:
    """``note`` with a line of each of ``signers`` after those it has."""
    parsed = Note.parse(note)
    lines = tuple(cosign(each, parsed.text, time) for each in signers)
    return Note(parsed.text, (*parsed.signatures, *lines)).encode()
