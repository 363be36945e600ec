"""The least there is of an X client: asks the server for a sign of life.

X Window System Protocol, X Version 11, Release 6.8, Encoding: connection set-up and GetInputFocus,
the cheapest request that has an answer. Nothing of Xlib: it must not block, whatever the server
does, and what it answers is hostile.
"""

from __future__ import annotations

import secrets
import socket
import struct
from pathlib import Path
from typing import Final

from forensics.errors import DeskUnavailable

_PROTOCOL: Final = b"MIT-MAGIC-COOKIE-1"
_WILD: Final = 0xFFFF
_GET_INPUT_FOCUS: Final = struct.pack("<BxH", 43, 1)
_REPLY: Final = 32
COOKIE_BYTES: Final = 16


def new_cookie() -> bytes:
    return secrets.token_bytes(COOKIE_BYTES)


def authority(display: int, cookie: bytes) -> bytes:
    """An Xauthority file with one entry of FamilyWild: the host's name is another in each of the
    session's namespaces (Xau(3), .Xauthority format)."""
    fields = (b"", str(display).encode(), _PROTOCOL, cookie)
    counted = b"".join(struct.pack(">H", len(each)) + each for each in fields)
    return struct.pack(">H", _WILD) + counted


class XClient:
    """A connection to the server's unix socket.

    Raises:
        DeskUnavailable: from the constructor and :meth:`ping`, when the server does not answer
            within ``seconds``, or with nonsense.
    """

    def __init__(self, path: Path, cookie: bytes, seconds: float = 1.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self._socket.settimeout(seconds)
        try:
            self._socket.connect(str(path))
            self._socket.sendall(_greeting(cookie))
            status, length = struct.unpack("<B5xH", self._exactly(8))
            self._exactly(length * 4)
            if status != 1:
                raise DeskUnavailable("the X server refuses the connection")
        except OSError as error:
            self.close()
            raise DeskUnavailable(f"the X server does not answer: {error}") from error
        except DeskUnavailable:
            self.close()
            raise

    def ping(self) -> None:
        """Returns when the server has answered one request."""
        try:
            self._socket.sendall(_GET_INPUT_FOCUS)
            kind = _REPLY
            while kind != 1:  # events and errors are as long as this reply, and mean nothing here
                kind = self._exactly(_REPLY)[0] & 0x7F
        except OSError as error:
            raise DeskUnavailable(f"the X server does not answer: {error}") from error

    def close(self) -> None:
        self._socket.close()

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            piece = self._socket.recv(size - len(data))
            if not piece:
                raise ConnectionResetError("the connection was closed")
            data += piece
        return data


def _greeting(cookie: bytes) -> bytes:
    head = struct.pack("<BxHHHHxx", ord("l"), 11, 0, len(_PROTOCOL), len(cookie))
    return head + _padded(_PROTOCOL) + _padded(cookie)


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
