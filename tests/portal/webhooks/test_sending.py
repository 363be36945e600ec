"""One attempt against a real listener: pinned, bounded, never redirected."""

from __future__ import annotations

import datetime as dt
import ssl
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from portal.webhooks.addresses import read_url
from portal.webhooks.sending import KEPT, Sender
from tests.portal.webhooks.conftest import LOCAL
from tests.portal.webhooks.listener import Listener


def _url(listener: Listener, host: str = "hook.example", scheme: str = "http"):  # type: ignore[no-untyped-def]
    return read_url(f"{scheme}://{host}:{listener.port}/in?x=1", https_only=False)


def _sender(timeout: float = 60.0, **more: object) -> Sender:
    return Sender(timeout, LOCAL, lambda *_: ["127.0.0.1"], **more)  # type: ignore[arg-type]


def test_the_name_is_sent_and_the_checked_address_connected_to(listener: Listener) -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    listener.status, listener.answer = 200, b"thank you"
    outcome = Sender(60, LOCAL, resolve).post(_url(listener), b"{}", {"webhook-id": "m"})
    assert (outcome.ok, outcome.status, outcome.answer) == (True, 200, "thank you")
    assert asked == ["hook.example"], "the name is looked up once, and never by the connection"
    received = listener.received[0]
    assert received.path == "/in?x=1"
    assert received.headers["host"] == f"hook.example:{listener.port}"
    assert received.body == b"{}"


def test_a_name_that_turns_private_later_reaches_nothing(listener: Listener) -> None:
    answers = [["93.184.216.34"], ["127.0.0.1"]]
    sender = Sender(5, (), lambda *_: answers.pop(0))
    from portal.webhooks.addresses import judged

    assert judged(_url(listener), sender.resolve) == ("93.184.216.34",)  # as when it was added
    outcome = sender.post(_url(listener), b"{}", {})
    assert (outcome.fault, outcome.status) == ("address", None)
    assert listener.connections == 0


def test_one_private_address_among_public_ones_reaches_nothing(listener: Listener) -> None:
    sender = Sender(5, (), lambda *_: ["127.0.0.1", "93.184.216.34"])
    assert sender.post(_url(listener), b"{}", {}).fault == "address"
    assert listener.connections == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(listener: Listener, status: int) -> None:
    listener.status = status
    listener.headers = {"Location": f"http://127.0.0.1:{listener.port}/metadata"}
    outcome = _sender().post(_url(listener), b"{}", {})
    assert (outcome.fault, outcome.status) == ("redirect", status)
    assert len(listener.received) == 1


@pytest.mark.parametrize(("status", "fault"), [(400, "status"), (500, "status"), (410, "gone")])
def test_refusals(listener: Listener, status: int, fault: str) -> None:
    listener.status, listener.headers = status, {"Retry-After": "99999999"}
    outcome = _sender().post(_url(listener), b"{}", {})
    assert (outcome.fault, outcome.status, outcome.pause) == (fault, status, 3600)


def test_an_answer_without_end_is_cut(listener: Listener) -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100_000):
            handler.wfile.write(b"x\x00\xff" * 1000)

    listener.behave = endless
    outcome = _sender().post(_url(listener), b"{}", {})
    assert outcome.ok
    assert len(outcome.answer) == KEPT
    assert "\x00" not in outcome.answer


def test_headers_without_end_are_refused(listener: Listener) -> None:
    def chatty(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        for number in range(1000):
            handler.send_header(f"X-{number}", "y" * 1000)
        handler.end_headers()

    listener.behave = chatty
    assert _sender().post(_url(listener), b"{}", {}).fault == "broken"


def test_a_dripping_answer_ends_with_the_time_limit(listener: Listener) -> None:
    import time

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        for _ in range(1000):
            handler.wfile.write(b".")
            handler.wfile.flush()
            time.sleep(0.05)

    listener.behave = drip
    outcome = _sender(0.5).post(_url(listener), b"{}", {})
    assert outcome.fault == "timeout"
    assert outcome.milliseconds < 30_000


def test_a_receiver_that_hangs_up(listener: Listener) -> None:
    listener.behave = lambda handler: handler.connection.close()
    assert _sender().post(_url(listener), b"{}", {}).fault == "broken"


def test_nobody_listens() -> None:
    silent = Listener(port=1)
    url = read_url("http://hook.example:1025/", https_only=False)
    outcome = _sender().post(url, b"{}", {})
    assert (outcome.fault, outcome.status) == ("unreachable", None)
    assert silent.received == []


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate of hook.example that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hook.example")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hook.example")]), False)
        .sign(key, hashes.SHA256())
    )
    chain, private = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return chain, private


def test_tls_is_spoken_with_the_name_over_the_pinned_address(
    certificate: tuple[Path, Path],
) -> None:
    chain, private = certificate
    names: list[str] = []
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(chain, private)
    server_side.sni_callback = lambda _socket, name, _context: names.append(name)  # type: ignore[assignment, misc]
    secure = Listener()
    server = secure.start(server_side)
    trusting = ssl.create_default_context(cafile=str(chain))
    try:
        good = _sender(context=trusting).post(_url(secure, scheme="https"), b"{}", {})
        other = _sender(context=trusting).post(
            _url(secure, "other.example", scheme="https"), b"{}", {}
        )
        unknown = _sender().post(_url(secure, scheme="https"), b"{}", {})
    finally:
        server.shutdown()
        server.server_close()
    assert good.ok
    assert names[0] == "hook.example"
    assert (other.fault, unknown.fault) == ("tls", "tls")
    assert len(secure.received) == 1


def test_plain_text_where_tls_is_expected(listener: Listener) -> None:
    outcome = _sender().post(_url(listener, scheme="https"), b"{}", {})
    assert outcome.fault == "tls"
