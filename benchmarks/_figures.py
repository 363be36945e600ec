"""One JSON line per figure: the only output format of the benchmarks."""

from __future__ import annotations

import json

_misses = 0


def figure(name: str, value: float, unit: str, floor: float, *, at_most: bool = False) -> bool:
    """Print one figure and say whether it holds.

    ``floor`` is the least acceptable value, or the greatest one when ``at_most`` is true (times,
    sizes). A miss is remembered for :func:`missed`.
    """
    global _misses
    ok = value <= floor if at_most else value >= floor
    line = {"name": name, "value": round(value, 3), "unit": unit, "floor": floor, "ok": ok}
    print(json.dumps(line, ensure_ascii=False), flush=True)
    _misses += not ok
    return ok


def missed() -> int:
    """How many figures of this process missed their floor."""
    return _misses
