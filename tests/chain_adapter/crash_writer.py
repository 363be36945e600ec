"""A process that appends for ever (or ``--count`` times a thread) and says what was acknowledged.

Each line is ``key position checkpoint`` with the note in base64, written with one system call: what
the parent reads was acknowledged before, whatever happens to this process next.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import os
import threading
from pathlib import Path

from chain_adapter.tlog import TlogLedger
from tests.chain_adapter.records import make_entry


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("prefix")
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--count", type=int)
    options = parser.parse_args()
    ledger = TlogLedger(options.folder, patience=30.0)

    def write(thread: int) -> None:
        for number in itertools.islice(itertools.count(), options.count):
            (receipt,) = ledger.append([make_entry(f"{options.prefix}-{thread}-{number}")])
            note = base64.b64encode(receipt.checkpoint.encode()).decode()
            os.write(1, f"{receipt.key} {receipt.position} {note}\n".encode())

    threads = [threading.Thread(target=write, args=(each,)) for each in range(options.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
