"""The EVM ledger on a local node: batches into one anchoring transaction, and gas for each entry.

Skipped, visibly, where the node for the tests is not installed.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks._figures import figure
from benchmarks.ledgers import signed_entries
from chain_adapter import EntryKey, Status, Trust, open_ledger, verify
from chain_adapter.evm import calls
from tests.chain_adapter.evm.anvil import BINARY, Anvil
from tests.chain_adapter.evm.chain import WRITER, configure, deploy, transact

BATCH = 10_000
BATCHES = 5
#: Gas is a property of the contract and the same on every machine, so these are not floors to aim
#: at but limits that say when the contract has become dearer.
GAS = {1: 120_000, 10: 70_000, 100: 60_000}
GAS_IN_BATCH = {1000: 120, 10_000: 12}


def main() -> None:
    """Print the figures of this module."""
    if not BINARY.exists():
        print("evm: anvil is not installed (npm ci in scripts/evm)", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder, Anvil.start() as node:
        contract = deploy(node)
        _gas(node, contract)
        _batches(Path(folder), node, contract)


def _gas(node: Anvil, contract: str) -> None:
    def spent(data: bytes) -> int:
        return int(transact(node, data, contract, WRITER)["gasUsed"], 16)

    spent(calls.single(os.urandom(32)))  # the first one makes the contract's counters
    figure(
        "evm gas, single", spent(calls.single(os.urandom(32))), "gas/entry", GAS[1], at_most=True
    )
    for count in (10, 100):
        gas = spent(calls.many([os.urandom(32) for _ in range(count)])) / count
        figure(f"evm gas, many of {count}", gas, "gas/entry", GAS[count], at_most=True)
    for count, most in GAS_IN_BATCH.items():
        gas = spent(calls.batch(os.urandom(32), count)) / count
        figure(f"evm gas, batch of {count:,}", gas, "gas/entry", most, at_most=True)


def _batches(folder: Path, node: Anvil, contract: str) -> None:
    key = EntryKey.generate()
    url = configure(folder, node, contract, patience=60)
    batches = [signed_entries(key, BATCH) for _ in range(BATCHES)]
    with open_ledger(url, base=folder) as ledger:
        before, rates, receipts = _transactions(node), [], []
        for batch in batches:
            begun = time.perf_counter()
            receipts = ledger.append(batch)
            rates.append(BATCH / (time.perf_counter() - begun))
            assert {each.status for each in receipts} == {Status.FINAL}
        assert _transactions(node) == before + BATCHES, "one transaction for each batch"
        rate = statistics.median(rates)
        figure("evm batched, 10,000 into one transaction, final", rate, "entries/s", 5000)
        trust = ledger.trust() | Trust(platforms={key.key_id: key.public})
        begun = time.perf_counter()
        proofs = ledger.prove_many(receipts[:1000])
        figure("evm proofs", 1000 / (time.perf_counter() - begun), "proofs/s", 1000)
        times = []
        for entry, receipt, proof in zip(batches[-1], receipts[:1000], proofs, strict=False):
            begun = time.process_time()
            verdict = verify(entry, receipt, proof, trust)
            times.append(time.process_time() - begun)
            assert verdict.ok, verdict.failed
        p99 = statistics.quantiles(times, n=100)[98] * 1000
        figure("evm offline verification p99", p99, "CPU-ms", 50, at_most=True)
        figure(
            "evm proof of one of 10,000", len(proofs[0].encode()), "bytes", 256 * 1024, at_most=True
        )


def _transactions(node: Anvil) -> int:
    return int(node.rpc("eth_getTransactionCount", node.accounts[WRITER], "latest"), 16)


if __name__ == "__main__":
    main()
