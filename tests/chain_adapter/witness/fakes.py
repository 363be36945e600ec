"""Nodes made for tests: real HTTP servers that witness as c2sp.org/tlog-witness says, or misbehave
as a test wants. They share no code with the node program, and little with the ledger."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chain_adapter.checkpoint import Checkpoint, cosign, open_checkpoint
from chain_adapter.merkle import EMPTY_ROOT, verify_consistency
from chain_adapter.note import Note, NoteSigner, VerifierKey
from chain_adapter.quorum import Quorum
from chain_adapter.witness import Policy, PolicyNode
from tests.chain_adapter.witness.signers import NODES, cosigned, vkey_of
from tests.ports import free_port

Answer = tuple[int, bytes, str]


class FakeNode:
    """An honest witness of one log. ``behave``, when given, is asked first for each add-checkpoint
    and may answer in its place; ``verdict`` judges entries for ``/examine``."""

    def __init__(self, signer: NoteSigner) -> None:
        self.signer = signer
        self.key: VerifierKey | None = None
        self.size, self.root = 0, EMPTY_ROOT
        self.behave: Callable[[FakeNode, bytes], Answer | None] | None = None
        self.verdict: Callable[[dict[str, Any]], dict[str, Any]] | None = None
        self.status: dict[str, Any] | None = None
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._port = 0

    @property
    def name(self) -> str:
        return self.signer.verifier.name

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Answer, on the same port each time."""
        self._port = self._port or free_port()
        self._server = _Server(("127.0.0.1", self._port), self)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Be gone: connections are refused, those that stand are cut."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.cut()
            self._server = None

    def add_checkpoint(self, body: bytes) -> Answer:
        with self._lock:
            answer = self.behave(self, body) if self.behave is not None else None
            return answer or self.witness(body)

    def witness(self, body: bytes) -> Answer:
        """What the specification says."""
        head, _, text = body.decode().partition("\n\n")
        first, *path = head.split("\n")
        old, proof = int(first.removeprefix("old ")), tuple(map(base64.b64decode, path))
        assert self.key is not None
        checkpoint = open_checkpoint(text, self.key).checkpoint
        if old != self.size:
            return 409, f"{self.size}\n".encode(), "text/x.tlog.size"
        if not verify_consistency(old, checkpoint.size, proof, self.root, checkpoint.root):
            return 422, b"the proof does not fit\n", "text/plain"
        self.size, self.root = checkpoint.size, checkpoint.root
        return 200, self.line(Note.parse(text).text), "text/plain"

    def line(self, text: str) -> bytes:
        return str(cosign(self.signer, text, datetime.now(UTC))).encode()

    def examine(self, body: bytes) -> Answer:
        if self.verdict is None:
            return 404, b"not here\n", "text/plain"
        items = [self.verdict(item) for item in json.loads(body)["items"]]
        return 200, json.dumps({"items": items}).encode(), "application/json"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], node: FakeNode) -> None:
        self.node = node
        self._sockets: set[Any] = set()
        super().__init__(address, _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        self._sockets.add(request)
        super().finish_request(request, client_address)

    def cut(self) -> None:
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Cut connections are what tests do."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        node = self.server.node
        body = self.rfile.read(int(self.headers["Content-Length"]))
        node.asked.append(self.path)
        node.headers.append(dict(self.headers))
        route = node.examine if self.path == "/examine" else node.add_checkpoint
        self._answer(*route(body))

    def do_GET(self) -> None:
        if self.path != "/status" or self.server.node.status is None:
            self._answer(404, b"not here\n", "text/plain")
        else:
            data = json.dumps(self.server.node.status).encode()
            self._answer(200, data, "application/json")

    def _answer(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def fake_nodes(signers: Sequence[NoteSigner] = NODES) -> Iterator[list[FakeNode]]:
    """Running nodes; ``key`` of each is set by :func:`watch`."""
    with ExitStack() as stack:
        nodes = [FakeNode(signer) for signer in signers]
        for node in nodes:
            node.start()
            stack.callback(node.stop)
        yield nodes


def policy_for(nodes: Sequence[FakeNode], need: int = 3, **settings: Any) -> Policy:
    listed = tuple(PolicyNode(node.name, vkey_of(node.signer), node.url) for node in nodes)
    quorum = Quorum(need, tuple(node.vkey for node in listed), settings.pop("since", 0))
    return Policy(quorum, listed, **{"patience": 20.0, "examine": False, **settings})


def watch(nodes: Sequence[FakeNode], vkey: str) -> None:
    """Have the nodes follow the log of this key."""
    for node in nodes:
        node.key = VerifierKey.parse(vkey)


# Ways to misbehave.


def huge(_: FakeNode, __: bytes) -> Answer:
    return 200, b"\xe2\x80\x94 x " + b"A" * 100_000_000, "text/plain"


def silent(_: FakeNode, __: bytes) -> Answer:
    time.sleep(30)
    return 503, b"", "text/plain"


def busy(_: FakeNode, __: bytes) -> Answer:
    return 503, b"no stamp can be had\n", "text/plain"


def forging(node: FakeNode, body: bytes) -> Answer:
    """A line that claims to be the node's and is not."""
    status, line, kind = node.witness(body)
    if status != 200:
        return status, line, kind
    signature = Note.parse("x\n\n" + line.decode()).signatures[0]
    value = signature.value[:-1] + bytes([signature.value[-1] ^ 1])
    return 200, str(type(signature)(signature.name, signature.key_id, value)).encode(), kind


def forking(node: FakeNode, body: bytes) -> Answer:
    """Its own good signature, under another tree of the same size."""
    status, line, kind = node.witness(body)
    if status != 200:
        return status, line, kind
    text = Checkpoint(node.key.name if node.key else "", node.size, b"f" * 32).text()
    return 200, node.line(text), kind


def twice(node: FakeNode, body: bytes) -> Answer:
    status, line, kind = node.witness(body)
    return status, line * (2 if status == 200 else 1), kind


def with_stranger(node: FakeNode, body: bytes) -> Answer:
    """An unknown signature beside its own."""
    status, line, kind = node.witness(body)
    if status == 200:
        other = NoteSigner("stranger.example", node.signer._private)
        note = cosigned("x\n\n" + line.decode(), [other])
        line = note.partition("\n\n")[2].encode()
    return status, line, kind


def boasting(_: FakeNode, __: bytes) -> Answer:
    """Lies about its height."""
    return 409, b"1000000\n", "text/x.tlog.size"


def wavering(node: FakeNode, body: bytes) -> Answer:
    """Names another size each time."""
    known = int(body.split(b"\n", 1)[0].split()[1])
    return 409, b"%d\n" % (0 if known else 1), "text/x.tlog.size"


def babbling(_: FakeNode, __: bytes) -> Answer:
    return 200, b"yes, of course\n", "text/plain"


def senseless(_: FakeNode, __: bytes) -> Answer:
    return 409, b"many\n", "text/plain"
