"""Steps 6 to 12: a transparency log's checkpoints and its proof of inclusion."""

from __future__ import annotations

from typing import Final

from chain_adapter.checkpoint import SignedCheckpoint, open_checkpoint
from chain_adapter.entry import Entry
from chain_adapter.errors import InvalidProof
from chain_adapter.merkle import verify_inclusion
from chain_adapter.note import VerifierKey
from chain_adapter.proof import Proof
from chain_adapter.receipt import Receipt
from chain_adapter.trust import Trust
from chain_adapter.verification.examination import (
    RECORD_STEPS,
    Examination,
    Result,
    Step,
    Stop,
    Verdict,
)

SCHEMES: Final = ("tlog", "witness")


class LogExamination(Examination):
    """A record in a C2SP transparency log, alone or with deposit nodes."""

    ledger_key: VerifierKey
    first: SignedCheckpoint
    proven: SignedCheckpoint

    def __init__(self, entry: Entry | bytes, receipt: Receipt, proof: Proof, trust: Trust) -> None:
        super().__init__(entry, receipt, trust)
        self.proof = proof

    def verdict(self) -> Verdict:
        return self.run(LOG_STEPS)

    def ledger_is_trusted(self) -> str:
        if self.receipt.scheme not in SCHEMES:
            raise Stop(Result.TAMPERED, f"ledgers of kind {self.receipt.scheme!r} are not known")
        vkey = self.trust.ledgers.get(self.receipt.ledger)
        if vkey is None:
            raise Stop(Result.UNTRUSTED_KEY, f"ledger {self.receipt.ledger} is not trusted")
        self.ledger_key = VerifierKey.parse(vkey)
        return vkey

    def receipt_checkpoint_is_signed(self) -> str:
        self.first = self._open(self.receipt.checkpoint)
        return f"{self.first.checkpoint.size} entries"

    def receipt_time_is_signed(self) -> str:
        if self.receipt.time != self.first.time:
            stated, signed = self.receipt.time.isoformat(), self.first.time.isoformat()
            raise Stop(Result.TAMPERED, f"the receipt says {stated}, the checkpoint {signed}")
        return self.first.time.isoformat()

    def proof_checkpoint_is_signed(self) -> str:
        self.proven = self._open(self.proof.checkpoint)
        return f"{self.proven.checkpoint.size} entries"

    def proof_is_for_position(self) -> str:
        position, index = self.receipt.position, self.proof.index
        if position != index:
            raise Stop(Result.TAMPERED, f"the proof is for place {index}, not {position}")
        smallest = min(self.first.checkpoint.size, self.proven.checkpoint.size)
        if position >= smallest:
            raise Stop(Result.TAMPERED, f"a tree of {smallest} entries has no place {position}")
        return f"place {position}"

    def trees_agree(self) -> str:
        first, proven = self.first.checkpoint, self.proven.checkpoint
        if proven.size < first.size:
            raise Stop(Result.TAMPERED, "the proof's tree is older than the receipt's")
        if proven.size == first.size and proven.root != first.root:
            raise Stop(Result.TAMPERED, "the ledger signed two trees of the same size")
        return f"{first.size} and {proven.size} entries"

    def path_leads_to_root(self) -> str:
        tree, proof = self.proven.checkpoint, self.proof
        if not verify_inclusion(self.leaf, proof.index, tree.size, proof.path, tree.root):
            raise Stop(Result.TAMPERED, "the path does not lead from the entry to the root")
        return tree.root.hex()

    def _open(self, note: str) -> SignedCheckpoint:
        try:
            return open_checkpoint(note, self.ledger_key)
        except InvalidProof as error:
            raise Stop(Result.TAMPERED, str(error)) from error


LOG_STEPS: Final = (
    *RECORD_STEPS,
    Step(6, "ledger_trusted", "The ledger is a trusted one", LogExamination.ledger_is_trusted),
    Step(
        7,
        "receipt_checkpoint",
        "The ledger signed the receipt's checkpoint",
        LogExamination.receipt_checkpoint_is_signed,
    ),
    Step(8, "receipt_time", "The ledger signed the time", LogExamination.receipt_time_is_signed),
    Step(
        9,
        "proof_checkpoint",
        "The ledger signed the proof's checkpoint",
        LogExamination.proof_checkpoint_is_signed,
    ),
    Step(
        10,
        "proof_position",
        "The proof is for the receipt's place",
        LogExamination.proof_is_for_position,
    ),
    Step(11, "trees_agree", "Receipt and proof tell of one tree", LogExamination.trees_agree),
    Step(12, "inclusion", "The entry is in the ledger", LogExamination.path_leads_to_root),
)
