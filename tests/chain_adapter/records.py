"""Entries to test with, and the one helper that proves a whole log consistent."""

from __future__ import annotations

import hashlib
from itertools import pairwise

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_adapter import Entry, EntryKey, Trust, digest_of, verify
from chain_adapter.checkpoint import open_checkpoint
from chain_adapter.merkle import leaf_hash, root_of, verify_consistency
from chain_adapter.note import VerifierKey
from chain_adapter.supplement import Supplement
from chain_adapter.tlog import TlogLedger

#: The platform of these tests; always the same key, so that entries are the same bytes everywhere.
PLATFORM = EntryKey(Ed25519PrivateKey.from_private_bytes(b"p" * 32))
DEPOSITOR = EntryKey(Ed25519PrivateKey.from_private_bytes(b"d" * 32))


def make_entry(name: str, content: str = "", *, by: str = "account:1") -> Entry:
    """An entry the platform has signed; ``content`` makes another one under the same key."""
    material = f"{name}/{content}".encode()
    return PLATFORM.sign(
        Entry(
            kind="deposit",
            id=name,
            digests=(digest_of(material),),
            token=hashlib.sha256(b"token" + material).digest(),
            meta=hashlib.sha256(b"meta" + material).digest(),
            by=by,
            platform=PLATFORM.key_id,
        )
    )


def make_supplement(name: str, content: str = "") -> Supplement:
    """What belongs beside :func:`make_entry` of the same name; its "token" is none."""
    return Supplement(token=b"token" + f"{name}/{content}".encode())


def make_entries(prefix: str, count: int) -> list[Entry]:
    return [make_entry(f"{prefix}-{number}") for number in range(count)]


def trust_of(ledger: TlogLedger) -> Trust:
    return ledger.trust() | Trust(
        platforms={PLATFORM.key_id: PLATFORM.public},
        depositors={DEPOSITOR.key_id: DEPOSITOR.public},
    )


def stored_checkpoints(ledger: TlogLedger) -> dict[int, bytes]:
    """Size and root of every checkpoint the log holds."""
    key = VerifierKey.parse(ledger.vkey)
    with ledger._storage._lent() as connection:
        rows = connection.execute("SELECT size, note FROM checkpoint").fetchall()
    found = {}
    for size, note in rows:
        checkpoint = open_checkpoint(note, key).checkpoint
        assert checkpoint.size == size
        found[size] = checkpoint.root
    return found


def check_log(ledger: TlogLedger) -> int:
    """Everything a log promises, examined; returns its size.

    Every stored checkpoint has the root of the entries below it, each extends the one before, what
    is let out is the newest one, and every record verifies offline.
    """
    entries = [entry for _, entry in ledger.events()]
    leaves = [leaf_hash(entry.encode()) for entry in entries]
    size = ledger.size()
    assert len(entries) == size
    assert len({entry.key for entry in entries}) == size
    roots = stored_checkpoints(ledger)
    assert max(roots) == size
    for checkpoint, root in roots.items():
        assert root_of(leaves[:checkpoint]) == root
    for old, new in pairwise(sorted(roots)):
        path = ledger.consistency(old, new)
        assert verify_consistency(old, new, path, roots[old], roots[new])
    trust = trust_of(ledger)
    for index, entry in enumerate(entries[:: max(1, size // 200)]):
        receipt = ledger.lookup(entry.key)
        assert receipt is not None
        assert receipt.position == index * max(1, size // 200)
        verdict = verify(entry, receipt, ledger.prove(receipt), trust)
        assert verdict.ok, verdict.failed
    assert ledger.health().ok
    return size
