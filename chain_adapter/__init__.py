"""Ledgers behind one interface, and the verification of what they hold.

``open_ledger`` gives a :class:`Ledger`; ``append`` gives receipts, ``prove`` proofs; :func:`verify`
judges entry, receipt and proof offline. Everything raises one family of errors::

    LedgerError
    ├── Retryable          nothing was written; try again later
    ├── Unknown            perhaps written; look the key up before trying again
    ├── Conflict           the same key holds other content; never retry
    ├── Denied             the ledger refuses this caller
    ├── QuorumNotReached   too few parties agreed; nothing is final
    ├── Fatal              an operator has to act first; the sentence says how
    ├── NotFound           no such entry, tile, checkpoint
    ├── InvalidEntry       not a well-formed entry (also a ValueError)
    ├── InvalidReceipt     not a well-formed receipt (also a ValueError)
    └── InvalidProof       not a well-formed proof, checkpoint or note (also a ValueError)

This is the lowest of the domain packages: it imports none of the others.
"""

from chain_adapter.digest import Digest, InvalidDigest, digest_of
from chain_adapter.entry import Entry
from chain_adapter.errors import (
    Conflict,
    Denied,
    Fatal,
    InvalidEntry,
    InvalidProof,
    InvalidReceipt,
    LedgerError,
    NotFound,
    QuorumNotReached,
    Retryable,
    Unknown,
)
from chain_adapter.keys import (
    EntryKey,
    key_id_of,
    meta_digest,
    verify_signature,
    verify_transaction,
)
from chain_adapter.ledger import Caps, Health, Ledger
from chain_adapter.proof import LedgerProof, Proof
from chain_adapter.quorum import Quorum, cosigners
from chain_adapter.receipt import Receipt, Status
from chain_adapter.registry import open_ledger
from chain_adapter.signature import Signature
from chain_adapter.transaction import Transaction
from chain_adapter.trust import Trust
from chain_adapter.verdict import Check, Outcome
from chain_adapter.verification.kinds import decode_proof
from chain_adapter.verify import Result, Verdict, verify

__all__ = [
    "Caps",
    "Check",
    "Conflict",
    "Denied",
    "Digest",
    "Entry",
    "EntryKey",
    "Fatal",
    "Health",
    "InvalidDigest",
    "InvalidEntry",
    "InvalidProof",
    "InvalidReceipt",
    "Ledger",
    "LedgerError",
    "LedgerProof",
    "NotFound",
    "Outcome",
    "Proof",
    "Quorum",
    "QuorumNotReached",
    "Receipt",
    "Result",
    "Retryable",
    "Signature",
    "Status",
    "Transaction",
    "Trust",
    "Unknown",
    "Verdict",
    "cosigners",
    "decode_proof",
    "digest_of",
    "key_id_of",
    "meta_digest",
    "open_ledger",
    "verify",
    "verify_signature",
    "verify_transaction",
]
