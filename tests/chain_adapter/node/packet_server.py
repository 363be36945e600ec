"""A node's packets over real HTTP, without the rest of the node; and nodes that misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from chain_adapter.node.packets import mount
from chain_adapter.node.routes import Rejection, Request, Response, Routes
from chain_adapter.packets.client import NodeAddress


class _Context:
    def __init__(self, folder: Path, name: str, platforms: Mapping[str, bytes]) -> None:
        self.folder, self.name, self.platforms = folder, name, platforms
        self.options: dict[str, Any] = {"packets": {"reserve_bytes": 0}}

    def holds_data(self, root: bytes) -> bool:
        return len(root) == 32


class _Incoming:
    def __init__(self, stream: Any, length: int) -> None:
        self._stream, self.length, self._left = stream, length, length

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        data: bytes = self._stream.read(wanted)
        self._left -= len(data)
        return data


@contextmanager
def packet_node(
    folder: Path, name: str, platforms: Mapping[str, bytes], port: int = 0
) -> Iterator[NodeAddress]:
    """An honest node."""
    routes = Routes()
    folder.mkdir(parents=True, exist_ok=True)
    mount(routes, _Context(folder, name, platforms))

    def answer(handler: BaseHTTPRequestHandler) -> None:
        headers = {key.lower(): value for key, value in handler.headers.items()}
        body = _Incoming(handler.rfile, int(headers.get("content-length", 0)))
        try:
            route, groups = routes.find(handler.command, handler.path)
            found = route.handler(Request(handler.command, handler.path, groups, headers, body))
        except Rejection as error:
            found = Response(error.body, error.status)
        data = found.body.read_bytes() if isinstance(found.body, Path) else found.body
        handler.send_response(found.status)
        for key, value in {**found.headers, "Content-Length": str(len(data))}.items():
            handler.send_header(key, value)
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(data)

    with serving(answer, port) as url:
        yield NodeAddress(name, url)


@contextmanager
def serving(answer: Callable[[BaseHTTPRequestHandler], None], port: int = 0) -> Iterator[str]:
    """``answer`` takes every request; the server's address."""

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            self.close_connection = True
            answer(self)

        do_GET = do_PUT = do_HEAD = _any  # noqa: N815 (names that http.server calls)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
