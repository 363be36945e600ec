"""What a promise of seconds means on a machine that others use as well."""

from __future__ import annotations

import time

#: seconds of a processor that are asked for
_SAMPLE = 0.03


def slowness() -> float:
    """How many seconds pass now until a program has had one second of a processor; at least 1.

    What is promised within seconds is promised to whoever has the processor. Three programs that
    share one take three times as long, and none of them is at fault.
    """
    used, begun = time.thread_time(), time.monotonic()
    while time.thread_time() - used < _SAMPLE:
        pass
    return max(1.0, (time.monotonic() - begun) / (time.thread_time() - used))
