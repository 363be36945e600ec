"""The tlog ledger: acknowledged appends with every commit on disk, and offline verification."""

from __future__ import annotations

import secrets
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks._figures import figure
from chain_adapter import Entry, EntryKey, Trust, digest_of, verify
from chain_adapter.tlog import TlogLedger

WRITERS = 64
APPENDS_PER_WRITER = 100
BATCH = 1000
BATCHES = 10


def main() -> None:
    """Print the figures of this module."""
    key = EntryKey.generate()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        with TlogLedger(Path(folder) / "single") as ledger:
            _single(ledger, key)
        with TlogLedger(Path(folder) / "batched") as ledger:
            _batched(ledger, key)
            _proofs(ledger, key)


def signed_entries(key: EntryKey, count: int) -> list[Entry]:
    """``count`` entries as a deposit would make them."""
    return [
        key.sign(
            Entry(
                kind="deposit",
                id=secrets.token_hex(16),
                digests=(digest_of(secrets.token_bytes(16)),),
                token=secrets.token_bytes(32),
                meta=secrets.token_bytes(32),
                by="account:bench",
                platform=key.key_id,
            )
        )
        for _ in range(count)
    ]


def _single(ledger: TlogLedger, key: EntryKey) -> None:
    shares = [signed_entries(key, APPENDS_PER_WRITER) for _ in range(WRITERS)]
    latencies: list[float] = []
    ready = threading.Barrier(WRITERS + 1)

    def write(share: Sequence[Entry]) -> None:
        ready.wait()
        for entry in share:
            begun = time.perf_counter()
            ledger.append([entry])
            latencies.append(time.perf_counter() - begun)

    threads = [threading.Thread(target=write, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    ready.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - begun
    figure("tlog acknowledged, 64 writers", len(latencies) / elapsed, "entries/s", 1500)
    p99 = statistics.quantiles(latencies, n=100)[98]
    figure("tlog acknowledged p99, 64 writers", p99 * 1000, "ms", 100, at_most=True)


def _batched(ledger: TlogLedger, key: EntryKey) -> None:
    batches = [signed_entries(key, BATCH) for _ in range(BATCHES)]
    begun = time.perf_counter()
    for batch in batches:
        ledger.append(batch)
    elapsed = time.perf_counter() - begun
    figure("tlog batched, 1,000 a batch", BATCH * BATCHES / elapsed, "entries/s", 8000)


def _proofs(ledger: TlogLedger, key: EntryKey) -> None:
    trust = ledger.trust() | Trust(platforms={key.key_id: key.public})
    entries = [entry for _, entry in ledger.entries(0, BATCH)]
    receipts = [ledger.refresh(receipt) for receipt in ledger.append(entries)]
    begun = time.perf_counter()
    proofs = [ledger.prove(receipt) for receipt in receipts]
    proven = time.perf_counter()
    verdicts = [verify(*each, trust) for each in zip(entries, receipts, proofs, strict=True)]
    verified = time.perf_counter()
    assert all(verdict.ok for verdict in verdicts)
    figure("tlog proofs of one batch", BATCH / (proven - begun), "proofs/s", 5000)
    cost = (verified - proven) / BATCH * 1e6
    figure("tlog offline verification", cost, "µs/record", 1000, at_most=True)


if __name__ == "__main__":
    main()
