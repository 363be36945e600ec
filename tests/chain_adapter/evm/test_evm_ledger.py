"""The ledger on a chain that behaves, and on one that does not."""

from __future__ import annotations

import multiprocessing
import secrets
import time
from pathlib import Path

import pytest

from chain_adapter import (
    Conflict,
    Denied,
    Fatal,
    InvalidEntry,
    NotFound,
    Result,
    Retryable,
    Status,
    open_ledger,
    verify,
)
from chain_adapter.evm import calls, sender
from chain_adapter.evm.adapter import EvmLedger
from chain_adapter.evm.cosigning import address_of, sign_digest
from chain_adapter.evm.observation import open_observation
from chain_adapter.merkle import leaf_hash
from chain_adapter.note import VerifierKey
from tests.chain_adapter.evm.anvil import Anvil
from tests.chain_adapter.evm.chain import STRANGER, WRITER, configure, deploy, transact, trust_of
from tests.chain_adapter.records import make_entries, make_entry


def opened(base: Path, node: Anvil, contract: str, **fields: object) -> EvmLedger:
    ledger = open_ledger(configure(base, node, contract, **fields), base=base)  # type: ignore[arg-type]
    assert isinstance(ledger, EvmLedger)
    return ledger


def chain_size(node: Anvil, contract: str) -> int:
    call = {"to": contract, "data": "0x" + calls.size().hex()}
    return int(node.rpc("eth_call", call, "latest"), 16)


def check_ledger(ledger: EvmLedger, node: Anvil, contract: str) -> int:
    """Everything the ledger promises, examined; returns its size.

    The contract holds each entry once, every record verifies offline, and no nonce is missing.
    """
    entries = list(ledger.events())
    assert chain_size(node, contract) == len(entries)
    assert [position for position, _ in entries] == list(range(len(entries)))
    assert len({entry.key for _, entry in entries}) == len(entries)
    with ledger._state.read() as session:
        nonces = session.nonces()
    assert nonces == list(range(nonces[0], nonces[0] + len(nonces)))
    used = int(node.rpc("eth_getTransactionCount", ledger.sender, "latest"), 16)
    assert used == nonces[-1] + 1
    trust = trust_of(ledger)
    for position, entry in entries[:: max(1, len(entries) // 50)]:
        receipt = ledger.lookup(entry.key)
        assert receipt is not None
        assert receipt.position == position
        verdict = verify(entry, receipt, ledger.prove(receipt), trust)
        assert verdict.ok, verdict.failed
    return len(entries)


def seen(ledger: EvmLedger, checkpoint: str):
    key = VerifierKey.parse(ledger.trust().ledgers[ledger.id])
    return open_observation(checkpoint, key).observation


class TestBehaving:
    def test_the_receipt_names_block_transaction_and_root(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        with opened(tmp_path, node, contract) as ledger:
            entries = make_entries("named", 3)
            receipts = ledger.append(entries)
            assert {each.status for each in receipts} == {Status.FINAL}
            what = seen(ledger, receipts[0].checkpoint)
            transaction = node.rpc("eth_getTransactionReceipt", "0x" + what.transaction.hex())
            assert transaction["blockHash"] == "0x" + what.block_hash.hex()
            assert transaction["to"] == contract
            assert (what.first, what.count, what.agreeing, what.asked) == (0, 3, 1, 1)
            block = node.rpc("eth_getBlockByHash", transaction["blockHash"], False)
            assert int(receipts[0].time.timestamp()) == int(block["timestamp"], 16)
            assert check_ledger(ledger, node, contract) == 3

    def test_waits_for_the_confirmations(self, tmp_path: Path, node: Anvil, contract: str) -> None:
        with opened(tmp_path, node, contract, confirmations=3) as ledger:
            entry = make_entry("deep")
            (receipt,) = ledger.append([entry])
            assert receipt.status is Status.INCLUDED
            early = verify(entry, receipt, ledger.prove(receipt), trust_of(ledger))
            assert early.result is Result.PENDING
            node.mine()
            ledger.advance()
            assert ledger.refresh(receipt).status is Status.INCLUDED
            node.mine()
            ledger.advance()
            final = ledger.refresh(receipt)
            assert final.status is Status.FINAL
            assert seen(ledger, final.checkpoint).confirmations == 3
            assert verify(entry, final, ledger.prove(final), trust_of(ledger)).ok

    def test_entries_that_wait_share_a_transaction(self, tmp_path: Path) -> None:
        with Anvil.start() as node:
            contract = deploy(node)
            node.rpc("evm_setAutomine", False)
            with opened(tmp_path, node, contract, patience=0) as ledger:
                first = [ledger.append([make_entry(f"wait-{n}")])[0] for n in range(18)]
                assert {each.status for each in first} <= {Status.SUBMITTED, Status.QUEUED}
                assert ledger.lookup("deposit:wait-17") == first[17]
                with ledger._state.read() as session:
                    assert len(session.nonces()) <= sender.IN_FLIGHT
                for _ in range(3):
                    ledger.advance()
                    node.mine()
                ledger.advance()
                assert check_ledger(ledger, node, contract) == 18

    def test_pending_receipts_prove_nothing(
        self, tmp_path: Path, contract: str, node: Anvil
    ) -> None:
        node.rpc("evm_setAutomine", False)
        with opened(tmp_path, node, contract, patience=0) as ledger:
            (receipt,) = ledger.append([make_entry("early")])
            with pytest.raises(Retryable, match="not in a block"):
                ledger.prove(receipt)
            assert list(ledger.events()) == []

    def test_chains_of_before_london_take_legacy_transactions(self, tmp_path: Path) -> None:
        with Anvil.start(hardfork="berlin") as node:
            contract = deploy(node)
            with opened(tmp_path, node, contract) as ledger:
                (receipt,) = ledger.append([make_entry("legacy")])
                sent = seen(ledger, receipt.checkpoint).transaction
                found = node.rpc("eth_getTransactionByHash", "0x" + sent.hex())
                assert int(found["type"], 16) == 0
                assert check_ledger(ledger, node, contract) == 1

    def test_a_chain_without_fees_is_sent_none(self, tmp_path: Path) -> None:
        with Anvil.start(base_fee=0, gas_price=0) as node:
            contract = deploy(node)
            fee = {"most_gwei": 0, "priority_gwei": 0}
            with opened(tmp_path, node, contract, fee=fee) as ledger:
                ledger.append([make_entry("free")])
                assert check_ledger(ledger, node, contract) == 1


class TestCoSigned:
    def test_the_chain_checks_both_signatures(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        private = secrets.token_bytes(32)
        user, entry = address_of(private), make_entry("cosigned")
        leaf = leaf_hash(entry.encode())
        with opened(tmp_path, node, contract) as ledger:
            signature = sign_digest(private, ledger.cosigned_digest(leaf, user))
            receipt = ledger.append_cosigned(entry, user, signature)
            assert receipt.status is Status.FINAL
            assert ledger.append_cosigned(entry, user, signature) == receipt
            assert ledger.append([entry]) == [receipt]
            call = {"to": contract, "data": "0x" + calls.cosigned(leaf, user).hex()}
            assert node.rpc("eth_call", call, "latest").endswith(node.accounts[WRITER][2:])
            assert check_ledger(ledger, node, contract) == 1

    def test_a_signature_for_something_else_is_not_sent(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        private = secrets.token_bytes(32)
        user, entry = address_of(private), make_entry("foreign")
        leaf = leaf_hash(entry.encode())
        with opened(tmp_path, node, contract) as ledger:
            digest = ledger.cosigned_digest(leaf, user)
            for bad in (
                sign_digest(secrets.token_bytes(32), digest),
                sign_digest(private, ledger.cosigned_digest(bytes(32), user)),
                sign_digest(private, digest)[:64],
            ):
                with pytest.raises(InvalidEntry, match="is not"):
                    ledger.append_cosigned(entry, user, bad)
            assert ledger.lookup(entry.key) is None


def _work(base: str, url: str, name: str, most: int, chunk: int) -> None:
    with open_ledger(url, base=Path(base)) as ledger:
        entries = make_entries(name, most)
        for i in range(0, most, chunk):
            ledger.append(entries[i : i + chunk])


class TestManyWorkers:
    def run(self, tmp_path: Path, url: str, workers: int, entries: int, chunk: int) -> None:
        fork = multiprocessing.get_context("fork")
        processes = [
            fork.Process(target=_work, args=(str(tmp_path), url, "same", entries, chunk))
            for _ in range(workers)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(250)
            assert process.exitcode == 0

    def test_eight_processes_bring_the_same_thousand_entries(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        url = configure(tmp_path, node, contract, patience=60)
        self.run(tmp_path, url, 8, 1000, 50)
        with open_ledger(url, base=tmp_path) as ledger:
            assert isinstance(ledger, EvmLedger)
            assert check_ledger(ledger, node, contract) == 1000

    @pytest.mark.soak
    def test_one_by_one_on_a_chain_with_slow_blocks(self, tmp_path: Path) -> None:
        with Anvil.start(block_time=1) as node:
            contract = deploy(node)
            url = configure(tmp_path, node, contract, patience=60, confirmations=2)
            self.run(tmp_path, url, 8, 1000, 10)
            time.sleep(3)
            with open_ledger(url, base=tmp_path) as ledger:
                assert isinstance(ledger, EvmLedger)
                ledger.advance()
                assert check_ledger(ledger, node, contract) == 1000


class TestRefusals:
    def test_a_writer_the_contract_does_not_permit(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        transact(node, calls.set_platform(node.accounts[WRITER], False), contract)
        with opened(tmp_path, node, contract) as ledger:
            with pytest.raises(Denied, match="permit"):
                ledger.append([make_entry("denied")])
            assert ledger.lookup("deposit:denied") is None
            assert "permit" in ledger.health().detail
            transact(node, calls.set_platform(node.accounts[WRITER], True), contract)
            assert ledger.append([make_entry("denied")])[0].status is Status.FINAL

    def test_a_writer_struck_off_while_its_transaction_waits(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        with opened(tmp_path, node, contract, patience=0) as ledger:
            node.rpc("evm_setAutomine", False)
            (receipt,) = ledger.append([make_entry("late")])
            ledger._mover.sender._permitted_until = 0.0
            key = {"from": node.accounts[0], "to": contract, "gas": hex(100_000)}
            off = calls.set_platform(node.accounts[WRITER], False)
            node.rpc("anvil_dropAllTransactions")
            node.rpc("eth_sendTransaction", {**key, "data": "0x" + off.hex()})
            node.mine()
            ledger._mover.sender._sent.clear()
            ledger.advance()
            node.mine()
            ledger.advance()
            assert ledger.refresh(receipt).status is Status.SUBMITTED
            assert "permit" in ledger.health().detail
            on = calls.set_platform(node.accounts[WRITER], True)
            node.rpc("eth_sendTransaction", {**key, "data": "0x" + on.hex()})
            node.mine()
            ledger.advance()
            node.mine()
            ledger.advance()
            assert ledger.lookup(receipt.key).status is Status.FINAL
            assert chain_size(node, contract) == 1

    def test_conflicts_and_strangers(self, tmp_path: Path, node: Anvil, contract: str) -> None:
        with opened(tmp_path / "a", node, contract) as ledger:
            (receipt,) = ledger.append([make_entry("mine")])
            with pytest.raises(Conflict):
                ledger.append([make_entry("mine", "other")])
            other = deploy(node)
            with opened(tmp_path / "b", node, other) as elsewhere, pytest.raises(NotFound):
                elsewhere.refresh(receipt)

    def test_the_wrong_contract_at_the_address(self, tmp_path: Path, node: Anvil) -> None:
        with (
            opened(tmp_path, node, node.accounts[STRANGER]) as ledger,
            pytest.raises(Fatal, match="no contract at"),
        ):
            ledger.append([make_entry("nowhere")])

    def test_another_contracts_code(self, tmp_path: Path, node: Anvil, contract: str) -> None:
        node.rpc("anvil_setCode", contract, "0x6000")
        with (
            opened(tmp_path, node, contract) as ledger,
            pytest.raises(Fatal, match="another contract"),
        ):
            ledger.append([make_entry("other-code")])
