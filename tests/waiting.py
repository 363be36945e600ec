"""Waiting for what another thread or process brings about: patiently, for how long it takes says
how busy the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")
#: Seconds. Nobody waits that long but on a machine that does many things at once.
PATIENCE: Final = 60.0


def wait_for(
    found: Callable[[], T | None], what: str = "it came about", seconds: float = PATIENCE
) -> T:
    """What ``found`` gives once it is true.

    Raises:
        AssertionError: ``what`` did not come about in time.
    """
    deadline = time.monotonic() + seconds
    while not (value := found()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.01)
    return value
