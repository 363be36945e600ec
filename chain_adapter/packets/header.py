"""The 64 bytes at the head of each packet: of which set it is, and which number.

::

    offset  bytes
    0       4      "NPK1"
    4       2      number, from 1
    6       2      n: how many packets there are
    8       2      k: how many suffice
    10      2      flags: 1 when encrypted for its node as well
    12      4      bytes of one stripe in this packet
    16      8      zero
    24      32     set id (chain_adapter.packets.keys)
    56      8      first bytes of SHA-256 over all before

Numbers are big-endian. The check at the end is no secret: it tells a damaged header from a header
of another set. What binds the header is the root, which covers each packet's bytes.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import Final

from chain_adapter.packets.errors import BadPacket

SIZE: Final = 64
#: Numbers are bytes to the erasure code, and no consortium has more nodes.
MAX_PACKETS: Final = 255
#: Bounds for the stripe's part in one packet, in bytes.
MIN_BLOCK: Final = 32
MAX_BLOCK: Final = 1024 * 1024
_LAYOUT: Final = struct.Struct(">4sHHHHIQ32s")
_MAGIC: Final = b"NPK1"
_SEALED: Final = 1


@dataclass(frozen=True, slots=True)
class Header:
    """``number`` counts from 1; ``block``: bytes of one stripe in this packet; ``set_id``: 32."""

    number: int
    n: int
    k: int
    sealed: bool
    block: int
    set_id: bytes

    def encode(self) -> bytes:
        flags = _SEALED if self.sealed else 0
        head = _LAYOUT.pack(_MAGIC, self.number, self.n, self.k, flags, self.block, 0, self.set_id)
        return head + _check(head)

    @classmethod
    def decode(cls, data: bytes) -> Header:
        """Read a header; exactly what :meth:`encode` writes.

        Raises:
            BadPacket: anything else.
        """
        if len(data) != SIZE or _check(data[: _LAYOUT.size]) != data[_LAYOUT.size :]:
            raise BadPacket("its header is damaged, or it is no packet")
        magic, number, n, k, flags, block, zero, set_id = _LAYOUT.unpack_from(data)
        sound = magic == _MAGIC and flags in (0, _SEALED) and zero == 0
        if not sound or not 1 <= k <= n <= MAX_PACKETS or not 1 <= number <= n:
            raise BadPacket("its header makes no sense")
        if not MIN_BLOCK <= block <= MAX_BLOCK:
            raise BadPacket(f"stripes of {block} bytes are not allowed")
        return cls(number, n, k, bool(flags), block, set_id)


def _check(head: bytes) -> bytes:
    return hashlib.sha256(head).digest()[:8]
