"""Where the authority's time comes from, and whether it may be attested.

A container seldom sees whether its host's clock is disciplined, so demanding it is a setting. When
it is demanded, "cannot tell" counts as "no".
"""

from __future__ import annotations

import ctypes
import time
from datetime import UTC, datetime
from typing import Final, Protocol

#: Seconds for which one look at the kernel's answer is good enough.
_RECHECK_AFTER: Final = 1.0

# From <sys/timex.h>: adjtimex(2) returns TIME_ERROR, or sets STA_UNSYNC, while no daemon
# disciplines the clock.
_TIME_ERROR: Final = 5
_STA_UNSYNC: Final = 0x0040


class Clock(Protocol):
    """A source of time; implementations are safe to call from several threads."""

    def now(self) -> datetime:
        """The present moment, aware and in UTC."""

    def attestable(self) -> bool:
        """Whether :meth:`now` may be put into a token."""


class SystemClock:
    """The computer's clock.

    Args:
        require_synchronised: attest the time only while the kernel says that the clock is
            disciplined (NTP, PTP, chrony). Needs Linux; no privilege.
    """

    def __init__(self, *, require_synchronised: bool = False) -> None:
        self._required = require_synchronised
        self._checked = float("-inf")
        self._answer: bool | None = None

    def now(self) -> datetime:
        return datetime.now(UTC)

    def attestable(self) -> bool:
        return not self._required or self.synchronised() is True

    def synchronised(self) -> bool | None:
        """What the kernel says, at most a second old; None where it cannot be asked."""
        moment = time.monotonic()
        if moment - self._checked >= _RECHECK_AFTER:
            self._answer = kernel_synchronised()
            self._checked = moment
        return self._answer


class _Timex(ctypes.Structure):
    """The first fields of ``struct timex``; the padding covers the rest (208 bytes on Linux)."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def kernel_synchronised() -> bool | None:
    """Ask adjtimex(2) without changing anything; None where there is no answer."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    timex = _Timex(modes=0)
    state = int(adjtimex(ctypes.byref(timex)))
    if state < 0:  # a seccomp filter said no
        return None
    return state != _TIME_ERROR and not timex.status & _STA_UNSYNC
