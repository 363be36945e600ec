"""``python -m chain_adapter.conformance URL``: every promise, tried on the ledger of that URL.

Each promise is tried on a ledger of its own: relative paths in the URL are relative to a new
folder. The exit status is 0 when all are kept, 1 when one is broken, 2 for wrong arguments.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from chain_adapter.conformance.bench import Bench
from chain_adapter.conformance.promises import Promises
from chain_adapter.errors import Fatal
from chain_adapter.registry import open_ledger


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    broken = 0
    for name, outcome in judged(arguments[0]):
        broken += outcome is not None
        print(f"{'kept  ' if outcome is None else 'BROKEN'} {name}", flush=True)
        if outcome is not None:
            print(f"       {outcome}", flush=True)
    return 1 if broken else 0


def judged(url: str) -> Iterator[tuple[str, str | None]]:
    """Each promise's name, and what is wrong, None when it is kept."""
    for name in [name for name in vars(Promises) if name.startswith("test_")]:
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(partial(open_ledger, url, base=Path(folder)))
            yield name.removeprefix("test_").replace("_", " "), _tried(name, bench)


def _tried(name: str, bench: Bench) -> str | None:
    try:
        getattr(Promises(), name)(bench)
    except Exception as error:  # noqa: BLE001 - whatever it is, the promise is not kept
        # What an adapter's own bug was is said by the cause.
        reason = error.__cause__ if isinstance(error, Fatal) and error.__cause__ else error
        return f"{type(reason).__name__}: {reason}"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
