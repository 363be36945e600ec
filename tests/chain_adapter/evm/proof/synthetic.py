"""A chain made up here, byte for byte as a real one would hold a record: state, storage, header,
seals, the observer's note."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

import rlp
from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_adapter import Entry, Receipt, Status, Trust, Verdict, verify
from chain_adapter.evm.layout import AnchorRecord, keccak256, record_slot
from chain_adapter.evm.names import ledger_id, read_ledger_id
from chain_adapter.evm.observation import Observation, sign_observation
from chain_adapter.evm.proof import Batch, EvmProof
from chain_adapter.evm.proof.bft import address_of
from chain_adapter.merkle import inclusion_proof, leaf_hash, root_of
from chain_adapter.note import NoteSigner
from tests.chain_adapter.evm.proof.patricia import Trie
from tests.chain_adapter.records import DEPOSITOR, PLATFORM, make_entries, make_entry

LEDGER = ledger_id(1337, "0x5FbDB2315678afecb367f032d93F642f64180aa3")
OBSERVER = NoteSigner(LEDGER, Ed25519PrivateKey.from_private_bytes(b"o" * 32))
STRANGER = NoteSigner(LEDGER, Ed25519PrivateKey.from_private_bytes(b"x" * 32))
KEYS = [PrivateKey.from_int(number) for number in range(1, 5)]
VALIDATORS = tuple(sorted(f"0x{address_of(key.public_key).hex()}" for key in KEYS))
TIME = 1_790_000_000
HEIGHT = 900


class Record(NamedTuple):
    entry: Entry
    receipt: Receipt
    proof: EvmProof
    trust: Trust

    def verify(self) -> Verdict:
        return verify(*self)

    def seen(self) -> Observation:
        """What the receipt's note says."""
        return Observation.parse(self.receipt.checkpoint.partition("\n\n")[0] + "\n")

    def noting(self, signer: NoteSigner = OBSERVER, **fields: Any) -> Record:
        """The same with another note; signed by the observer, unless by another."""
        note = sign_observation(signer, replace(self.seen(), **fields), self.receipt.time).note
        return self._replace(receipt=replace(self.receipt, checkpoint=note))

    def proving(self, **fields: Any) -> Record:
        return self._replace(proof=replace(self.proof, **fields))

    def batching(self, **fields: Any) -> Record:
        return self.proving(batch=replace(self.proof.batch, **fields))


@dataclass
class Chain:
    """What may be otherwise. ``sealed_by``: keys of validators; None for a chain without any."""

    sealed_by: list[PrivateKey] | None = None
    named: tuple[str, ...] = VALIDATORS
    turn: int = 0
    count: int = 7
    index: int = 4
    first: int = 4096
    block: int = HEIGHT + 3
    anchored: AnchorRecord | None = None
    account: bytes | None = None

    def record(self, entry: Entry | None = None) -> Record:
        """An honest record on this chain, as far as what was changed is honest."""
        entries = make_entries("batch", self.count)
        entries[self.index] = entry or DEPOSITOR.sign(
            make_entry("co-signed", by=DEPOSITOR.key_id), "depositor"
        )
        leaves = [leaf_hash(each.encode()) for each in entries]
        batch = Batch(
            root_of(leaves),
            self.first,
            self.count,
            self.index,
            tuple(inclusion_proof(leaves, self.index)),
        )
        storage, state = self._tries(batch)
        header = self._header(state.root)
        slot, address = record_slot(batch.root, batch.count), read_ledger_id(LEDGER)[1]
        proof = EvmProof(header, state.proof_of(address), storage.proof_of(slot), batch)
        return self._seen(entries[self.index], proof)

    def _tries(self, batch: Batch) -> tuple[Trie, Trie]:
        held = self.anchored or AnchorRecord(batch.count, batch.first, TIME, HEIGHT)
        slots = {number.to_bytes(32, "big"): rlp.encode(7) for number in range(60)}
        if held.count:
            slots[record_slot(batch.root, batch.count)] = rlp.encode(held.pack())
        storage = Trie.of_hashed(slots)
        account = rlp.encode([1, 0, storage.root, keccak256(b"code")])
        accounts = {bytes([number]) * 20: account for number in range(200)}
        if self.account != b"":
            accounts[read_ledger_id(LEDGER)[1]] = self.account or account
        return storage, Trie.of_hashed(accounts)

    def _header(self, state_root: bytes) -> bytes:
        items = [b"p" * 32, b"u" * 32, b"c" * 20, state_root, b"t" * 32, b"r" * 32, bytes(256)]
        items += [1, self.block, 30_000_000, 21_000, TIME + 2 * (self.block - HEIGHT), b""]
        items += [b"m" * 32, bytes(8), 7]
        if self.sealed_by is not None:
            items[12] = self._extra([])
            digest = keccak256(rlp.encode(items))
            items[12] = self._extra(
                [key.sign_recoverable(digest, hasher=None) for key in self.sealed_by]
            )
        return rlp.encode(items)

    def _extra(self, seals: list[bytes], turn: int | None = None) -> bytes:
        named = [bytes.fromhex(address[2:]) for address in self.named]
        return rlp.encode([bytes(32), named, [], self.turn if turn is None else turn, seals])

    def _seen(self, entry: Entry, proof: EvmProof) -> Record:
        named = rlp.decode(proof.header)
        if self.sealed_by is not None:
            named[12] = self._extra([], 0)
        batch, time = proof.batch, datetime.fromtimestamp(TIME, UTC)
        observation = Observation(
            ledger=LEDGER,
            block=self.block,
            block_hash=keccak256(rlp.encode(named)),
            transaction=b"t" * 32,
            root=batch.root,
            first=batch.first,
            count=batch.count,
            agreeing=2,
            asked=3,
            confirmations=12,
            final=True,
        )
        receipt = Receipt(
            ledger=LEDGER,
            scheme="evm",
            key=entry.key,
            entry_hash=leaf_hash(entry.encode()),
            position=batch.first + batch.index,
            status=Status.FINAL,
            time=time,
            checkpoint=sign_observation(OBSERVER, observation, time).note,
        )
        return Record(entry, receipt, proof, trusting(sealed=self.sealed_by is not None))


def trusting(*, sealed: bool) -> Trust:
    return Trust(
        ledgers={LEDGER: str(OBSERVER.verifier)},
        platforms={PLATFORM.key_id: PLATFORM.public},
        depositors={DEPOSITOR.key_id: DEPOSITOR.public},
        validators={LEDGER: VALIDATORS} if sealed else {},
    )
