"""Content in, numbered packets out: encrypted, striped, spread by the erasure code, digested.

Content is taken stripe by stripe, so memory stays at a few stripes whatever the size::

    plain stripe ─ AES-256-GCM ─► k blocks ─ zfec ─► n blocks ─ (AES-256-GCM again) ─► n packets

The first k packets carry the ciphertext itself, the others what the code adds. The same content
under the same keys gives the same packets: one that was lost on its way can be made again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import BinaryIO, Final

import zfec

from chain_adapter.packets.header import MAX_PACKETS, Header
from chain_adapter.packets.keys import TAG, PacketKeys
from chain_adapter.packets.plan import PacketPlan

#: Bytes of one stripe in each packet.
BLOCK: Final = 64 * 1024
_READ: Final = 1024 * 1024


class Cutter:
    """``write`` …, then ``finish``. Not for use by two threads at once.

    Args:
        outs: where each packet goes, packet 1 first; their number is n.
        k: how many of them shall suffice.
        nodes: the node of each packet, when ``keys`` encrypts packets for their nodes.

    Raises:
        BadPlan, ValueError: numbers that make no sense.
    """

    def __init__(
        self,
        outs: Sequence[BinaryIO],
        k: int,
        keys: PacketKeys,
        nodes: Sequence[str] = (),
        block: int = BLOCK,
    ) -> None:
        n = len(outs)
        if not 1 <= k <= n <= MAX_PACKETS:
            raise ValueError(f"{k} of {n} packets is no plan")
        if keys.sealing is not None and len(nodes) != n:
            raise ValueError("each packet needs the name of its node")
        self._outs, self._n, self._k, self._block = tuple(outs), n, k, block
        self._nodes = tuple(nodes) if keys.sealing is not None else ()
        self._set_id = keys.set_id
        self._cipher = keys.content_cipher()
        self._seals = [
            keys.packet_cipher(number, node) for number, node in enumerate(self._nodes, 1)
        ]
        self._code = zfec.Encoder(k, n) if k < n else None
        self._hashes = [hashlib.sha256() for _ in outs]
        self._plain = bytearray()
        self._stripe = k * block - TAG
        self._stripes = self._size = 0
        for number in range(1, n + 1):
            sealed = bool(self._nodes)
            self._put(number, Header(number, n, k, sealed, block, self._set_id).encode())

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Take more content; its length, as a file's ``write`` gives.

        Raises:
            OSError: of ``outs``.
        """
        view = memoryview(data)
        self._size += len(view)
        while view:
            if len(self._plain) == self._stripe:  # kept back until more comes: the last is marked
                self._flush(last=False)
            room = self._stripe - len(self._plain)
            self._plain += view[:room]
            view = view[room:]
        return len(data)

    def finish(self) -> PacketPlan:
        """End of content: the plan of what was written."""
        self._flush(last=True)
        return PacketPlan(
            set_id=self._set_id,
            n=self._n,
            k=self._k,
            block=self._block,
            size=self._size,
            digests=tuple(each.digest() for each in self._hashes),
            sealed=self._nodes,
        )

    def _flush(self, *, last: bool) -> None:
        sealed = self._cipher.encrypt(self._stripes, bytes(self._plain), last=last)
        width = -(-len(sealed) // self._k)
        sealed = sealed.ljust(width * self._k, b"\0")
        blocks = [sealed[at : at + width] for at in range(0, len(sealed), width)]
        if self._code is not None:
            blocks += self._code.encode(tuple(blocks), tuple(range(self._k, self._n)))
        for number, data in enumerate(blocks, 1):
            seal = self._seals[number - 1] if self._seals else None
            self._put(
                number, data if seal is None else seal.encrypt(self._stripes, data, last=last)
            )
        self._stripes += 1
        self._plain.clear()

    def _put(self, number: int, data: bytes) -> None:
        self._hashes[number - 1].update(data)
        self._outs[number - 1].write(data)


def build(
    content: BinaryIO,
    outs: Sequence[BinaryIO],
    k: int,
    keys: PacketKeys,
    nodes: Sequence[str] = (),
    block: int = BLOCK,
) -> PacketPlan:
    """Cut ``content`` into packets; arguments and errors as :class:`Cutter`."""
    cutter = Cutter(outs, k, keys, nodes, block)
    while data := content.read(_READ):
        cutter.write(data)
    return cutter.finish()
