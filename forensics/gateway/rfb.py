"""What a browser may say to a desktop: the client's half of RFB 3.8 (RFC 6143), message by message.

Everything that reaches the X server was understood here first. Handshake: version 003.008, security
type None (the socket's permissions are the lock), the shared flag always set. Messages that type,
point or paste are dropped unless they may pass; a change of the desktop's size is always dropped,
because the recording has one size; what is not known ends the connection.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Final

VERSION: Final = b"RFB 003.008\n"
#: Most bytes of a pasted text.
MAX_CUT: Final = 1 << 20
_MAX_ENCODINGS: Final = 1024
_NONE: Final = 1

# RFC 6143 §7.5, and the extensions registered with IANA that noVNC and TigerVNC speak.
_SET_PIXEL_FORMAT, _SET_ENCODINGS, _UPDATE_REQUEST = 0, 2, 3
_KEY, _POINTER, _CUT = 4, 5, 6
_CONTINUOUS_UPDATES, _FENCE, _XVP, _SET_DESKTOP_SIZE, _QEMU = 150, 248, 250, 251, 255
#: Bytes of the messages whose length is fixed.
_FIXED: Final = {
    _SET_PIXEL_FORMAT: 20,
    _UPDATE_REQUEST: 10,
    _KEY: 8,
    _POINTER: 6,
    _CONTINUOUS_UPDATES: 10,
    _XVP: 4,
}
_INPUT: Final = frozenset({_KEY, _POINTER, _CUT, _QEMU})
_NEVER: Final = frozenset({_XVP, _SET_DESKTOP_SIZE})


class BadMessage(ValueError):
    """Bytes that no client of ours sends; the connection ends."""


@dataclass(slots=True)
class Passed:
    """What came of the messages so far, in messages: ``input`` reached the desktop, ``held`` did
    not."""

    input: int = 0
    held: int = 0


class ClientFilter:
    """Reads a client's bytes in whatever pieces they come and gives back those that may pass.

    Args:
        may_type: asked for every message of input.
    """

    def __init__(self, may_type: Callable[[], bool]) -> None:
        self.passed = Passed()
        self._may_type = may_type
        self._buffer = bytearray()
        self._out = bytearray()
        self._reader = self._read()
        self._wanted = next(self._reader)

    def feed(self, data: bytes) -> bytes:
        """What may go on to the desktop now.

        Raises:
            BadMessage: the connection must end; nothing of the message passes.
        """
        self._buffer += data
        while len(self._buffer) >= self._wanted:
            taken = bytes(self._buffer[: self._wanted])
            del self._buffer[: self._wanted]
            self._wanted = self._reader.send(taken)
        out = bytes(self._out)
        self._out.clear()
        return out

    def _read(self) -> Generator[int, bytes, None]:
        """Yields how many bytes it needs next, is sent exactly those."""
        if (yield len(VERSION)) != VERSION:
            raise BadMessage("another version than RFB 3.8")
        self._out += VERSION
        if (yield 1)[0] != _NONE:
            raise BadMessage("another security type than None")
        self._out.append(_NONE)
        yield 1
        self._out.append(1)  # shared: nobody's arrival ends another's view
        while True:
            head = yield 1
            kind = head[0]
            message = head + (yield from self._rest(kind))
            if self._passes(kind):
                self._out += message

    def _rest(self, kind: int) -> Generator[int, bytes, bytes]:
        """The message after its first byte."""
        if kind in _FIXED:
            return (yield _FIXED[kind] - 1)
        if kind == _SET_ENCODINGS:
            head = yield 3
            count = int.from_bytes(head[1:3])
            if count > _MAX_ENCODINGS:
                raise BadMessage("too many encodings")
            return head + ((yield 4 * count) if count else b"")
        if kind == _CUT:
            head = yield 7
            # A negative length announces the extended clipboard; its size is the same number.
            size = abs(int.from_bytes(head[3:7], signed=True))
            if size > MAX_CUT:
                raise BadMessage("too much text pasted at once")
            return head + ((yield size) if size else b"")
        if kind == _FENCE:
            head = yield 8
            size = head[7]
            if size > 64:
                raise BadMessage("a fence longer than 64 bytes")
            return head + ((yield size) if size else b"")
        if kind == _SET_DESKTOP_SIZE:
            head = yield 7
            return head + ((yield 16 * head[5]) if head[5] else b"")
        if kind == _QEMU:
            head = yield 1
            if head[0] != 0:
                raise BadMessage("another QEMU message than a key")
            return head + (yield 10)
        raise BadMessage(f"message type {kind} is not known here")

    def _passes(self, kind: int) -> bool:
        if kind in _NEVER:
            return False
        if kind not in _INPUT:
            return True
        if self._may_type():
            self.passed.input += 1
            return True
        self.passed.held += 1
        return False
