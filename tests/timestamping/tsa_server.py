"""A TSA over real HTTP on 127.0.0.1 that stamps with the test PKI, or misbehaves as told."""

from __future__ import annotations

import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from asn1crypto import tsp

from tests.timestamping.forge import POLICY, Forge, Tst
from tests.timestamping.pki import TestPki, issue, new_key, stamping

Respond = Callable[[bytes], bytes]
Serve = Callable[["Handler"], None]
REPLY = "application/timestamp-reply"


def pki_of_today() -> TestPki:
    """Valid now, because a fresh token is judged by the clock."""
    today = datetime.now(UTC).replace(microsecond=0)
    span = {"first": today - timedelta(days=1), "last": today + timedelta(days=1)}
    root = issue("Today Root", new_key("p256", 1), None, ca=True, **span)
    middle = issue("Today CA", new_key("p256", 2), root, ca=True, **span)
    return TestPki(root, middle, stamping("Today TSA", new_key("p256", 3), middle, **span))


class TestTsa:
    """Answers requests; ``amend`` changes the time-stamp before it is signed."""

    __test__ = False

    def __init__(self, pki: TestPki) -> None:
        self.pki = pki
        self.requests: list[tsp.TimeStampReq] = []
        self._serials = itertools.count(1)

    def forge(self, request: bytes, **amended: object) -> Forge:
        query = tsp.TimeStampReq.load(request, strict=True)
        self.requests.append(query)
        imprint = query["message_imprint"]
        policy = query["req_policy"].native
        fields: dict[str, object] = {
            "hashed": imprint["hashed_message"].native,
            "imprint_digest": imprint["hash_algorithm"]["algorithm"].native,
            "nonce": query["nonce"].native,
            "policy": policy or POLICY,
            "time": datetime.now(UTC).replace(microsecond=0),
            "serial": next(self._serials),
        }
        certificates = self.pki.chain[:2] if query["cert_req"].native else ()
        tst = Tst(**(fields | amended))  # type: ignore[arg-type]
        return Forge.of(self.pki, tst, certificates=certificates)

    def respond(self, request: bytes) -> bytes:
        return self.forge(request).response()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    serve: Serve

    def do_POST(self) -> None:
        self.query = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).serve(self)

    def answer(self, body: bytes, *, status: int = 200, kind: str = REPLY, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing: tests read requests, not logs."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Clients under test hang up in the middle; that is no news."""


@contextmanager
def serving(serve: Serve, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """URL of a server that handles each POST with ``serve``."""
    handler = type("Told", (Handler,), {"serve": staticmethod(serve)})
    server = _Server(("127.0.0.1", 0), handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        scheme = "http" if context is None else "https"
        yield f"{scheme}://127.0.0.1:{server.server_port}/tsr"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def responding(respond: Respond) -> Serve:
    return lambda handler: handler.answer(respond(handler.query))


@contextmanager
def raw_server(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """URL of a server that does not speak through http.server: ``talk`` has the bare socket."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def loop() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):  # the client hangs up, as it should
                talk(connection)

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/tsr"
    finally:
        stop.set()
        # close() alone leaves accept() waiting.
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
