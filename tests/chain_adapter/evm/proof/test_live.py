"""Proofs as a real node gives them, for every age of the header that it knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import rlp
from eth_utils import keccak

from chain_adapter import Entry, Receipt, Status
from chain_adapter.evm.headers import header_rlp
from chain_adapter.evm.layout import record_slot
from chain_adapter.evm.names import ledger_id
from chain_adapter.evm.observation import Observation, sign_observation
from chain_adapter.evm.proof import Batch, EvmProof
from chain_adapter.evm.proof.header import Header
from chain_adapter.evm.proof.trie import value_at
from chain_adapter.merkle import inclusion_proof, leaf_hash, root_of
from chain_adapter.note import NoteSigner
from chain_adapter.trust import Trust
from tests.chain_adapter.evm.anvil import Anvil
from tests.chain_adapter.evm.proof.synthetic import OBSERVER, Record
from tests.chain_adapter.records import PLATFORM, make_entries

ARTEFACT = Path(__file__).resolve().parents[4] / "chain_adapter/evm/contracts/DepositAnchor.json"
AGES = {"berlin": 15, "london": 16, "shanghai": 17, "cancun": 20, "prague": 21}
COUNT = 9


class Chain:
    """The contract on a node, and the entries of one batch in it."""

    def __init__(self, node: Anvil) -> None:
        self.node = node
        bytecode = json.loads(ARTEFACT.read_text())["bytecode"]
        self.contract = self._send(None, bytecode)["contractAddress"]
        owner = node.accounts[0][2:].lower()
        self._send(self.contract, f"{selector('setPlatform(address,bool)')}{owner:0>64}{1:064x}")
        self.single(bytes([1]) * 32)  # so that positions do not begin with this batch
        self.entries = make_entries("live", COUNT)
        self.leaves = [leaf_hash(entry.encode()) for entry in self.entries]
        self.root = root_of(self.leaves)
        data = f"{selector('batch(bytes32,uint64)')}{self.root.hex()}{COUNT:064x}"
        self.transaction = self._send(self.contract, data)
        self.time = int(self._block(self.transaction["blockNumber"])["timestamp"], 16)
        self.single(bytes([2]) * 32)

    def single(self, leaf: bytes) -> None:
        self._send(self.contract, f"{selector('single(bytes32)')}{leaf.hex()}")

    def record(self, index: int) -> Record:
        """What a verifier gets; the proof is under the newest block."""
        entry: Entry = self.entries[index]
        block = self._block("latest")
        address = bytes.fromhex(self.contract[2:])
        answer = self.node.rpc(
            "eth_getProof",
            self.contract,
            ["0x" + record_slot(self.root, COUNT).hex()],
            block["number"],
        )
        account, storage = answer["accountProof"], answer["storageProof"][0]["proof"]
        batch = Batch(self.root, 1, COUNT, index, tuple(inclusion_proof(self.leaves, index)))
        proof = EvmProof(header_rlp(block), unhexed(account), unhexed(storage), batch)
        ledger = ledger_id(self.node.chain_id, "0x" + address.hex())
        signer = NoteSigner(ledger, OBSERVER._private)
        time = datetime.fromtimestamp(self.time, UTC)
        seen = Observation(
            ledger=ledger,
            block=int(block["number"], 16),
            block_hash=bytes.fromhex(block["hash"][2:]),
            transaction=bytes.fromhex(self.transaction["transactionHash"][2:]),
            root=self.root,
            first=1,
            count=COUNT,
            agreeing=1,
            asked=1,
            confirmations=1,
            final=True,
        )
        receipt = Receipt(
            ledger=ledger,
            scheme="evm",
            key=entry.key,
            entry_hash=self.leaves[index],
            position=1 + index,
            status=Status.FINAL,
            time=time,
            checkpoint=sign_observation(signer, seen, time).note,
        )
        trust = Trust({ledger: str(signer.verifier)}, {PLATFORM.key_id: PLATFORM.public})
        return Record(entry, receipt, proof, trust)

    def _send(self, to: str | None, data: str) -> dict[str, Any]:
        transaction = {"from": self.node.accounts[0], "data": data, "gas": hex(3_000_000)}
        transaction |= {"gasPrice": hex(2 * 10**9)} | ({"to": to} if to else {})
        digest = self.node.rpc("eth_sendTransaction", transaction)
        while (receipt := self.node.rpc("eth_getTransactionReceipt", digest)) is None:
            pass  # mined at once, told a moment later
        assert receipt["status"] == "0x1"
        return receipt

    def _block(self, which: str) -> dict[str, Any]:
        return self.node.rpc("eth_getBlockByNumber", which, False)


def selector(signature: str) -> str:
    return "0x" + keccak(text=signature)[:4].hex()


def unhexed(texts: list[str]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(text[2:]) for text in texts)


@pytest.fixture(scope="module", params=AGES)
def aged(request: pytest.FixtureRequest) -> Iterator[tuple[Chain, int]]:
    with Anvil.start(hardfork=request.param) as node:
        yield Chain(node), AGES[request.param]


def test_records_of_a_live_chain_verify(aged: tuple[Chain, int]) -> None:
    chain, fields = aged
    for index in (0, COUNT - 1):
        record = chain.record(index)
        assert record.verify().ok, record.verify().failed
        assert len(Header.decode(record.proof.header).items) == fields
        assert not record.batching(root=bytes(32)).verify().ok
    other = chain.record(1)
    assert not chain.record(2)._replace(proof=other.proof).verify().ok


def test_what_the_node_shows_is_what_its_proof_says(aged: tuple[Chain, int]) -> None:
    """Accounts and slots, there or not, against ``eth_getBalance`` and ``eth_getStorageAt``."""
    chain, _ = aged
    node, latest = chain.node, chain.node.rpc("eth_getBlockByNumber", "latest", False)
    state = bytes.fromhex(latest["stateRoot"][2:])
    nowhere = "0x" + "ab" * 20
    for address in (*node.accounts[:3], chain.contract, nowhere):
        answer = node.rpc("eth_getProof", address, [], latest["number"])
        found = value_at(state, bytes.fromhex(address[2:]), unhexed(answer["accountProof"]))
        balance = int(node.rpc("eth_getBalance", address, latest["number"]), 16)
        assert (found is None) == (address == nowhere)
        if found is not None:
            assert int.from_bytes(rlp.decode(found)[1], "big") == balance
    for slot in (*range(6), int.from_bytes(record_slot(chain.root, COUNT), "big")):
        key = f"0x{slot:064x}"
        answer = node.rpc("eth_getProof", chain.contract, [key], latest["number"])
        root = bytes.fromhex(answer["storageHash"][2:])
        found = value_at(root, bytes.fromhex(key[2:]), unhexed(answer["storageProof"][0]["proof"]))
        held = int(node.rpc("eth_getStorageAt", chain.contract, key, latest["number"]), 16)
        assert int.from_bytes(rlp.decode(found), "big") == held if found else held == 0
