"""Offline verification: entry, receipt and proof against keys one already trusts.

Pure: no network, no database, no clock. The steps, in order; the first that does not pass ends it:

1.  The entry is canonical and well formed.
2.  The platform it names signed it, with a trusted key.
3.  The depositor signed it, when it carries a depositor's signature.
4.  The receipt speaks of this entry: its key, and its RFC 6962 leaf hash.
5.  The receipt says that the record is final.
6.  The receipt's ledger is a trusted one, of a kind this verifier knows.
7.  The receipt's checkpoint is signed by that ledger.
8.  The receipt's time is the time signed with that checkpoint.
9.  The proof's checkpoint is signed by that ledger.
10. The proof is for the receipt's position, and both trees reach it.
11. The proof's tree is not older than the receipt's, and not a fork of the same size.
12. The audit path leads from the entry to the proof's root (RFC 9162 §2.1.3.2).

Together they bind every byte of entry, receipt and proof, save signatures by keys nobody asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from chain_adapter.checkpoint import SignedCheckpoint, open_checkpoint
from chain_adapter.entry import Entry, Signature
from chain_adapter.errors import InvalidEntry, InvalidProof
from chain_adapter.keys import verify_signature
from chain_adapter.merkle import leaf_hash, verify_inclusion
from chain_adapter.note import VerifierKey
from chain_adapter.proof import Proof
from chain_adapter.receipt import Receipt, Status
from chain_adapter.trust import Trust
from chain_adapter.verdict import Check, Outcome


class Result(StrEnum):
    """UNTRUSTED_KEY: all may be well, but by a key that the caller does not trust."""

    UNTAMPERED = "untampered"
    TAMPERED = "tampered"
    NOT_FOUND = "not_found"
    PENDING = "pending"
    UNTRUSTED_KEY = "untrusted_key"


@dataclass(frozen=True, slots=True)
class Verdict:
    """``checks`` in order; the last one is the one that failed, when one did."""

    result: Result
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        return self.result is Result.UNTAMPERED

    @property
    def failed(self) -> Check | None:
        """The step that did not pass."""
        return next((check for check in self.checks if not check.passed), None)


def verify(entry: Entry | bytes, receipt: Receipt, proof: Proof, trust: Trust) -> Verdict:
    """Judge the record by the twelve steps above. Never raises for bad evidence."""
    examination = _Examination(entry, receipt, proof, trust)
    checks: list[Check] = []
    for number, (code, title, step) in enumerate(_STEPS, start=1):
        try:
            detail = step(examination)
        except _Stop as stop:
            checks.append(Check(number, code, title, stop.outcome, stop.detail))
            return Verdict(stop.result, tuple(checks))
        checks.append(Check(number, code, title, Outcome.PASS, detail))
    return Verdict(Result.UNTAMPERED, tuple(checks))


class _Stop(Exception):
    """The step did not pass."""

    def __init__(self, result: Result, detail: str) -> None:
        super().__init__(detail)
        self.result = result
        self.detail = detail
        # A missing key or an unfinished record decides nothing against the evidence.
        undecided = result in (Result.UNTRUSTED_KEY, Result.PENDING)
        self.outcome = Outcome.UNKNOWN if undecided else Outcome.FAIL


class _Examination:
    """What the steps share. Later steps use only what earlier ones established."""

    entry: Entry
    leaf: bytes
    ledger_key: VerifierKey
    first: SignedCheckpoint
    proven: SignedCheckpoint

    def __init__(self, entry: Entry | bytes, receipt: Receipt, proof: Proof, trust: Trust) -> None:
        self.data = entry if isinstance(entry, bytes) else entry.encode()
        self.receipt = receipt
        self.proof = proof
        self.trust = trust

    def entry_is_canonical(self) -> str:
        try:
            self.entry = Entry.decode(self.data)
        except InvalidEntry as error:
            raise _Stop(Result.TAMPERED, str(error)) from error
        self.leaf = leaf_hash(self.data)
        return f"{len(self.data)} bytes, {self.entry.key}"

    def platform_signed(self) -> str:
        signature = self.entry.signature("platform")
        if signature is None:
            raise _Stop(Result.TAMPERED, "the platform's signature is missing")
        if signature.key_id != self.entry.platform:
            raise _Stop(Result.TAMPERED, f"signed by {signature.key_id}, not {self.entry.platform}")
        public = self.trust.platforms.get(signature.key_id)
        if public is None:
            raise _Stop(Result.UNTRUSTED_KEY, f"platform key {signature.key_id} is not trusted")
        return self._signed(signature, public)

    def depositor_signed(self) -> str:
        signature = self.entry.signature("depositor")
        if signature is None:
            return "the entry carries no depositor's signature"
        if signature.key_id != self.entry.by:
            raise _Stop(Result.TAMPERED, f"signed by {signature.key_id}, not {self.entry.by}")
        public = self.trust.depositors.get(signature.key_id)
        if public is None:
            raise _Stop(Result.UNTRUSTED_KEY, f"depositor's key {signature.key_id} is not at hand")
        return self._signed(signature, public)

    def receipt_is_of_entry(self) -> str:
        if self.receipt.key != self.entry.key:
            raise _Stop(
                Result.TAMPERED, f"the receipt is for {self.receipt.key}, not {self.entry.key}"
            )
        if self.receipt.entry_hash != self.leaf:
            raise _Stop(Result.TAMPERED, "the receipt is for other content under the same key")
        return self.leaf.hex()

    def receipt_is_final(self) -> str:
        status = self.receipt.status
        if status in (Status.ORPHANED, Status.REJECTED):
            raise _Stop(Result.NOT_FOUND, f"the ledger does not hold it: {status}")
        if status is not Status.FINAL:
            raise _Stop(Result.PENDING, f"the record is not final yet: {status}")
        return str(status)

    def ledger_is_trusted(self) -> str:
        if self.receipt.scheme != "tlog":
            raise _Stop(Result.TAMPERED, f"ledgers of kind {self.receipt.scheme!r} are not known")
        vkey = self.trust.ledgers.get(self.receipt.ledger)
        if vkey is None:
            raise _Stop(Result.UNTRUSTED_KEY, f"ledger {self.receipt.ledger} is not trusted")
        self.ledger_key = VerifierKey.parse(vkey)
        return vkey

    def receipt_checkpoint_is_signed(self) -> str:
        self.first = self._open(self.receipt.checkpoint)
        return f"{self.first.checkpoint.size} entries"

    def receipt_time_is_signed(self) -> str:
        if self.receipt.time != self.first.time:
            stated, signed = self.receipt.time.isoformat(), self.first.time.isoformat()
            raise _Stop(Result.TAMPERED, f"the receipt says {stated}, the checkpoint {signed}")
        return self.first.time.isoformat()

    def proof_checkpoint_is_signed(self) -> str:
        self.proven = self._open(self.proof.checkpoint)
        return f"{self.proven.checkpoint.size} entries"

    def proof_is_for_position(self) -> str:
        position, index = self.receipt.position, self.proof.index
        if position != index:
            raise _Stop(Result.TAMPERED, f"the proof is for place {index}, not {position}")
        smallest = min(self.first.checkpoint.size, self.proven.checkpoint.size)
        if position >= smallest:
            raise _Stop(Result.TAMPERED, f"a tree of {smallest} entries has no place {position}")
        return f"place {position}"

    def trees_agree(self) -> str:
        first, proven = self.first.checkpoint, self.proven.checkpoint
        if proven.size < first.size:
            raise _Stop(Result.TAMPERED, "the proof's tree is older than the receipt's")
        if proven.size == first.size and proven.root != first.root:
            raise _Stop(Result.TAMPERED, "the ledger signed two trees of the same size")
        return f"{first.size} and {proven.size} entries"

    def path_leads_to_root(self) -> str:
        tree, proof = self.proven.checkpoint, self.proof
        if not verify_inclusion(self.leaf, proof.index, tree.size, proof.path, tree.root):
            raise _Stop(Result.TAMPERED, "the path does not lead from the entry to the root")
        return tree.root.hex()

    def _signed(self, signature: Signature, public: bytes) -> str:
        if not verify_signature(self.entry, signature, public):
            raise _Stop(Result.TAMPERED, f"the signature by {signature.key_id} does not fit")
        return signature.key_id

    def _open(self, note: str) -> SignedCheckpoint:
        try:
            return open_checkpoint(note, self.ledger_key)
        except InvalidProof as error:
            raise _Stop(Result.TAMPERED, str(error)) from error


_Step = Callable[[_Examination], str]
_STEPS: Final[tuple[tuple[str, str, _Step], ...]] = (
    ("entry_canonical", "The entry is well formed", _Examination.entry_is_canonical),
    ("platform_signature", "The platform signed the entry", _Examination.platform_signed),
    ("depositor_signature", "The depositor signed the entry", _Examination.depositor_signed),
    ("receipt_entry", "The receipt is for this entry", _Examination.receipt_is_of_entry),
    ("receipt_final", "The record is final", _Examination.receipt_is_final),
    ("ledger_trusted", "The ledger is a trusted one", _Examination.ledger_is_trusted),
    (
        "receipt_checkpoint",
        "The ledger signed the receipt's checkpoint",
        _Examination.receipt_checkpoint_is_signed,
    ),
    ("receipt_time", "The ledger signed the time", _Examination.receipt_time_is_signed),
    (
        "proof_checkpoint",
        "The ledger signed the proof's checkpoint",
        _Examination.proof_checkpoint_is_signed,
    ),
    ("proof_position", "The proof is for the receipt's place", _Examination.proof_is_for_position),
    ("trees_agree", "Receipt and proof tell of one tree", _Examination.trees_agree),
    ("inclusion", "The entry is in the ledger", _Examination.path_leads_to_root),
)
