"""Other people's servers may do what they like; it costs a node so many seconds and bytes."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from chain_adapter.node.fetch import TooMuch, Unreachable, Web
from tests.timestamping.tsa_server import raw_server

Talk = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()
    yield made
    made.close()


def heard(wire: socket.socket) -> bool:
    """Reads one request; whether there was one."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = wire.recv(4096)
        if not chunk:
            return False
        data += chunk
    return True


@contextmanager
def saying(*answers: bytes) -> Iterator[str]:
    """Answers each request of a connection with the next of ``answers``, then hangs up."""

    def talk(wire: socket.socket) -> None:
        for answer in answers:
            if not heard(wire):
                return
            wire.sendall(answer)

    with raw_server(talk) as url:
        yield url


def test_connections_are_kept_and_dead_ones_are_replaced(web: Web) -> None:
    answer = OK + b"Content-Length: 2\r\nX-Header: Yes\r\n\r\nok"
    with saying(answer, answer) as url:
        for _ in range(5):
            found = web.get(url, seconds=30)
            assert (found.status, found.body, found.headers["x-header"]) == (200, b"ok", "Yes")
        web.close()  # the server waits for what is kept open


def test_a_status_is_an_answer_and_redirects_are_not_followed(web: Web) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
    with saying(head) as url:
        assert web.post(url, b"body", {}, seconds=30).status == 302


@pytest.mark.parametrize(
    "head",
    [
        OK + b"Content-Length: 104857600\r\n\r\n",
        OK + b"Content-Length: 11\r\n\r\n" + b"x" * 11,
        OK + b"Connection: close\r\n\r\n" + b"x" * 11,
        OK + b"Transfer-Encoding: chunked\r\n\r\nb\r\n" + b"x" * 11 + b"\r\n0\r\n\r\n",
    ],
)
def test_more_than_was_allowed_is_not_read(web: Web, head: bytes) -> None:
    with saying(head) as url, pytest.raises(TooMuch, match="10"):
        web.get(url, seconds=30, limit=10)


def test_an_endless_answer_is_cut(web: Web) -> None:
    def talk(wire: socket.socket) -> None:
        heard(wire)
        wire.sendall(OK + b"Connection: close\r\n\r\n")
        while True:
            wire.sendall(bytes(1024 * 1024))

    with raw_server(talk) as url, pytest.raises(TooMuch):
        web.get(url, seconds=20, limit=3 * 1024 * 1024)


@pytest.mark.parametrize(
    "begin", [b"", b"HTTP/1.1 200", OK + b"Content-Length: 999\r\n\r\n", OK + b"\r\n"]
)
def test_who_drips_has_one_time_limit(web: Web, begin: bytes) -> None:
    def talk(wire: socket.socket) -> None:
        heard(wire)
        for byte in itertools.chain(begin, itertools.repeat(ord("0"))):
            wire.sendall(bytes([byte]))
            time.sleep(0.002)

    start = time.monotonic()
    with raw_server(talk) as url, pytest.raises(Unreachable, match=r"within 0\.4 s"):
        web.get(url, seconds=0.4)
    assert time.monotonic() - start < 20


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", OK + b"Content-Length: 9\r\n\r\nok"])
def test_what_is_no_whole_answer_is_none(web: Web, answer: bytes) -> None:
    with saying(answer) as url, pytest.raises(Unreachable, match="cannot be reached"):
        web.get(url, seconds=30)


def test_nobody_there(web: Web) -> None:
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9"):
        web.get("http://127.0.0.1:9/", seconds=1)
