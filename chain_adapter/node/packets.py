"""``PUT``, ``GET`` and ``HEAD`` of ``/packets/<root>/<n>``: what a node keeps of others' content.

A packet is accepted when all of this holds, checked in this order:

1. The address is a root in hexadecimal and a number from 1 to 255; nothing else is a name here.
2. The length is told beforehand and within the limit.
3. A platform known to the node signed the request: method, node, address, digest, length, path,
   time (:mod:`chain_adapter.packets.request`).
4. Nothing else was accepted at this address.
5. There is room for it.
6. What arrived has the digest signed.
7. It is a packet of this number, and its path leads to the root.

Then it is durable, and never changes. Reading needs a signature too; asking whether it is there
(HEAD) does not. There is no DELETE: content is erased by forgetting its keys.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from chain_adapter.node.packet_store import Full, Held, PacketStore, Staged
from chain_adapter.packets.errors import BadPacket, Refused
from chain_adapter.packets.joining import verify_packet
from chain_adapter.packets.request import (
    DIGEST,
    PATH,
    REQUEST,
    Asked,
    path_text,
    read_address,
    read_digest,
    read_path,
)

#: Where these addresses begin.
PREFIX: Final = "/packets/"
METHODS: Final = ("PUT", "GET", "HEAD")
_BLOCK: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class PacketRequest:
    """``path`` of the URL as it came; ``headers`` by their names in lower case; ``length`` None
    when it was not told."""

    method: str
    path: str
    headers: Mapping[str, str]
    length: int | None = None
    body: BinaryIO | None = None


@dataclass(frozen=True, slots=True)
class PacketAnswer:
    """``body`` is one sentence, or a packet in blocks; ``length`` its bytes. ``unread``: the
    request's body was not read to its end, so the connection has to be closed."""

    status: int
    body: Iterator[bytes]
    length: int
    headers: Mapping[str, str] = field(default_factory=dict)
    unread: bool = False


@dataclass(frozen=True, slots=True)
class _Wrong(Exception):
    status: int
    sentence: str


class Packets:
    """Answers requests for packets; safe for threads.

    Args:
        folder: where they are kept.
        node: the node's name, as platforms sign it.
        platforms: gives key id → public key (32 bytes) of those who may write and read.
        limit: bytes of the largest packet.
        reserve: bytes of the disk that stay free.
        clock: unix seconds.
    """

    def __init__(
        self,
        folder: Path,
        node: str,
        platforms: Callable[[], Mapping[str, bytes]],
        limit: int = 1024**3,
        reserve: int = 256 * 1024**2,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = PacketStore(folder, reserve)
        self._node, self._platforms, self._limit, self._clock = node, platforms, limit, clock

    def handle(self, request: PacketRequest) -> PacketAnswer:
        """Never raises for what a stranger sends."""
        sent = request.method == "PUT"
        try:
            where = read_address(request.path)  # 1
            if where is None:
                raise _Wrong(404, "there is nothing at this address")
            match request.method:
                case "PUT":
                    return self._put(request, *where)
                case "GET":
                    return self._get(request, *where)
                case "HEAD":
                    return self._head(*where)
            raise _Wrong(405, "packets are put and got")
        except _Wrong as wrong:
            return _said(wrong.status, wrong.sentence, unread=sent)
        except Refused as error:
            return _said(403, str(error), unread=sent)
        except BadPacket as error:
            return _said(422, str(error), unread=sent)
        except Full as error:
            return _said(507, str(error), unread=sent)
        except OSError:
            return _said(503, "the node's disk failed", unread=sent)

    def _put(self, request: PacketRequest, root: bytes, number: int) -> PacketAnswer:
        length = request.length  # 2
        if length is None or request.body is None:
            raise _Wrong(411, "the length has to be told beforehand")
        if length > self._limit:
            raise _Wrong(413, f"packets have at most {self._limit} bytes")
        digest = read_digest(request.headers.get(DIGEST.lower(), ""))
        path = read_path(request.headers.get(PATH.lower(), ""))
        asked = Asked("PUT", self._node, root, number, digest, length, path)
        self._require_platform(request, asked)  # 3
        held = self._store.held(root, number)
        if held is not None and held.digest != digest:  # 4
            raise _Wrong(409, "another packet was accepted at this address, and none ever changes")
        try:
            staged = self._store.receive(request.body, length)  # 5
        except EOFError as error:
            raise _Wrong(400, f"the packet is incomplete: {error}") from error
        try:
            return self._accept(staged, asked, held)
        finally:
            staged.discard()

    def _accept(self, staged: Staged, asked: Asked, held: Held | None) -> PacketAnswer:
        if staged.digest != asked.digest:  # 6
            raise _Wrong(400, "what arrived has another digest than was signed")
        with staged.open() as packet:  # 7
            verify_packet(packet, asked.number, asked.path, asked.root, self._limit)
        if held is not None and self._store.sound(asked.root, asked.number, held):
            return _said(200, "kept already", _facts(held))
        self._store.keep(staged, asked.root, asked.number, asked.path)
        return _said(201, "kept", _facts(Held(asked.digest, asked.length, asked.path)))

    def _get(self, request: PacketRequest, root: bytes, number: int) -> PacketAnswer:
        self._require_platform(request, Asked("GET", self._node, root, number))
        held = self._require_held(root, number)
        file = self._store.open(root, number)
        return PacketAnswer(200, _blocks(file), held.length, _facts(held))

    def _head(self, root: bytes, number: int) -> PacketAnswer:
        held = self._require_held(root, number)
        return PacketAnswer(200, iter(()), held.length, _facts(held))

    def _require_platform(self, request: PacketRequest, asked: Asked) -> None:
        given = request.headers.get(REQUEST.lower(), "")
        asked.check(given, self._platforms(), int(self._clock()))

    def _require_held(self, root: bytes, number: int) -> Held:
        held = self._store.held(root, number)
        if held is None:
            raise _Wrong(404, "this packet is not kept here")
        return held


def _facts(held: Held) -> dict[str, str]:
    return {DIGEST: held.digest.hex(), PATH: path_text(held.path)}


def _said(
    status: int, sentence: str, headers: Mapping[str, str] | None = None, *, unread: bool = False
) -> PacketAnswer:
    data = (sentence + "\n").encode()
    return PacketAnswer(status, iter((data,)), len(data), headers or {}, unread)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while data := file.read(_BLOCK):
            yield data
