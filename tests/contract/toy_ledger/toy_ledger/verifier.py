"""How a stranger judges a toy's receipt: no file of the ledger is needed."""

from __future__ import annotations

import hashlib
from typing import ClassVar

from chain_adapter import InvalidProof, Result
from chain_adapter.checkpoint import open_timed
from chain_adapter.verification import Examination, Step, Stop
from toy_ledger.proof import ToyProof


class ToyExamination(Examination):
    """What follows once entry, signatures, receipt and the ledger's key were found good."""

    schemes: ClassVar[tuple[str, ...]] = ("toy",)
    proof_type: ClassVar[type[ToyProof]] = ToyProof
    steps: ClassVar[tuple[Step, ...]]

    proof: ToyProof

    def seal_is_signed(self) -> str:
        try:
            self.text, self.time = open_timed(self.receipt.checkpoint, self.ledger_key)
        except InvalidProof as error:
            raise Stop(Result.TAMPERED, str(error)) from error
        return self.time.isoformat()

    def time_is_signed(self) -> str:
        if self.receipt.time != self.time:
            raise Stop(Result.TAMPERED, "the receipt states another time than the seal")
        return self.time.isoformat()

    def hashes_are_sealed(self) -> str:
        hashes = self.proof.hashes
        digest = hashlib.sha256(b"".join(hashes)).hexdigest()
        if self.text != f"{self.receipt.ledger}\n{len(hashes)}\n{digest}\n":
            raise Stop(Result.TAMPERED, "the seal is not over these hashes")
        return f"{len(hashes)} entries"

    def entry_is_at_its_place(self) -> str:
        position = self.receipt.position
        if self.proof.hashes[position : position + 1] != (self.leaf,):
            raise Stop(Result.TAMPERED, "the entry is not at its place under the seal")
        return f"place {position}"


ToyExamination.steps = (
    Step(41, "toy_seal", "The seal is signed", ToyExamination.seal_is_signed),
    Step(42, "toy_time", "The seal states the time", ToyExamination.time_is_signed),
    Step(43, "toy_hashes", "The seal is over the hashes", ToyExamination.hashes_are_sealed),
    Step(44, "toy_place", "The entry is among them", ToyExamination.entry_is_at_its_place),
)
