"""HTTP for a node: threads, one for each connection, and none of them for ever.

A connection may be idle for a while between requests; from the first byte of a request on, head and
body have a time limit in all, not for each byte. How many connections there are, in all and from
one address, is bounded: who drips keeps others out of nothing but their own share.
"""

from __future__ import annotations

import contextlib
import io
import socket
import sys
import threading
import time
import traceback
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Final, cast

from chain_adapter.errors import LedgerError
from chain_adapter.node.config import Limits
from chain_adapter.node.incoming import Content, Timed
from chain_adapter.node.routes import Rejection, Request, Response, Routes

_IDLE: Final = 60.0
_HEAD: Final = 10.0
#: A body may take this long, and a second more for each of these bytes.
_BODY: Final = 10.0
_SLOWEST: Final = 64 * 1024
_SEND: Final = 60.0
_BLOCK: Final = 256 * 1024
#: So much of a body nobody wants is read to keep the connection; else it is closed.
_SPILL: Final = 64 * 1024


class NodeServer(ThreadingHTTPServer):
    """Serves ``routes`` at ``address``."""

    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], routes: Routes, limits: Limits) -> None:
        self.routes, self._limits = routes, limits
        self._open: Counter[str] = Counter()
        self._lock = threading.Lock()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for this connection."""
        with self._lock:
            peer = str(client_address[0])
            if (
                self._open.total() >= self._limits.connections
                or self._open[peer] >= self._limits.per_peer
            ):
                return False
            self._open[peer] += 1
            return True

    def process_request(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread for it
            self._closed(client_address)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._closed(client_address)

    def _closed(self, client_address: Any) -> None:
        with self._lock:
            self._open -= Counter([str(client_address[0])])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up in the middle are no news."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            traceback.print_exc()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "notary-node"
    sys_version = ""
    disable_nagle_algorithm: ClassVar[bool] = True
    server: NodeServer

    def setup(self) -> None:
        super().setup()
        self._timed = Timed(self.connection)
        self._reader = io.BufferedReader(self._timed, _BLOCK)
        self.rfile = self._reader

    def handle_one_request(self) -> None:
        self._timed.deadline = time.monotonic() + _IDLE
        try:
            self._reader.peek(1)
        except (OSError, ValueError):
            self.close_connection = True
            return
        self._timed.deadline = time.monotonic() + _HEAD
        super().handle_one_request()

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def _answer(self) -> None:
        try:
            content = Content(self._reader, self._length())
        except Rejection as rejection:  # where the next request begins is uncertain
            self.close_connection = True
            self._send(_refused(rejection), Content(self._reader, 0))
            return
        try:
            response = self._handled(content)
        except Rejection as rejection:
            if rejection.status in (408, 413):
                self.close_connection = True
            response = _refused(rejection)
        except (LedgerError, OSError) as error:
            code = error.code if isinstance(error, LedgerError) else "storage"
            response = _refused(Rejection(503, code, str(error)))
        except Exception:  # noqa: BLE001 - a bug of ours must not take the node down
            traceback.print_exc()
            response = _refused(Rejection(500, "internal", "this node failed; see its log"))
        self._send(response, content)

    def _handled(self, content: Content) -> Response:
        path = self.path.partition("?")[0]
        route, groups = self.server.routes.find(self.command, path)
        if content.length > route.limit:
            raise Rejection(413, "length", f"a request here has at most {route.limit} bytes")
        self._timed.deadline = time.monotonic() + _BODY + content.length / _SLOWEST
        headers = {name.lower(): value for name, value in self.headers.items()}
        peer = str(self.client_address[0])
        return route.handler(Request(self.command, path, groups, headers, content, peer))

    def _length(self) -> int:
        """Raises Rejection: the body's end would be uncertain."""
        told = self.headers.get_all("Content-Length") or []
        if "Transfer-Encoding" in self.headers or len(told) > 1:
            raise Rejection(411, "length", "a body comes with one Content-Length")
        if not told:
            return 0
        if not (told[0].isascii() and told[0].isdigit()) or len(told[0]) > 15:
            raise Rejection(400, "length", "Content-Length is no number")
        return int(told[0])

    def _send(self, response: Response, content: Content) -> None:
        if content.left:
            self._spill(content)
        body = response.body
        length = len(body) if isinstance(body, bytes) else body.stat().st_size
        self.connection.settimeout(_SEND)
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(length))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in response.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "HEAD":
            return
        if isinstance(body, bytes):
            self.wfile.write(body)
            return
        with body.open("rb") as file:
            while data := file.read(_BLOCK):
                self.wfile.write(data)

    def _spill(self, content: Content) -> None:
        if content.left > _SPILL:
            self.close_connection = True
            return
        with contextlib.suppress(Rejection):
            content.read()
        if content.left:
            self.close_connection = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library refuses (an impossible request line, say), in our form."""
        del explain
        self.close_connection = True
        if not hasattr(self, "request_version"):
            self.request_version = "HTTP/1.0"
        sentence = message or "the request cannot be read"
        body = f"{sentence}\n".encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: refusals are on the status page."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing, for the same reason."""


def _refused(rejection: Rejection) -> Response:
    headers = {**rejection.headers, "Notary-Refusal": rejection.code}
    return Response(rejection.body, rejection.status, rejection.content_type, headers)


def serving(server: NodeServer) -> tuple[str, int]:
    """Where ``server`` listens."""
    host, port = cast("tuple[str, int]", server.server_address[:2])
    return host, port
