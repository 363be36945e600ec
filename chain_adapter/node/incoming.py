"""What comes in over a connection, and until when."""

from __future__ import annotations

import io
import socket
import time
from typing import Any

from chain_adapter.node.routes import Rejection


class Timed(io.RawIOBase):
    """Reads a socket until a deadline that the handler moves."""

    def __init__(self, wire: socket.socket) -> None:
        self._wire = wire
        #: In the clock of ``time.monotonic``.
        self.deadline = time.monotonic()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("too slow")
        self._wire.settimeout(left)
        return self._wire.recv_into(buffer)


class Content:
    """A body of ``length`` bytes on its way in."""

    def __init__(self, source: io.BufferedIOBase, length: int) -> None:
        self._source, self.length, self.left = source, length, length

    def read(self, size: int = -1) -> bytes:
        wanted = self.left if size < 0 else min(size, self.left)
        try:
            data = self._source.read(wanted)
        except TimeoutError as error:
            raise Rejection(408, "slow", "the request came too slowly") from error
        self.left -= len(data)
        if len(data) < wanted:
            raise Rejection(400, "cut", "the request ends before it is complete")
        return data
