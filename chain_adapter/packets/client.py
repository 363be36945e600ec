"""A platform's side of ``/packets/…`` at one node: sends, fetches, asks.

A node is a stranger's server: it may be slow, drip, or answer without end. Each exchange has one
time limit, which grows with what is moved, and no answer is read further than it may be long.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO, Final
from urllib.parse import urlsplit

from chain_adapter.keys import EntryKey
from chain_adapter.packets.request import DIGEST, Asked

_BLOCK: Final = 256 * 1024
#: Longest sentence of a node that is read, bytes.
_SENTENCE: Final = 2048
#: A connection slower than this is given up, bytes a second.
_SLOWEST: Final = 64 * 1024


class NodeTrouble(OSError):
    """The node cannot be reached, or refused; ``str()`` is one sentence. ``status`` is its answer,
    0 when none came; ``lasting``: the same request will be refused again."""

    def __init__(self, sentence: str, status: int = 0) -> None:
        super().__init__(sentence)
        self.status = status
        self.lasting = status in (400, 403, 404, 409, 413, 422)


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """``name`` is the node's, as it signs; ``url`` where it answers, without a slash at the end.

    Raises:
        ValueError: not an http(s) address.
    """

    name: str
    url: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise ValueError(f"{self.url!r} is no address of a node")


class PacketClient:
    """Asks nodes as the platform whose ``key`` it has; safe for threads, keeps no connections."""

    def __init__(
        self, key: EntryKey, seconds: float = 20.0, clock: Callable[[], float] = time.time
    ) -> None:
        self._key, self._seconds, self._clock = key, seconds, clock

    def put(self, node: NodeAddress, asked: Asked, packet: BinaryIO) -> bool:
        """Send the packet that ``asked`` names; False when the node had it already.

        Raises:
            NodeTrouble: it is not kept there, as far as anybody knows.
        """
        headers = {"Content-Length": str(asked.length), "Content-Type": "application/octet-stream"}
        with self._answer(node, asked, headers, packet) as answer:
            if answer.status not in (200, 201):
                raise _refused(node, answer)
            if answer.headers.get(DIGEST) != asked.digest.hex():
                raise NodeTrouble(f"{node.name} says it keeps something else", answer.status)
            return answer.status == 201

    def get(self, node: NodeAddress, root: bytes, number: int, limit: int, out: BinaryIO) -> int:
        """Write what the node gives as this packet to ``out``, no more than ``limit`` + 1 bytes;
        how many it was. Nothing is judged here.

        Raises:
            NodeTrouble: the node cannot be reached, or has none.
        """
        asked = Asked("GET", node.name, root, number)
        left = limit + 1
        with self._answer(node, asked, {}, None, limit) as answer:
            if answer.status != 200:
                raise _refused(node, answer)
            while left and (data := answer.read(min(_BLOCK, left))):
                out.write(data)
                left -= len(data)
            if left and answer.length:
                raise NodeTrouble(f"{node.name} cannot be reached: its answer broke off")
        return limit + 1 - left

    @contextmanager
    def _answer(
        self,
        node: NodeAddress,
        asked: Asked,
        headers: Mapping[str, str],
        body: BinaryIO | None,
        expected: int = 0,
    ) -> Iterator[http.client.HTTPResponse]:
        seconds = self._seconds + max(asked.length, expected) / _SLOWEST
        connection = _connection(node, self._seconds)
        wire: list[socket.socket] = []  # http.client forgets its own before the answer is read
        end = threading.Timer(seconds, lambda: _hang_up(wire))
        end.daemon = True
        parts = urlsplit(node.url)
        signed = asked.headers(self._key, int(self._clock()))
        try:
            end.start()
            connection.connect()
            wire.append(connection.sock)
            with suppress(BrokenPipeError, ConnectionResetError):  # refused: the answer says why
                address = parts.path.rstrip("/") + asked.address
                connection.request(asked.method, address, body=body, headers={**headers, **signed})
            yield connection.getresponse()
        except NodeTrouble:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise NodeTrouble(f"{node.name} cannot be reached: {why}") from error
        finally:
            end.cancel()
            connection.close()


def _connection(node: NodeAddress, seconds: float) -> http.client.HTTPConnection:
    parts = urlsplit(node.url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=context)
    return http.client.HTTPConnection(host, parts.port, timeout=seconds)


def _hang_up(wire: list[socket.socket]) -> None:
    """Time is over: socket timeouts alone begin anew with each byte."""
    for each in wire:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def _refused(node: NodeAddress, answer: http.client.HTTPResponse) -> NodeTrouble:
    said = answer.read(_SENTENCE).decode("utf-8", "replace").strip()
    printable = "".join(each if each.isprintable() else " " for each in said)[:300]
    return NodeTrouble(f"{node.name} answered {answer.status}: {printable}", answer.status)
