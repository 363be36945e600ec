"""Reorganisations, restarts, wrong chains, low fees, lost answers, and endpoints that lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from eth_abi import encode

from chain_adapter import Fatal, Result, Retryable, Status, verify
from chain_adapter.evm import calls, provider
from chain_adapter.evm.adapter import EvmLedger
from chain_adapter.evm.layout import AnchorRecord
from tests.chain_adapter.evm.anvil import Anvil
from tests.chain_adapter.evm.chain import deploy, trust_of
from tests.chain_adapter.evm.proxy import Proxy
from tests.chain_adapter.evm.test_evm_ledger import chain_size, check_ledger, opened, seen
from tests.chain_adapter.records import make_entries, make_entry

#: What the adapter asks of an endpoint once it is connected.
ASKED = (
    "eth_blockNumber",
    "eth_call",
    "eth_getBlockByNumber",
    "eth_getProof",
    "eth_getLogs",
    "eth_getTransactionCount",
    "eth_sendRawTransaction",
)


def send_at_once(ledger: EvmLedger) -> None:
    """As if the pause between two sendings of the same transaction were over."""
    ledger._mover.sender._sent.clear()
    ledger._mover.looked = 0.0


def reconnect(ledger: EvmLedger) -> None:
    """As if the pause after an endpoint's failure were over."""
    for endpoint in ledger._mover.endpoints.all:
        endpoint._not_before = 0.0


def reorg(node: Anvil, depth: int) -> None:
    node.rpc("anvil_reorg", depth, [])


class TestReorganisations:
    def test_orphaned_and_included_again(self, tmp_path: Path, node: Anvil, contract: str) -> None:
        with opened(tmp_path, node, contract, confirmations=3, patience=20) as ledger:
            entries = make_entries("reorg", 3)
            receipts = ledger.append(entries)
            assert {each.status for each in receipts} == {Status.INCLUDED}
            before = seen(ledger, receipts[0].checkpoint)
            node.rpc("evm_setAutomine", False)
            reorg(node, 1)
            assert chain_size(node, contract) == 0
            ledger.advance()
            orphaned = [ledger.lookup(each.key) for each in receipts]
            assert [each and each.status for each in orphaned] == [Status.ORPHANED] * 3
            assert orphaned[0] is not None
            verdict = verify(entries[0], orphaned[0], ledger.prove(orphaned[0]), trust_of(ledger))
            assert verdict.result is Result.NOT_FOUND
            assert list(ledger.events()) == []
            node.rpc("evm_setAutomine", True)
            send_at_once(ledger)
            for _ in range(4):
                ledger.advance()
                node.mine()
            ledger.advance()
            again = ledger.lookup(entries[0].key)
            assert again is not None
            assert again.status is Status.FINAL
            after = seen(ledger, again.checkpoint)
            assert after.block_hash != before.block_hash
            # The very same signed bytes, so there cannot be two of it.
            assert after.transaction == before.transaction
            assert check_ledger(ledger, node, contract) == 3

    def test_deeper_than_the_confirmations(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        with opened(tmp_path, node, contract, confirmations=2) as ledger:
            entries = make_entries("deep", 2)
            for entry in entries:
                ledger.append([entry])
                node.mine(2)
                ledger.advance()
            assert ledger.lookup("deposit:deep-0").status is Status.FINAL
            node.rpc("evm_setAutomine", False)
            reorg(node, 6)
            ledger.advance()
            for entry in entries:
                assert ledger.lookup(entry.key).status is Status.ORPHANED
            health = ledger.health()
            assert not health.ok
            assert "final after 2 confirmations" in health.detail
            node.rpc("evm_setAutomine", True)
            send_at_once(ledger)
            for _ in range(4):
                ledger.advance()
                node.mine()
            ledger.advance()
            assert check_ledger(ledger, node, contract) == 2
            assert ledger.health().ok
            assert "dropped block" in ledger.health().detail, "an operator has to read it"


class TestRestarts:
    def test_the_node_comes_back(self, tmp_path: Path) -> None:
        with Anvil.start(state=tmp_path / "chain.json") as node:
            contract = deploy(node)
            with opened(tmp_path, node, contract, patience=20) as ledger:
                ledger.append([make_entry("before")])
                node.stop()
                with pytest.raises(Retryable, match="only 0 of the 1"):
                    ledger.append([make_entry("meanwhile")])
                assert ledger.lookup("deposit:meanwhile") is None
                assert not ledger.health().ok
                node.restart()
                reconnect(ledger)
                ledger.append([make_entry("after")])
                assert check_ledger(ledger, node, contract) == 2

    def test_the_node_goes_away_in_the_middle(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        """What was taken up is kept, and goes on when the chain comes back."""
        with (
            Proxy(node.url) as proxy,
            opened(tmp_path, node, contract, urls=[proxy.url], patience=0.5) as ledger,
        ):
            proxy.swallow = {"eth_getTransactionCount"}
            (receipt,) = ledger.append([make_entry("queued")])
            assert receipt.status is Status.QUEUED
            proxy.swallow = set()
            reconnect(ledger)
            ledger.advance()
            assert ledger.lookup("deposit:queued").status is Status.FINAL
            assert check_ledger(ledger, node, contract) == 1

    def test_the_node_forgets_what_was_under_way(self, tmp_path: Path) -> None:
        """Nodes keep no waiting transactions over a restart; we do, and so does a new process."""
        with Anvil.start(state=tmp_path / "chain.json") as node:
            contract = deploy(node)
            node.rpc("evm_setAutomine", False)
            with opened(tmp_path, node, contract, patience=0) as ledger:
                (receipt,) = ledger.append([make_entry("forgotten")])
                assert receipt.status is Status.SUBMITTED
                raw = ledger._state
                with raw.read() as session:
                    nonces = session.nonces()
            node.restart()
            with opened(tmp_path, node, contract) as ledger:
                ledger.advance()
                ledger.advance()
                assert ledger.refresh(receipt).status is Status.FINAL
                with ledger._state.read() as session:
                    assert session.nonces() == nonces
                assert check_ledger(ledger, node, contract) == 1

    def test_another_chain_at_the_same_address(self, tmp_path: Path) -> None:
        with Anvil.start() as node:
            contract = deploy(node)
            with opened(tmp_path, node, contract) as ledger:
                ledger.append([make_entry("right")])
                node._flags["chain_id"] = 4711
                node.restart()
                deploy(node)  # even the same contract at the same address does not help
                reconnect(ledger)
                with pytest.raises(Fatal, match="chain 4711, not on 31337"):
                    ledger.append([make_entry("wrong")])
                assert not ledger.health().ok
                assert ledger.lookup("deposit:wrong") is None


class TestFees:
    def test_a_low_fee_is_raised_with_the_same_nonce(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        node.rpc("evm_setAutomine", False)
        fee = {"bump_after": 0}
        with opened(tmp_path, node, contract, patience=0, fee=fee) as ledger:
            node.rpc("anvil_setNextBlockBaseFeePerGas", hex(1_000_000))
            node.mine()
            (receipt,) = ledger.append([make_entry("cheap")])
            node.rpc("anvil_setNextBlockBaseFeePerGas", hex(20_000_000_000))
            node.mine()
            assert chain_size(node, contract) == 0
            for _ in range(4):
                ledger.advance()
                node.mine()
            ledger.advance()
            assert ledger.lookup(receipt.key).status is Status.FINAL
            with ledger._state.read() as session:
                attempts = session.attempts(1)
            assert len(attempts) > 1
            assert len({each.nonce for each in attempts}) == 1
            assert check_ledger(ledger, node, contract) == 1

    def test_never_more_than_the_policy_allows(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        node.rpc("evm_setAutomine", False)
        fee = {"bump_after": 0, "most_gwei": 1.2}
        with opened(tmp_path, node, contract, patience=0, fee=fee) as ledger:
            node.rpc("anvil_setNextBlockBaseFeePerGas", hex(1_000_000))
            node.mine()
            ledger.append([make_entry("capped")])
            node.rpc("anvil_setNextBlockBaseFeePerGas", hex(50_000_000_000))
            node.mine()
            for _ in range(4):
                ledger.advance()
            with ledger._state.read() as session:
                assert max(each.fee for each in session.attempts(1)) <= 1_200_000_000
            assert "no more than 1200000000 wei" in ledger.health().detail
            node.rpc("anvil_setNextBlockBaseFeePerGas", hex(1_000_000))
            node.mine()
            send_at_once(ledger)
            ledger.advance()
            node.mine()
            ledger.advance()
            assert check_ledger(ledger, node, contract) == 1

    def test_a_nonce_that_somebody_else_used_up(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        """Whoever else has the key sends; our record still comes, once."""
        node.rpc("evm_setAutomine", False)
        with opened(tmp_path, node, contract, patience=0) as ledger:
            (receipt,) = ledger.append([make_entry("robbed")])
            node.rpc("anvil_dropAllTransactions")
            plain = {"from": ledger.sender, "to": node.accounts[5], "value": "0x1"}
            node.rpc("eth_sendTransaction", plain)
            node.mine()
            ledger.advance()
            node.mine()
            ledger.advance()
            assert ledger.lookup(receipt.key).status is Status.FINAL
            assert chain_size(node, contract) == 1


class TestEndpoints:
    def test_an_answer_lost_on_the_way_is_no_second_record(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        with Proxy(node.url) as proxy:
            proxy.swallow = {"eth_sendRawTransaction"}
            with opened(tmp_path, node, contract, patience=1, urls=[proxy.url]) as ledger:
                (receipt,) = ledger.append([make_entry("lost")])
                assert proxy.asked["eth_sendRawTransaction"] == 1
                proxy.swallow = set()
                for _ in range(3):
                    send_at_once(ledger)
                    reconnect(ledger)
                    ledger.advance()
                assert ledger.refresh(receipt).status is Status.FINAL
                assert ledger.append([make_entry("lost")]) == [ledger.lookup(receipt.key)]
                assert check_ledger(ledger, node, contract) == 1

    def test_one_that_lags_is_waited_for(self, tmp_path: Path, node: Anvil, contract: str) -> None:
        with Proxy(node.url) as slow:
            slow.freeze(node.height())
            urls = [slow.url, node.url]
            with opened(tmp_path, node, contract, patience=0, agree=2, urls=urls) as ledger:
                (receipt,) = ledger.append([make_entry("lag")])
                for _ in range(3):
                    ledger.advance()
                assert ledger.lookup(receipt.key).status is Status.SUBMITTED
                slow.lies.clear()
                ledger.advance()
                final = ledger.lookup(receipt.key)
                assert final.status is Status.FINAL
                assert seen(ledger, final.checkpoint).agreeing == 2
                assert check_ledger(ledger, node, contract) == 1

    def test_one_that_lags_does_not_hold_up_two_of_three(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        with Proxy(node.url) as slow, Proxy(node.url) as good:
            slow.freeze(node.height())
            urls = [slow.url, good.url, node.url]
            with opened(tmp_path, node, contract, agree=2, urls=urls) as ledger:
                (receipt,) = ledger.append([make_entry("most")])
                assert receipt.status is Status.FINAL
                what = seen(ledger, receipt.checkpoint)
                assert (what.agreeing, what.asked) == (2, 3)

    def test_one_that_invents_records(self, tmp_path: Path, node: Anvil, contract: str) -> None:
        """It takes the transaction, tells nobody, and says the contract holds the record."""
        with Proxy(node.url) as liar:
            height = node.height()
            block = node.rpc("eth_getBlockByNumber", hex(height), False)
            liar.lies = invented(node, contract, height, int(block["timestamp"], 16))
            with opened(tmp_path, node, contract, patience=0.5, urls=[liar.url]) as ledger:
                entry = make_entry("invented")
                (receipt,) = ledger.append([entry])
                # Alone, it is believed no further than its own proof goes: the state has no record.
                assert receipt.status is Status.SUBMITTED
                assert "proves nothing" in ledger.health().detail
                assert chain_size(node, contract) == 0

    def test_one_that_invents_whole_blocks_is_outvoted(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        with Proxy(node.url) as liar, Proxy(node.url) as good:
            height = node.height() + 1
            liar.lies = invented(node, contract, height, 1_800_000_000)

            def block(params: list[Any], answer: dict[str, Any]) -> dict[str, Any]:
                newest = node.rpc("eth_getBlockByNumber", "latest", False)
                false = {**newest, "number": hex(height), "hash": "0x" + "ab" * 32}
                return {**answer, "result": false}

            liar.lies["eth_getBlockByNumber"] = block
            urls = [liar.url, good.url, node.url]
            with opened(tmp_path, node, contract, agree=2, urls=urls) as ledger:
                (receipt,) = ledger.append([make_entry("whole")])
                assert receipt.status is Status.FINAL
                what = seen(ledger, receipt.checkpoint)
                assert what.block_hash != b"\xab" * 32
                assert (what.agreeing, what.asked) == (2, 3)
                assert check_ledger(ledger, node, contract) == 1

    def test_one_that_exaggerates_nonces_makes_no_gap(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        with Proxy(node.url) as liar, Proxy(node.url) as good:
            liar.lies["eth_getTransactionCount"] = lambda _, answer: {**answer, "result": "0xffff"}
            urls = [liar.url, good.url, node.url]
            with opened(tmp_path, node, contract, agree=2, urls=urls) as ledger:
                ledger.append([make_entry("gap-1")])
                ledger.append([make_entry("gap-2")])
                assert check_ledger(ledger, node, contract) == 2

    def test_one_on_another_chain_does_not_count(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        with Anvil.start(chain_id=99) as foreign:
            urls = [foreign.url, node.url]
            with opened(tmp_path, node, contract, urls=urls) as ledger:
                assert ledger.append([make_entry("home")])[0].status is Status.FINAL
                assert "chain 99, not on 31337" in ledger.health().detail
            with (
                opened(tmp_path, node, contract, urls=urls, agree=2) as strict,
                pytest.raises(Fatal, match="not the right ones"),
            ):
                strict.append([make_entry("both")])

    def test_a_hundred_megabytes(self, tmp_path: Path, node: Anvil, contract: str) -> None:
        with Proxy(node.url) as flood:
            with opened(tmp_path, node, contract, urls=[flood.url, node.url]) as ledger:
                flood.bulk["eth_blockNumber"] = 100_000_000
                assert ledger.append([make_entry("flood")])[0].status is Status.FINAL
                assert "too long" in ledger.health().detail
            assert provider.MAX_ANSWER < 10_000_000

    @pytest.mark.parametrize("garbage", [None, "text", 7, [], {"hash": "0x00"}])
    def test_garbage_is_the_endpoints_trouble_and_nobody_elses(
        self, tmp_path: Path, node: Anvil, contract: str, garbage: Any
    ) -> None:
        with (
            Proxy(node.url) as odd,
            opened(tmp_path, node, contract, urls=[odd.url, node.url]) as ledger,
        ):
            ledger.append([make_entry("good")])
            for method in ASKED:
                odd.lies[method] = lambda _, answer: {**answer, "result": garbage}
            assert ledger.append([make_entry("still")])[0].status is Status.FINAL
            assert check_ledger(ledger, node, contract) == 2

    def test_one_that_names_other_addresses_is_not_followed(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        """EIP-3668: an error that tells the caller to fetch something elsewhere."""
        with Proxy(node.url) as odd, Proxy(node.url) as elsewhere:
            words = ["address", "string[]", "bytes", "bytes4", "bytes"]
            values = [contract, [elsewhere.url], b"", b"four", b""]
            data = "0x556f1830" + encode(words, values).hex()
            error = {"code": 3, "message": "execution reverted", "data": data}
            with opened(tmp_path, node, contract, urls=[odd.url, node.url]) as ledger:
                odd.lies["eth_call"] = lambda _, answer: {"jsonrpc": "2.0", "error": error}
                assert ledger.append([make_entry("fetch")])[0].status is Status.FINAL
                assert not ledger._mover.endpoints.all[0]._provider.global_ccip_read_enabled
            assert elsewhere.asked == {}

    def test_passwords_in_addresses_are_not_told(
        self, tmp_path: Path, node: Anvil, contract: str
    ) -> None:
        secret = node.url.replace("http://", "http://user:hunter2@") + "/key/hunter3"
        with opened(tmp_path, node, contract, urls=[secret, node.url], timeout=1) as ledger:
            node.stop()
            reconnect(ledger)
            said = ledger.health().detail + ledger.health().detail
            assert "hunter" not in said
            with pytest.raises(Retryable) as caught:
                ledger.append([make_entry("secret")])
            assert "hunter" not in str(caught.value)


def invented(node: Anvil, contract: str, height: int, second: int) -> dict[str, Any]:
    """Lies about a record of any root at this height, in a block that does not hold it."""

    def call(params: list[Any], answer: dict[str, Any]) -> dict[str, Any]:
        data = bytes.fromhex(params[0]["data"][2:])
        if data[:4] != calls.record_of(bytes(32), 1)[:4]:
            return answer
        record = AnchorRecord(int.from_bytes(data[36:], "big"), 0, second, height)
        words = (record.count, record.first, record.time, record.height)
        return {**answer, "result": "0x" + b"".join(map(calls.word, words)).hex()}

    def logs(params: list[Any], answer: dict[str, Any]) -> dict[str, Any]:
        log = {
            "address": contract,
            "topics": params[0]["topics"],
            "data": "0x",
            "blockNumber": hex(height),
            "blockHash": params[0]["blockHash"],
            "transactionHash": "0x" + "cd" * 32,
            "transactionIndex": "0x0",
            "logIndex": "0x0",
            "removed": False,
        }
        return {"jsonrpc": "2.0", "result": [log]}

    if height <= node.height():
        node.rpc("evm_setAutomine", False)
    return {"eth_call": call, "eth_getLogs": logs}
