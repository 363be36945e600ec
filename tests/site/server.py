"""Serving the site, with TLS and without, a thread for each request."""

from __future__ import annotations

import base64
import hashlib
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.site.certificates import Certificates
from tests.site.content import Answer, pages

#: Bytes of one piece of /endless, and seconds between two.
_PIECE = b"\0" * 65536


class Site(ThreadingHTTPServer):
    """``requests`` are the paths that were asked for, in order."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], certificates: Certificates | None = None) -> None:
        super().__init__(address, _Handler)
        self.pages = pages()
        self.requests: list[str] = []
        self.scheme = "http"
        if certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates.chain, certificates.key)
            # Shaken hands in the request's own thread: a client that stalls holds up nobody.
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
            self.scheme = "https"

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"{self.scheme}://{host!s}:{port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away, or do not like the certificate, are no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Site

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.requests.append(self.path)
        if path == "/endless":
            self._endless()
        elif path.startswith("/big/"):
            self._big(int(path.removeprefix("/big/")))
        else:
            self._answer(self.server.pages.get(path) or self.server.pages["/missing"])

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def _answer(self, answer: Answer) -> None:
        time.sleep(answer.delay)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def _big(self, size: int) -> None:
        """A download of ``size`` zero bytes."""
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(size))
        self.send_header("Content-Disposition", "attachment; filename=big.bin")
        self.end_headers()
        while size > 0:
            self.wfile.write(_PIECE[:size])
            size -= len(_PIECE)

    def _endless(self) -> None:
        """A page that never ends."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Connection", "close")
        self.end_headers()
        while True:
            self.wfile.write(b"more\n" * 3)
            time.sleep(0.1)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Tests read ``requests`` instead."""


@contextmanager
def serving(
    bind: str = "127.0.0.1", port: int = 0, certificates: Certificates | None = None
) -> Iterator[Site]:
    """The site, until the block ends."""
    site = Site((bind, port), certificates)
    thread = threading.Thread(target=site.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        site.server_close()
        thread.join()


def fingerprint(certificates: Certificates) -> str:
    """The server key's SPKI digest for Chromium's ``--ignore-certificate-errors-spki-list``."""
    leaf = x509.load_pem_x509_certificate(certificates.chain.read_bytes())
    spki = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()
