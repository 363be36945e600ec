"""What other people's tools fetch, over real HTTP."""

from __future__ import annotations

import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from asn1crypto import crl, x509
from flask import Flask
from werkzeug.serving import make_server

from chain_adapter import Digest, Entry, EntryKey
from chain_adapter.note import Note
from portal.app import create_app
from portal.services import Services
from tests.portal.client import PortalClient
from timestamping.verifier import verify_response

QUERY = "application/timestamp-query"
REPLY = "application/timestamp-reply"


@pytest.fixture
def server(app: Flask) -> Iterator[str]:
    """The portal on a port of 127.0.0.1."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


def _openssl(*arguments: str | Path) -> str:
    done = subprocess.run(
        ["openssl", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def _append(services: Services, count: int) -> None:
    key = EntryKey.generate()
    digest = Digest("sha256", bytes(32))
    entries = [
        key.sign(Entry("test", f"n{n}", (digest,), bytes(32), bytes(32), key.key_id, key.key_id))
        for n in range(count)
    ]
    services.ledger.append(entries)


class TestTimestamps:
    @pytest.fixture
    def query(self, tmp_path: Path) -> Path:
        """What `openssl ts -query` asks about a file."""
        data, query = tmp_path / "data", tmp_path / "data.tsq"
        data.write_bytes("公证".encode())
        _openssl("ts", "-query", "-data", data, "-sha256", "-cert", "-out", query)
        return query

    def test_openssl_asks_and_accepts(self, server: str, query: Path, tmp_path: Path) -> None:
        headers = {"Content-Type": QUERY}
        request = urllib.request.Request(f"{server}/tsa", query.read_bytes(), headers)
        with urllib.request.urlopen(request) as answer:
            assert answer.headers["Content-Type"] == REPLY
            assert "Set-Cookie" not in answer.headers
            reply = tmp_path / "data.tsr"
            reply.write_bytes(answer.read())
        root = tmp_path / "root.pem"
        with urllib.request.urlopen(f"{server}/pki/root.crt") as answer:
            (tmp_path / "root.crt").write_bytes(answer.read())
        _openssl("x509", "-inform", "DER", "-in", tmp_path / "root.crt", "-out", root)
        said = _openssl("ts", "-verify", "-in", reply, "-queryfile", query, "-CAfile", root)
        assert "Verification: OK" in said

    def test_a_rejection_is_a_reply_too(self, client: PortalClient, services: Services) -> None:
        answer = client.post("/tsa", data=b"garbage", content_type=QUERY)
        assert (answer.status_code, answer.content_type) == (200, REPLY)
        verdict = verify_response(answer.data, services.pki.trust())
        assert not verdict.ok
        assert "rejection" in verdict.failed.detail

    @pytest.mark.parametrize(
        ("method", "media", "size", "status"),
        [
            ("GET", QUERY, 0, 405),
            ("PUT", QUERY, 10, 405),
            ("POST", "application/octet-stream", 10, 415),
            ("POST", "", 10, 415),
            ("POST", QUERY, 70_000, 413),
        ],
    )
    def test_what_is_no_query(
        self, client: PortalClient, method: str, media: str, size: int, status: int
    ) -> None:
        answer = client.open("/tsa", method=method, data=b"x" * size, content_type=media)
        assert answer.status_code == status

    def test_a_portal_with_an_outside_authority_serves_none(self, services: Services) -> None:
        app = create_app(services=replace(services, authority=None))
        answer = app.test_client().post(
            "/tsa", data=b"x", content_type=QUERY, headers={"Accept-Language": "en"}
        )
        assert answer.status_code == 404
        assert "no time-stamping authority" in answer.text


class TestLedger:
    def test_a_checkpoint_is_a_signed_note_anybody_may_read(
        self, client: PortalClient, services: Services
    ) -> None:
        _append(services, 3)
        answer = client.get("/ledger/checkpoint")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert "max-age=1" in answer.headers["Cache-Control"]
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        key = client.get("/ledger/key").text.strip()
        assert key == services.ledger.vkey
        note = Note.parse(answer.text)
        assert note.text.split("\n")[0:2] == [services.ledger.id, "3"]

    def test_tiles(self, client: PortalClient, services: Services) -> None:
        _append(services, 300)
        full = client.get("/ledger/tile/0/000")
        assert (full.status_code, len(full.data)) == (200, 256 * 32)
        assert full.content_type == "application/octet-stream"
        assert "immutable" in full.headers["Cache-Control"]
        partial = client.get("/ledger/tile/0/001.p/44")
        assert len(partial.data) == 44 * 32
        assert "immutable" not in partial.headers["Cache-Control"]
        entries = client.get("/ledger/tile/entries/001.p/44")
        assert entries.data.count(b'"kind":"test"') == 44

    @pytest.mark.parametrize(
        "path",
        ["0/009", "0/1", "9/000", "../../etc/passwd", "0/000.p/0", "entries/x", "0/" + "9" * 99],
    )
    def test_what_is_no_tile(self, client: PortalClient, path: str) -> None:
        assert client.get(f"/ledger/tile/{path}").status_code == 404

    def test_nothing_published_carries_a_cookie(self, login, user, services) -> None:  # type: ignore[no-untyped-def]
        _append(services, 1)
        client = login(user)
        for path in ("/ledger/checkpoint", "/ledger/key", "/pki/root.crt", "/static/js/portal.js"):
            answer = client.get(path)
            assert answer.status_code == 200, path
            answer.close()
            assert "Set-Cookie" not in answer.headers, path
            assert "Cookie" not in answer.headers.get("Vary", ""), path


class TestCertificates:
    def test_root_and_revocation_list_belong_together(self, client: PortalClient) -> None:
        root = client.get("/pki/root.crt")
        assert root.content_type == "application/pkix-cert"
        certificate = x509.Certificate.load(root.data)
        assert certificate.self_signed in ("maybe", "yes")
        listed = client.get("/pki/root.crl")
        assert listed.content_type == "application/pkix-crl"
        issued_by = crl.CertificateList.load(listed.data).issuer
        assert issued_by == certificate.subject
