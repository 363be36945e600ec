"""Steps 7 to 13: a transparency log's checkpoints, its proof of inclusion, its deposit nodes."""

from __future__ import annotations

from typing import ClassVar, Final

from chain_adapter.checkpoint import SignedCheckpoint, open_checkpoint
from chain_adapter.errors import InvalidProof
from chain_adapter.merkle import verify_inclusion
from chain_adapter.proof import Proof
from chain_adapter.quorum import Quorum, cosigners
from chain_adapter.verification.examination import (
    RECORD_STEPS,
    Examination,
    Result,
    Step,
    Stop,
)


class LogExamination(Examination):
    """A record in a C2SP transparency log, alone or with deposit nodes."""

    schemes: ClassVar[tuple[str, ...]] = ("tlog", "witness")
    judges: ClassVar[frozenset[str]] = frozenset(("quorums",))
    proof_type: ClassVar[type[Proof]] = Proof
    steps: ClassVar[tuple[Step, ...]]

    proof: Proof
    first: SignedCheckpoint
    proven: SignedCheckpoint

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

    def is_cosigned(self) -> bool:
        """Whether step 13 is asked. What the receipt calls its ledger cannot talk the step away."""
        return self.receipt.scheme == "witness" or self.receipt.ledger in self.trust.quorums

    def nodes_cosigned(self) -> str:
        quorum = self.trust.quorums.get(self.receipt.ledger)
        if quorum is None:
            ledger = self.receipt.ledger
            raise Stop(Result.UNTRUSTED_KEY, f"no deposit nodes are known for ledger {ledger}")
        if self.proven.checkpoint.size <= quorum.since:
            return f"deposit nodes cosign from entry {quorum.since} on"
        names = self._cosigners(self.proven, quorum)
        if self.first.checkpoint.size > quorum.since:
            self._cosigners(self.first, quorum)
        return f"{len(names)} of {len(quorum.nodes)}: {', '.join(names)}"

    def _cosigners(self, signed: SignedCheckpoint, quorum: Quorum) -> tuple[str, ...]:
        try:
            names = cosigners(signed.note, quorum)
        except InvalidProof as error:
            raise Stop(Result.TAMPERED, str(error)) from error
        if len(names) < quorum.need:
            size, count = signed.checkpoint.size, len(names)
            raise Stop(
                Result.PENDING,
                f"{count} of the {quorum.need} needed deposit nodes cosigned {size} entries",
            )
        return names

    def _open(self, note: str) -> SignedCheckpoint:
        try:
            return open_checkpoint(note, self.ledger_key)
        except InvalidProof as error:
            raise Stop(Result.TAMPERED, str(error)) from error


LogExamination.steps = (
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
    Step(
        13,
        "witness_quorum",
        "Enough deposit nodes cosigned",
        LogExamination.nodes_cosigned,
        asked=LogExamination.is_cosigned,
    ),
)

#: All the steps of such a record.
LOG_STEPS: Final = (*RECORD_STEPS, *LogExamination.steps)
