"""``PUT``, ``GET`` and ``HEAD`` of ``/packets/<root>/<n>``: what a node keeps of others' content.

A packet is accepted when all of this holds, checked in this order:

1. The address is a root in hexadecimal and a number from 1 to 255; nothing else is a name here.
2. It is not longer than the limit.
3. A platform known to the node signed the request: method, node, address, digest, length, path,
   time (:mod:`chain_adapter.packets.request`).
4. Nothing else was accepted at this address.
5. An entry in the node's own copy of the log commits to the root (unless switched off).
6. There is room for it.
7. What arrived has the digest signed.
8. It is a packet of this number, and its path leads to the root.

Then it is durable, and never changes. Reading needs a signature too; asking whether it is there
(HEAD) does not. There is no DELETE: content is erased by forgetting its keys.

Options, in the table ``[packets]`` of node.toml: ``max_bytes`` of one packet (1 GiB),
``reserve_bytes`` of the disk that stay free (256 MiB), ``committed`` (true: check 5).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from chain_adapter.node.packet_store import Full, Held, PacketStore, Staged
from chain_adapter.node.routes import Context, Rejection, Request, Response, Routes
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

_PATTERN: Final = r"/packets/[^/]+/[^/]+"
_LARGEST: Final = 1024**3
_RESERVE: Final = 256 * 1024**2
_BYTES: Final = "application/octet-stream"


class Packets:
    """Answers requests for packets; safe for threads. ``clock`` gives unix seconds.

    Raises:
        ValueError: an option that makes no sense.
    """

    def __init__(self, context: Context, clock: Callable[[], float] = time.time) -> None:
        options = context.options.get("packets", {})
        self.limit = _whole(options, "max_bytes", _LARGEST)
        self._committed = bool(options.get("committed", True))
        reserve = _whole(options, "reserve_bytes", _RESERVE)
        self._store = PacketStore(context.folder / "packets", reserve)
        self._context, self._clock = context, clock

    def put(self, request: Request) -> Response:
        with _told():
            root, number = _address(request.path)  # 1
            length = request.content.length
            if length > self.limit:  # 2
                sentence = f"packets have at most {self.limit} bytes"
                raise Rejection(413, "packet_too_large", sentence)
            digest = read_digest(request.headers.get(DIGEST.lower(), ""))
            path = read_path(request.headers.get(PATH.lower(), ""))
            asked = Asked("PUT", self._context.name, root, number, digest, length, path)
            self._require_platform(request, asked)  # 3
            held = self._store.held(root, number)
            if held is not None and held.digest != digest:  # 4
                sentence = "another packet was accepted at this address, and none ever changes"
                raise Rejection(409, "packet_immutable", sentence)
            if self._committed and not self._context.holds_data(root):  # 5
                sentence = "no entry in this node's copy commits to this root yet"
                raise Rejection(425, "packet_early", sentence)
            staged = self._store.receive(request.content, length)  # 6
            try:
                return self._accept(staged, asked, held)
            finally:
                staged.discard()

    def get(self, request: Request) -> Response:
        with _told():
            root, number = _address(request.path)
            self._require_platform(request, Asked("GET", self._context.name, root, number))
            return self._kept(root, number)

    def head(self, request: Request) -> Response:
        """Whether it is there; the server sends no body."""
        with _told():
            return self._kept(*_address(request.path))

    def _accept(self, staged: Staged, asked: Asked, held: Held | None) -> Response:
        if staged.digest != asked.digest:  # 7
            sentence = "what arrived has another digest than was signed"
            raise Rejection(400, "packet_digest", sentence)
        with staged.open() as packet:  # 8
            verify_packet(packet, asked.number, asked.path, asked.root, self.limit)
        if held is not None and self._store.sound(asked.root, asked.number, held):
            return Response(b"kept already\n", 200, headers=_facts(held))
        self._store.keep(staged, asked.root, asked.number, asked.path)
        kept = Held(asked.digest, asked.length, asked.path)
        return Response(b"kept\n", 201, headers=_facts(kept))

    def _kept(self, root: bytes, number: int) -> Response:
        held = self._store.held(root, number)
        if held is None:
            raise Rejection(404, "packet_unknown", "this packet is not kept here")
        return Response(self._store.place(root, number), 200, _BYTES, _facts(held))

    def _require_platform(self, request: Request, asked: Asked) -> None:
        given = request.headers.get(REQUEST.lower(), "")
        asked.check(given, self._context.platforms, int(self._clock()))


def mount(routes: Routes, context: Context) -> None:
    """Let the node keep packets.

    Raises:
        ValueError: an option that makes no sense.
    """
    packets = Packets(context)
    routes.add("PUT", _PATTERN, packets.put, limit=packets.limit)
    routes.add("GET", _PATTERN, packets.get)
    routes.add("HEAD", _PATTERN, packets.head)


@contextmanager
def _told() -> Iterator[None]:
    """Errors of packets and of the disk as answers."""
    try:
        yield
    except Refused as error:
        raise Rejection(403, "packet_refused", str(error)) from error
    except BadPacket as error:
        raise Rejection(422, "packet_bad", str(error)) from error
    except EOFError as error:
        raise Rejection(400, "packet_short", f"the packet is incomplete: {error}") from error
    except Full as error:
        raise Rejection(507, "packet_no_room", str(error)) from error
    except OSError as error:
        raise Rejection(503, "packet_disk", "the node's disk failed") from error


def _address(path: str) -> tuple[bytes, int]:
    where = read_address(path)
    if where is None:
        raise Rejection(404, "path", "there is nothing here by that name")
    return where


def _facts(held: Held) -> dict[str, str]:
    return {DIGEST: held.digest.hex(), PATH: path_text(held.path)}


def _whole(options: Mapping[str, Any], name: str, default: int) -> int:
    value = options.get(name, default)
    if type(value) is not int or value < 0:
        raise ValueError(f"[packets] {name} is a number of bytes, not {value!r}")
    return value
