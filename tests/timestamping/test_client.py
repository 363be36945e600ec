"""The HTTP stamper against a real server that behaves, and one for each way not to."""

from __future__ import annotations

import gzip
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import tsp

from chain_adapter.digest import Digest, digest_of
from tests.timestamping.forge import integer, seq, tlv
from tests.timestamping.pki import issue, new_key
from tests.timestamping.tsa_server import (
    REPLY,
    Handler,
    Serve,
    TestTsa,
    pki_of_today,
    raw_server,
    responding,
    serving,
)
from timestamping.client import HttpStamper, encode_request
from timestamping.errors import (
    BadReply,
    TimestampError,
    TokenRefused,
    TsaRejected,
    TsaTimeout,
    TsaUnavailable,
    UnsupportedDigest,
)
from timestamping.trust import TrustStore

PKI = pki_of_today()
DIGEST = digest_of(b"a deed")


@pytest.fixture
def tsa() -> TestTsa:
    return TestTsa(PKI)


@pytest.fixture
def url(tsa: TestTsa) -> Iterator[str]:
    with serving(responding(tsa.respond)) as address:
        yield address


OPENED: list[HttpStamper] = []


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


def stamper(url: str, **settings: object) -> HttpStamper:
    """Closed when the test is over."""
    OPENED.append(
        HttpStamper(url, **({"trust": PKI.trust, "timeout": 60.0, "label": "Test"} | settings))
    )  # type: ignore[arg-type]
    return OPENED[-1]


def test_a_token_comes_back_verified_and_labelled(url: str) -> None:
    with stamper(url, independent=True) as one:
        token = one.stamp(DIGEST)
    assert (token.imprint, token.source, token.independent) == (DIGEST, "Test", True)
    assert abs(token.gen_time - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_the_request_says_what_was_meant(url: str, tsa: TestTsa, algorithm: str) -> None:
    """The library's defaults would ask for SHA-1, without nonce and without certificates."""
    digest = digest_of(b"x", algorithm)
    stamper(url, policy="1.2.3.9").stamp(digest)
    (request,) = tsa.requests
    imprint = request["message_imprint"]
    assert imprint["hash_algorithm"]["algorithm"].native == algorithm
    assert imprint["hashed_message"].native == digest.value
    assert request["cert_req"].native is True
    assert request["req_policy"].native == "1.2.3.9"
    assert 0 <= request["nonce"].native < 2**64


def test_nonces_differ(url: str, tsa: TestTsa) -> None:
    stamper(url).stamp_many([DIGEST] * 8)
    assert len({request["nonce"].native for request in tsa.requests}) == 8


def test_many_tokens_keep_the_order(url: str) -> None:
    digests = [digest_of(bytes((number,))) for number in range(9)]
    tokens = stamper(url).stamp_many(digests)
    assert [token.imprint for token in tokens] == digests
    assert stamper(url).stamp_many([]) == []


def test_other_digests_are_not_sent(url: str, tsa: TestTsa) -> None:
    with pytest.raises(UnsupportedDigest, match="not over sm3"):
        stamper(url).stamp(Digest("sm3", bytes(32)))
    assert tsa.requests == []


def test_granted_with_modifications_is_accepted(tsa: TestTsa) -> None:
    with serving(responding(lambda query: tsa.forge(query).response(1))) as url:
        assert stamper(url).stamp(DIGEST).imprint == DIGEST


def test_basic_authentication_is_sent_and_never_shown(tsa: TestTsa) -> None:
    seen: list[str] = []

    def serve(handler: Handler) -> None:
        seen.append(handler.headers["Authorization"])
        handler.answer(b"", status=401, kind="text/html")

    with serving(serve) as url:
        secret = url.replace("http://", "http://us%40er:pass-word@")
        with pytest.raises(BadReply, match="HTTP 401") as caught:
            stamper(secret).stamp(DIGEST)
    assert seen == ["Basic dXNAZXI6cGFzcy13b3Jk"]
    assert "pass-word" not in str(caught.value)
    assert "pass-word" not in HttpStamper(secret, PKI.trust).label


def test_a_kept_connection_is_used_again_and_replaced_when_stale(tsa: TestTsa) -> None:
    ports: list[int] = []

    def serve(handler: Handler) -> None:
        ports.append(handler.client_address[1])
        handler.answer(tsa.respond(handler.query))
        # Hangs up without saying so, as servers do with idle connections.
        handler.close_connection = len(ports) == 2

    with serving(serve) as url, stamper(url) as one:
        for _ in range(3):
            one.stamp(DIGEST)
            time.sleep(0.05)
    assert ports[0] == ports[1] != ports[2]


# Replies that are well-formed HTTP and still no token.


def amended(**fields: object) -> Serve:
    return responding(lambda query: TestTsa(PKI).forge(query, **fields).response())


def rejecting(failure_bit: int, status: int = 2, text: str = "") -> Serve:
    octets = bytearray(1 + failure_bit // 8 + 1)
    octets[1 + failure_bit // 8] = 0x80 >> failure_bit % 8
    octets[0] = 7 - failure_bit % 8
    words = seq(tlv(0x0C, text.encode())) if text else b""
    return responding(lambda _: seq(seq(integer(status), words, tlv(0x03, bytes(octets)))))


REFUSED: dict[str, tuple[Serve, str]] = {
    "wrong nonce": (amended(nonce=1), "nonce"),
    "no nonce": (amended(nonce=None), "nonce"),
    "wrong imprint": (amended(hashed=bytes(32)), "imprint"),
    "wrong policy": (amended(policy="1.2.3.4.99"), "policy"),
    "an hour late": (amended(time=datetime.now(UTC) - timedelta(hours=1)), "gen-time"),
    "an hour early": (amended(time=datetime.now(UTC) + timedelta(hours=1)), "gen-time"),
    "signed by another": (
        responding(
            lambda query: (
                TestTsa(PKI)
                .forge(query)
                .but(sign_with=issue("X", new_key("p256", 9), None))
                .response()
            )
        ),
        "signature",
    ),
    "no certificates": (
        responding(lambda query: TestTsa(PKI).forge(query).but(certificates=()).response()),
        "signer",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_token_is_refused_by_the_verifier(case: str) -> None:
    serve, code = REFUSED[case]
    with serving(serve) as url, pytest.raises(TokenRefused) as caught:
        stamper(url, policy="1.2.3.4.1").stamp(DIGEST)
    failed = caught.value.verdict.failed
    assert failed is not None
    assert failed.code == code
    assert (caught.value.code, caught.value.retryable) == ("token-refused", False)
    assert str(caught.value) == f"the reply of Test is refused: {failed.detail}"


def test_a_token_under_no_trusted_root_is_refused(url: str) -> None:
    for trust in (TrustStore(), TrustStore((issue("X", new_key(), None, ca=True).der,))):
        with pytest.raises(TokenRefused, match="trusted root"):
            stamper(url, trust=trust).stamp(DIGEST)


@pytest.mark.parametrize(
    ("bit", "failure", "retryable"),
    [
        (0, "badAlg", False),
        (2, "badRequest", False),
        (5, "badDataFormat", False),
        (14, "timeNotAvailable", True),
        (15, "unacceptedPolicy", False),
        (16, "unacceptedExtension", False),
        (17, "addInfoNotAvailable", True),
        (25, "systemFailure", True),
    ],
)
def test_a_rejection_is_told_with_its_reason(bit: int, failure: str, retryable: bool) -> None:
    with (
        serving(rejecting(bit, text="今天不行")) as url,
        pytest.raises(TsaRejected, match="今天不行") as caught,
    ):
        stamper(url).stamp(DIGEST)
    error = caught.value
    assert (error.status, error.failure, error.retryable) == ("rejection", failure, retryable)
    assert str(error) == f"Test rejected the request (rejection, {failure}): 今天不行"


def test_a_rejection_that_carries_a_token_is_a_rejection(tsa: TestTsa) -> None:
    with (
        serving(responding(lambda query: tsa.forge(query).response(2))) as url,
        pytest.raises(TsaRejected, match=r"Test rejected the request \(rejection\)$"),
    ):
        stamper(url).stamp(DIGEST)


def test_waiting_may_be_asked_again() -> None:
    with (
        serving(responding(lambda _: seq(seq(integer(3))))) as url,
        pytest.raises(TsaRejected) as caught,
    ):
        stamper(url).stamp(DIGEST)
    assert (caught.value.status, caught.value.retryable) == ("waiting", True)


# Replies that are no time-stamp replies at all.


def answering(body: bytes, **how: object) -> Serve:
    return lambda handler: handler.answer(body, **how)  # type: ignore[arg-type]


def endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", REPLY)
    handler.end_headers()
    for _ in range(10_000):
        handler.wfile.write(b"0" * 4096)


FAULTS: dict[str, tuple[Serve, type[TimestampError], str, str]] = {
    "HTML": (
        answering(b"<html>Please sign in</html>", kind="text/html; charset=utf-8"),
        BadReply,
        "bad-reply-type",
        "text/html, not application/timestamp-reply",
    ),
    "HTML that claims to be a reply": (
        answering(b"<html>Please sign in</html>"),
        BadReply,
        "bad-reply-form",
        "no time-stamp response",
    ),
    "no content type": (answering(b"x", kind=""), BadReply, "bad-reply-type", "no content type"),
    "compressed": (
        answering(gzip.compress(b"x" * 100_000), Content_Encoding="gzip"),
        BadReply,
        "bad-reply-type",
        "not application/timestamp-reply",
    ),
    "nothing": (answering(b""), BadReply, "bad-reply-form", "no time-stamp response"),
    "garbage": (answering(bytes(range(256))), BadReply, "bad-reply-form", "no time-stamp response"),
    "too large": (answering(b"0" * 65_537), BadReply, "bad-reply-size", "more than 65536"),
    "endless": (endless, BadReply, "bad-reply-size", "more than 65536"),
    "redirect": (
        answering(b"", status=302, Location="http://127.0.0.1:1/elsewhere"),
        BadReply,
        "bad-reply-redirect",
        "redirects to http://127.0.0.1:1/elsewhere; redirects are not followed",
    ),
    "redirect that keeps the method": (
        answering(b"", status=308, Location="/tsr2"),
        BadReply,
        "bad-reply-redirect",
        "redirects to /tsr2",
    ),
    "not found": (answering(b"", status=404), BadReply, "bad-reply-http", "HTTP 404"),
    "too many requests": (
        answering(b"", status=429),
        TsaUnavailable,
        "tsa-unavailable",
        "not able to answer now (HTTP 429)",
    ),
    "server error": (answering(b"", status=503), TsaUnavailable, "tsa-unavailable", "HTTP 503"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_of_the_server_has_its_own_sentence(case: str) -> None:
    serve, kind, code, words = FAULTS[case]
    with serving(serve) as url, pytest.raises(kind) as caught:
        stamper(url).stamp(DIGEST)
    assert caught.value.code == code
    assert words in str(caught.value)
    assert caught.value.retryable == issubclass(kind, TsaUnavailable)


def test_a_redirect_is_not_followed_to_a_willing_server(url: str, tsa: TestTsa) -> None:
    with (
        serving(answering(b"", status=307, Location=url)) as first,
        pytest.raises(BadReply, match="not followed"),
    ):
        stamper(first).stamp(DIGEST)
    assert tsa.requests == []


# Servers that break HTTP or never finish.

HEAD = f"HTTP/1.1 200 OK\r\nContent-Type: {REPLY}\r\n".encode()


def drip(at_once: bytes, what: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(at_once)
        for place in range(len(what)):
            connection.sendall(what[place : place + 1])
            time.sleep(0.1)

    return talk


def say(what: bytes) -> Callable[[socket.socket], None]:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(what)

    return talk


_SIZE = b"Content-Length: 500\r\n\r\n"


@pytest.mark.parametrize(
    ("at_once", "what"),
    [
        (b"", b""),
        (HEAD + _SIZE, b"0" * 400),
        (HEAD + b"Connection: close\r\n" + _SIZE, b"0" * 400),
        (HEAD + b"Connection: close\r\n\r\n", b"0" * 400),
        (HEAD, b"X: y\r\n" * 400),
    ],
    ids=["silence", "a body by the byte", "before closing", "until closing", "headers by the byte"],
)
def test_the_time_limit_is_for_the_whole_exchange(at_once: bytes, what: bytes) -> None:
    """A byte now and then keeps socket timeouts away; it must not keep us."""

    def silence(connection: socket.socket) -> None:
        while connection.recv(4096):  # until the client hangs up
            pass

    with (
        raw_server(drip(at_once, what) if what else silence) as url,
        pytest.raises(TsaTimeout, match=r"did not answer within 0.4 s") as caught,
    ):
        stamper(url, timeout=0.4).stamp(DIGEST)
    assert (caught.value.code, caught.value.retryable) == ("tsa-timeout", True)


@pytest.mark.parametrize(
    "what",
    [b"", b"\x15\x03\x01 no http\r\n\r\n", HEAD + b"Content-Length: 500\r\n\r\nshort"],
    ids=["hangs up", "speaks something else", "breaks off"],
)
def test_a_broken_conversation_is_unavailability(what: bytes) -> None:
    with raw_server(say(what)) as url, pytest.raises(TsaUnavailable) as caught:
        stamper(url).stamp(DIGEST)
    assert caught.value.retryable
    assert "0x" not in str(caught.value)


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_refused_connection_is_unavailability() -> None:
    with pytest.raises(TsaUnavailable, match=r"cannot be reached: .*refused"):
        stamper(f"http://127.0.0.1:{unused_port()}/").stamp(DIGEST)


def test_a_certificate_of_nobody_is_refused(tsa: TestTsa, tmp_path: Path) -> None:
    server = issue("127.0.0.1", new_key("p256", 4), None)
    (tmp_path / "tls.pem").write_bytes(server.pem + server.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.pem")
    with (
        serving(responding(tsa.respond), context) as url,
        pytest.raises(TsaUnavailable, match="certificate"),
    ):
        stamper(url).stamp(DIGEST)
    assert tsa.requests == []


# Health and settings


def test_health_tells_the_last_answer(url: str) -> None:
    one = stamper(url)
    assert (one.health().ok, one.health().detail) == (True, "reachable, not asked yet")
    one.stamp(DIGEST)
    assert one.health().detail.startswith("last token at ")


def test_health_remembers_a_failure() -> None:
    with serving(amended(nonce=1)) as url:
        one = stamper(url)
        with pytest.raises(TokenRefused):
            one.stamp(DIGEST)
        health = one.health()
    assert not health.ok
    assert "another nonce" in health.detail
    assert not one.health().ok  # and now it cannot be reached either
    assert "cannot be reached" in one.health().detail


@pytest.mark.parametrize("address", ["", "tsa.example", "ftp://tsa.example/", "http:///tsr"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ValueError, match="begins with http"):
        HttpStamper(address, PKI.trust)


@pytest.mark.parametrize("policy", ["", "1", "x.y", "1.02", "3.1"])
def test_a_policy_that_is_none(policy: str) -> None:
    with pytest.raises(ValueError, match="no policy"):
        HttpStamper("http://tsa.example/", PKI.trust, policy)


def test_the_request_without_nonce_and_policy() -> None:
    request = tsp.TimeStampReq.load(encode_request(DIGEST, None, None), strict=True)
    assert request.native["version"] == "v1"
    assert request["message_imprint"]["hashed_message"].native == DIGEST.value
    assert [request[field].native for field in ("req_policy", "nonce", "extensions")] == [None] * 3
