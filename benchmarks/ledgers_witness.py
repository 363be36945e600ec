"""A log with four deposit nodes, each a process of its own, of whom three must cosign: from append
to a final receipt, examined, stamped and stored by every node; and offline verification of it."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from benchmarks._figures import figure
from chain_adapter import Entry, Receipt, Status, Trust, verify
from chain_adapter.witness import WitnessLedger
from tests.chain_adapter.witness.house import House, house

SINGLE = 60
DOWN = 20
BATCH = 500


def main() -> None:
    """Print the figures of this module."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder, house(Path(folder)) as made:
        with made.open() as ledger:
            _append(made, ledger, 5)  # connections, caches
            took, entries, receipts = _append(made, ledger, SINGLE)
            p50, p99 = statistics.median(took), statistics.quantiles(took, n=100)[98]
            figure("quorum of 3 in 4 nodes, p50", p50 * 1000, "ms", 300, at_most=True)
            figure("quorum of 3 in 4 nodes, p99", p99 * 1000, "ms", 2000, at_most=True)
            _batched(made, ledger)
            _verified(made, ledger, entries, receipts)
        with made.open(mode="relay") as ledger:
            took, _, _ = _append(made, ledger, DOWN)
            p50 = statistics.median(took) * 1000
            figure("the same, one after another, p50", p50, "ms", 1000, at_most=True)
        made.nodes[0].kill()
        with made.open() as ledger:
            took, _, _ = _append(made, ledger, DOWN)
            figure("the same, one node down, slowest", max(took) * 1000, "ms", 2000, at_most=True)


def _append(
    made: House, ledger: WitnessLedger, count: int
) -> tuple[list[float], list[Entry], list[Receipt]]:
    """One deposit after another, as a quiet portal makes them; seconds of each."""
    took, entries, receipts = [], [], []
    for _ in range(count):
        entry, beside = made.platform.deposit(uuid4().hex)
        begun = time.perf_counter()
        (receipt,) = ledger.append([entry], [beside])
        took.append(time.perf_counter() - begun)
        assert receipt.status is Status.FINAL, ledger.awaited(receipt)
        entries.append(entry)
        receipts.append(receipt)
    return took, entries, receipts


def _batched(made: House, ledger: WitnessLedger) -> None:
    entries, beside = zip(*[made.platform.deposit(uuid4().hex) for _ in range(BATCH)], strict=True)
    begun = time.perf_counter()
    receipts = ledger.append(entries, beside)
    while receipts[0].status is not Status.FINAL:
        receipts = [ledger.refresh(receipts[0])]
    rate = BATCH / (time.perf_counter() - begun)
    figure("batches of 500 until three nodes have cosigned", rate, "entries/s", 50)


def _verified(
    made: House, ledger: WitnessLedger, entries: list[Entry], receipts: list[Receipt]
) -> None:
    key = made.platform.key
    trust = ledger.trust() | Trust(platforms={key.key_id: key.public})
    proofs = [ledger.prove(receipt) for receipt in receipts]
    begun = time.perf_counter()
    for each in zip(entries, receipts, proofs, strict=True):
        assert verify(*each, trust).ok
    cost = (time.perf_counter() - begun) / len(receipts) * 1000
    figure("offline verification of a cosigned record", cost, "ms", 5, at_most=True)


if __name__ == "__main__":
    main()
