"""Where the tests keep their files.

Everything of value is forced to the disk at each commit, and a run makes some hundred thousand
commits: waiting for the disk takes as long as computing. Where memory allows, the tests' folders
lie in memory; what is written and in which order is the same.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_MEMORY = Path("/dev/shm")
#: What must be free, in bytes: a whole run writes some two GiB, browsers need the rest.
_ENOUGH = 6 << 30


def keep_files_in_memory() -> None:
    """From now on, unless PYTEST_DEBUG_TEMPROOT or ``--basetemp`` name another place. To be called
    before the first temporary folder is made; tests with many workers inherit the folder."""
    if _roomy():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def _roomy() -> bool:
    """Whether there is memory for files, the tests' own small programs among them."""
    try:
        place = os.statvfs(_MEMORY)
        known = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        return False
    if not known or place.f_flag & os.ST_NOEXEC or not os.access(_MEMORY, os.W_OK):
        return False
    return min(place.f_bavail * place.f_frsize, int(known[1]) << 10) >= _ENOUGH
