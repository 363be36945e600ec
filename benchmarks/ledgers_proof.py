"""Offline verification of a record on an EVM chain, the whole of it: signatures, note, header,
validators' seals, two tries, path. The chain is made up (deeper than a young consortium's), so that
no node is needed."""

from __future__ import annotations

import statistics
import time

from benchmarks._figures import figure
from chain_adapter import decode_proof, verify
from chain_adapter.evm.observation import open_observation
from tests.chain_adapter.evm.proof.synthetic import KEYS, Chain, Record

RECORDS = 200
BATCH = 5000


def main() -> None:
    """Print the figures of this module."""
    plain = Chain(count=BATCH, index=77).record()
    sealed = Chain(count=BATCH, index=77, sealed_by=KEYS[:3]).record()
    _verification("evm offline verification", plain)
    _verification("evm offline verification with validators' seals", sealed)


def _verification(name: str, record: Record) -> None:
    """Read and judged from bytes, nothing remembered from the record before."""
    entry, encoded = record.entry.encode(), record.proof.encode()
    times = []
    for _ in range(RECORDS):
        open_observation.cache_clear()
        begun = time.perf_counter()
        verdict = verify(entry, record.receipt, decode_proof("evm", encoded), record.trust)
        times.append((time.perf_counter() - begun) * 1000)
        assert verdict.ok
    figure(f"{name}, median", statistics.median(times), "ms", 50, at_most=True)
    figure(f"{name}, p99", statistics.quantiles(times, n=100)[98], "ms", 50, at_most=True)


if __name__ == "__main__":
    main()
