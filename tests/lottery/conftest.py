"""What tests of draws share."""

from __future__ import annotations

import importlib.util
import sys

if importlib.util.find_spec("py_ecc") is not None:
    # Its import lifts the process's recursion limit, and with it the bound that other tests' deeply
    # nested documents meet.
    _limit = sys.getrecursionlimit()
    import py_ecc  # noqa: F401

    sys.setrecursionlimit(_limit)
