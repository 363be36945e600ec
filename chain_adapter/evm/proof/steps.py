"""Steps 21 to 30: a record on an EVM chain, from the observer's note to the contract's storage.

Pure, and without web3: RLP, tries and seals are read here. Not proven but attested by the observer
alone are the transaction's hash, and that the chain went on over the block; where validators are
trusted, they vouch for the block as well.
"""

from __future__ import annotations

from typing import ClassVar

from chain_adapter.errors import InvalidProof
from chain_adapter.evm.layout import AnchorRecord, record_slot
from chain_adapter.evm.names import read_ledger_id
from chain_adapter.evm.observation import Observation, open_observation
from chain_adapter.evm.proof.bft import (
    Sealing,
    names_of,
    quorum_of,
    sealing_of,
    signers_of,
)
from chain_adapter.evm.proof.header import Header
from chain_adapter.evm.proof.rlp import decode, decode_list, number, text
from chain_adapter.evm.proof.trie import value_at
from chain_adapter.evm.proof.value import EvmProof
from chain_adapter.merkle import verify_inclusion
from chain_adapter.verification.examination import Examination, Result, Step, Stop


class EvmExamination(Examination):
    """A record in the contract ``DepositAnchor``."""

    schemes: ClassVar[tuple[str, ...]] = ("evm",)
    judges: ClassVar[frozenset[str]] = frozenset(("validators",))
    proof_type: ClassVar[type[EvmProof]] = EvmProof
    steps: ClassVar[tuple[Step, ...]]

    proof: EvmProof
    seen: Observation
    header: Header
    storage_root: bytes
    record: AnchorRecord

    def observer_signed(self) -> str:
        try:
            self.seen = open_observation(self.receipt.checkpoint, self.ledger_key).observation
        except InvalidProof as error:
            raise Stop(Result.TAMPERED, str(error)) from error
        return f"block {self.seen.block}, transaction {self.seen.transaction.hex()}"

    def observation_is_final(self) -> str:
        seen = self.seen
        detail = f"{seen.agreeing} of {seen.asked} nodes, {seen.confirmations} confirmations"
        if not seen.final:
            raise Stop(Result.PENDING, f"the chain might still drop the block: {detail}")
        return detail

    def proof_is_of_observation(self) -> str:
        batch, seen = self.proof.batch, self.seen
        if (batch.root, batch.first, batch.count) != (seen.root, seen.first, seen.count):
            raise Stop(Result.TAMPERED, "the proof is of another batch than the observer saw")
        return f"{batch.count} entries from {batch.first} on"

    def header_is_the_block(self) -> str:
        try:
            self.header = Header.decode(self.proof.header)
        except InvalidProof as error:
            raise Stop(Result.TAMPERED, f"the header cannot be read: {error}") from error
        if self.seen.block_hash not in names_of(self.header):
            raise Stop(Result.TAMPERED, "the header is not that of the block the observer saw")
        if self.header.number != self.seen.block:
            raise Stop(Result.TAMPERED, f"the block has number {self.header.number}")
        return self.seen.block_hash.hex()

    def is_sealed(self) -> bool:
        """Whether step 25 is asked: somebody trusts validators, or the header holds seals."""
        self.sealing = sealing_of(self.header)
        return self.receipt.ledger in self.trust.validators or self.sealing is not None

    def validators_sealed(self) -> str:
        trusted = self.trust.validators.get(self.receipt.ledger, ())
        if self.sealing is None:
            raise Stop(Result.TAMPERED, "the block bears no validators' seals")
        signers = self._signers(self.sealing, trusted)
        if not trusted:
            return f"{len(signers)} seals by validators the block names; none is trusted by itself"
        agreed, need = set(signers) & set(trusted), quorum_of(len(trusted))
        if len(agreed) < need:
            raise Stop(
                Result.TAMPERED,
                f"{len(agreed)} of {len(trusted)} trusted validators sealed it, {need} are needed",
            )
        return f"{len(agreed)} of {len(trusted)} trusted validators"

    def account_is_in_state(self) -> str:
        _, address = read_ledger_id(self.receipt.ledger)
        account = self._value(self.header.state_root, address, self.proof.account)
        if account is None:
            raise Stop(Result.NOT_FOUND, "there is no such contract on the chain")
        try:
            _, _, storage, _ = decode_list(account)
            self.storage_root = text(storage, 32)
        except (InvalidProof, ValueError) as error:
            raise Stop(Result.TAMPERED, "the account is not one") from error
        return f"0x{address.hex()}"

    def record_is_in_storage(self) -> str:
        batch = self.proof.batch
        value = self._slot(batch.root, batch.count)
        record = AnchorRecord.unpack(value)
        if record is None:
            raise Stop(Result.NOT_FOUND, "the contract holds no record of this batch")
        if (record.first, record.count) != (batch.first, batch.count):
            raise Stop(Result.TAMPERED, f"the contract has it from entry {record.first} on")
        self.record = record
        return f"block {record.height}"

    def place_is_in_batch(self) -> str:
        batch, position = self.proof.batch, self.receipt.position
        if batch.index >= batch.count:
            raise Stop(Result.TAMPERED, f"a batch of {batch.count} has no place {batch.index}")
        if position != batch.first + batch.index:
            stated = f"place {batch.first + batch.index}, not {position}"
            raise Stop(Result.TAMPERED, f"the proof is for {stated}")
        return f"place {position}"

    def path_leads_to_root(self) -> str:
        batch = self.proof.batch
        if not verify_inclusion(self.leaf, batch.index, batch.count, batch.path, batch.root):
            raise Stop(Result.TAMPERED, "the path does not lead from the entry to the root")
        return batch.root.hex()

    def time_is_the_records(self) -> str:
        stated, record, header = self.receipt.time, self.record, self.header
        if int(stated.timestamp()) != record.time:
            raise Stop(Result.TAMPERED, f"the receipt says {stated.isoformat()}, the contract not")
        same = record.height == header.number
        if record.height > header.number or (same and record.time != header.timestamp):
            raise Stop(Result.TAMPERED, "the contract's time is not that of the block")
        return stated.isoformat()

    def _signers(self, sealing: Sealing, trusted: tuple[str, ...]) -> tuple[str, ...]:
        """Who sealed, ``0x…`` each: no one twice, and nobody whom the block does not name."""
        try:
            found = signers_of(self.header, sealing)
        except InvalidProof as error:
            raise Stop(Result.TAMPERED, str(error)) from error
        signers = tuple(f"0x{address.hex()}" for address in found)
        if len(set(signers)) != len(signers):
            raise Stop(Result.TAMPERED, "a validator sealed the block twice")
        # A block of a chain whose validators stand in a contract names none itself.
        named = {f"0x{address.hex()}" for address in sealing.validators} or set(trusted)
        if named and (strangers := set(signers) - named):
            raise Stop(Result.TAMPERED, f"sealed by {min(strangers)}, who is no validator")
        return signers

    def _slot(self, root: bytes, count: int) -> int:
        try:
            slot = record_slot(root, count)
            value = self._value(self.storage_root, slot, self.proof.storage)
            return 0 if value is None else number(decode(value))
        except ValueError as error:
            raise Stop(Result.TAMPERED, f"the record cannot be read: {error}") from error

    def _value(self, root: bytes, key: bytes, nodes: tuple[bytes, ...]) -> bytes | None:
        try:
            return value_at(root, key, nodes)
        except InvalidProof as error:
            raise Stop(Result.TAMPERED, str(error)) from error


EvmExamination.steps = (
    Step(
        21,
        "observer_signature",
        "The observer signed what it saw",
        EvmExamination.observer_signed,
    ),
    Step(
        22,
        "observation_final",
        "The chain had gone on over the block",
        EvmExamination.observation_is_final,
    ),
    Step(
        23,
        "proof_batch",
        "The proof is of the batch that was seen",
        EvmExamination.proof_is_of_observation,
    ),
    Step(
        24,
        "block_header",
        "The header is that of the block",
        EvmExamination.header_is_the_block,
    ),
    Step(
        25,
        "block_seals",
        "The chain's validators sealed the block",
        EvmExamination.validators_sealed,
        EvmExamination.is_sealed,
    ),
    Step(
        26,
        "contract_account",
        "The contract is in the block's state",
        EvmExamination.account_is_in_state,
    ),
    Step(
        27,
        "contract_record",
        "The contract holds the batch",
        EvmExamination.record_is_in_storage,
    ),
    Step(
        28,
        "batch_place",
        "The receipt's place is in the batch",
        EvmExamination.place_is_in_batch,
    ),
    Step(29, "batch_path", "The entry is in the batch", EvmExamination.path_leads_to_root),
    Step(30, "record_time", "The contract recorded the time", EvmExamination.time_is_the_records),
)
