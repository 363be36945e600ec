"""Appends to a watched log until it is killed, and prints each key before and after:

python -m tests.chain_adapter.witness.crash_writer FOLDER POLICY PREFIX [COUNT]
"""

from __future__ import annotations

import sys
from pathlib import Path

from chain_adapter.witness import Policy, WitnessLedger
from tests.chain_adapter.records import make_entry


def main(folder: Path, policy: Path, prefix: str, count: int) -> None:
    with WitnessLedger(folder, Policy.load(policy)) as ledger:
        for number in range(count):
            entry = make_entry(f"{prefix}-{number}")
            print("appending", entry.key, flush=True)
            (receipt,) = ledger.append([entry])
            print(receipt.status, entry.key, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
