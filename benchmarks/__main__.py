"""``python -m benchmarks [NAME ...]``: run the named benchmarks, or all of them, in order.
``search``, ``lottery`` and ``ingesting`` are run only when they are named.

Each prints one JSON line per figure: ``name, value, unit, floor, ok``. The exit status is the
number of figures that missed their floor, so that a script can ask.
"""

from __future__ import annotations

import importlib
import sys

NAMES = (
    "tsa", "verifier", "tlog", "letter", "storage", "portal", "batch", "gateway", "recorder",
    "desktop", "sealing", "browser_draw", "draw_viewers", "members",
    "witness", "evm", "proof",
)  # fmt: skip
#: Run only when named: they fill a database or a folder for minutes before they measure.
ON_REQUEST = ("search", "lottery", "ingesting")
#: Names for several at once.
GROUPS = {"ledgers": ("tlog", "witness", "evm", "proof", "members")}
MODULES = {
    "proof": "ledgers_proof",
    "evm": "ledgers_evm",
    "members": "ledgers_members",
    "tlog": "ledgers",
    "witness": "ledgers_witness",
}


def main(arguments: list[str]) -> int:
    asked = arguments or NAMES
    wanted = [each for name in asked for each in GROUPS.get(name, (name,))]
    unknown = sorted(set(wanted) - {*NAMES, *ON_REQUEST})
    if unknown:
        known = ", ".join((*NAMES, *ON_REQUEST, *GROUPS))
        print(f"unknown benchmark {', '.join(unknown)}; known are {known}", file=sys.stderr)
        return 2
    from benchmarks import _figures

    for name in wanted:
        importlib.import_module(f"benchmarks.{MODULES.get(name, name)}").main()
    return min(_figures.missed(), 125)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
