"""Serial numbers of tokens (RFC 3161 §2.4.2: unique for each token, at most 160 bits).

They need no file and no lock: 62 bits of the clock in nanoseconds, then 96 bits from the kernel's
random source. Two tokens share a number only if they share the nanosecond *and* 96 random bits,
whichever thread, process, container or restored virtual machine made them. A counter on disk
would be lost with the disk, and openssl's own is lost under concurrency.
"""

from __future__ import annotations

import os
import time
from typing import Final

_CLOCK_MASK: Final = (1 << 62) - 1
# The second-highest bit is always set: positive, and always exactly 20 octets in DER.
_FIXED: Final = 1 << 62


def new_serial() -> int:
    """A serial number of 159 bits that no other call returns."""
    return int.from_bytes(serial_octets(), "big")


def serial_octets() -> bytes:
    """The same as the 20 content octets of a DER INTEGER."""
    return (time.time_ns() & _CLOCK_MASK | _FIXED).to_bytes(8, "big") + os.urandom(12)
