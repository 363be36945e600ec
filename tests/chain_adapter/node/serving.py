"""What deposit nodes are tested against: a log and a TSA over HTTP, a platform, nodes as processes.

Standard library servers on 127.0.0.1; nothing of the portal. ::

    with LogServer(ledger) as log, tsa(tmp_path) as stamps:
        platform = Platform(stamps)
        entry, supplement = platform.deposit("one")
        log.append([(entry, supplement)])
        node = NodeProcess(tmp_path / "a", wanted("node-a.example", log, platform))
        node.start(); node.add_checkpoint(log)
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain_adapter import Digest, Entry, EntryKey, LedgerError, NotFound, digest_of
from chain_adapter.checkpoint import Checkpoint, sign_checkpoint
from chain_adapter.node.submission import Submission, read_checkpoint
from chain_adapter.note import Note
from chain_adapter.supplement import Supplement
from chain_adapter.tlog import TlogLedger
from tests.chain_adapter.node.asking import ROOT, NodeClient, NodeProcess, Said, ask, wanted
from timestamping.authority import Pki, TsaApplication

__all__ = [
    "ROOT",
    "Beside",
    "LogServer",
    "NodeClient",
    "NodeProcess",
    "Platform",
    "Said",
    "Stamps",
    "ask",
    "forged",
    "signed_by",
    "submission_of",
    "tsa",
    "wanted",
]

Beside = tuple[Entry, Supplement | None]


@dataclass
class Stamps:
    """A time-stamping authority at ``url``; ``roots`` is the PEM file of its root."""

    url: str
    roots: Path
    pki: Pki

    def token(self, digest: Digest) -> bytes:
        return self.pki.authority().issue(digest)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@contextmanager
def tsa(folder: Path) -> Iterator[Stamps]:
    """The embedded authority, answering RFC 3161 over HTTP."""
    pki = Pki.open(
        folder / "pki", passphrase=None, base_url="http://tsa.example", organisation="Test TSA"
    )
    roots = folder / "tsa-roots.pem"
    roots.write_text(pki.trust().roots_pem())
    application = TsaApplication(pki.authority())
    server = make_server("127.0.0.1", 0, application, WSGIServer, handler_class=_Quiet)
    with _running(server):
        yield Stamps(f"http://127.0.0.1:{server.server_port}/tsa", roots, pki)


@dataclass
class Platform:
    """Signs entries with real tokens from ``stamps``."""

    stamps: Stamps
    key: EntryKey = field(
        default_factory=lambda: EntryKey(Ed25519PrivateKey.from_private_bytes(b"p" * 32))
    )

    def deposit(
        self,
        name: str,
        *,
        depositor: EntryKey | None = None,
        by: str = "account:1",
        kind: str = "deposit",
        content: bytes = b"",
        data: bytes | None = None,
    ) -> tuple[Entry, Supplement]:
        """An entry with all that stands beside it; every argument makes it another one."""
        digest = digest_of(content or f"content of {name}".encode())
        token = self.stamps.token(digest)
        entry = Entry(
            kind=kind,
            id=name,
            digests=(digest,),
            token=digest_of(token).value,
            meta=digest_of(b"meta").value,
            by=by if depositor is None else depositor.key_id,
            platform=self.key.key_id,
            data=data,
        )
        public = b""
        if depositor is not None:
            entry = entry.with_signature(depositor.sign_transaction(entry.transaction()))
            public = depositor.public
        return self.key.sign(entry), Supplement(token, public, content)

    def deposits(self, prefix: str, count: int) -> list[tuple[Entry, Supplement]]:
        return [self.deposit(f"{prefix}-{number}") for number in range(count)]


class LogServer:
    """Serves a :class:`TlogLedger` as the portal does: ``/checkpoint``, ``/tile/…``,
    ``/supplement/<first>-<last>``.

    ``lies`` maps a path to what is answered there instead: bytes, or a function of the true answer.
    """

    def __init__(self, ledger: TlogLedger) -> None:
        self.ledger = ledger
        self.supplements: dict[str, Supplement | None] = {}
        self.lies: dict[str, bytes | Callable[[bytes], bytes]] = {}
        self.asked: list[str] = []
        self._server = _LogHttp(("127.0.0.1", 0), _LogHandler)
        self._server.log = self
        self._running = _running(self._server)

    def __enter__(self) -> Self:
        self._running.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.__exit__(None, None, None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/ledger"

    def append(self, deposits: Sequence[Beside]) -> Submission:
        """Record them; the newest checkpoint as it is submitted to a node that has seen none."""
        self.supplements |= {entry.key: beside for entry, beside in deposits}
        self.ledger.append([entry for entry, _ in deposits], [beside for _, beside in deposits])
        return self.submission()

    def submission(self, old: int = 0) -> Submission:
        """The newest checkpoint with its proof from ``old``."""
        return submission_of(self.ledger, self.ledger.latest(), old)

    def answer(self, path: str) -> bytes:
        """Raises LedgerError: there is nothing there."""
        if path == "checkpoint":
            return self.ledger.latest().encode()
        if path.startswith("supplement/"):
            first, _, last = path.removeprefix("supplement/").partition("-")
            return self._supplements(int(first), int(last))
        return self.ledger.tile(path)

    def _supplements(self, first: int, last: int) -> bytes:
        rows = self.ledger.entries(first, last - first + 1)
        if not rows:
            raise NotFound("not yet")
        found = [self.supplements.get(entry.key) for _, entry in rows]
        items = [None if each is None else each.to_object() for each in found]
        return json.dumps({"first": first, "items": items}).encode()


class _LogHttp(ThreadingHTTPServer):
    daemon_threads = True
    log: LogServer

    def handle_error(self, *_: object) -> None:
        """Nodes under test hang up in the middle."""


class _LogHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _LogHttp

    def do_GET(self) -> None:
        path = self.path.removeprefix("/ledger/")
        log = self.server.log
        log.asked.append(path)
        try:
            lie = log.lies.get(path)
            body = lie if isinstance(lie, bytes) else log.answer(path)
            status, body = 200, lie(body) if callable(lie) else body
        except LedgerError as error:
            status, body = 404, str(error).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def submission_of(ledger: TlogLedger, note: str, old: int = 0) -> Submission:
    parsed = Note.parse(note)
    checkpoint = read_checkpoint(parsed.text)
    proof = ledger.consistency(old, checkpoint.size) if old <= checkpoint.size else ()
    return Submission(old, proof, parsed, checkpoint)


def signed_by(ledger: TlogLedger, size: int, root: bytes) -> Note:
    """A checkpoint that the log's own key signs, whatever it says."""
    signer = ledger._writer._append.__self__._signer  # type: ignore[attr-defined]
    return Note.parse(sign_checkpoint(signer, size, root, datetime.now(UTC)).note)


def forged(submission: Submission, ledger: TlogLedger, size: int, root: bytes) -> Submission:
    """``submission`` with another tree, which the log has signed."""
    note = signed_by(ledger, size, root)
    return replace(submission, note=note, checkpoint=Checkpoint(ledger.id, size, root))


@contextmanager
def _running(server: Any) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
