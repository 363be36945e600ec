"""The name server, the log of connections, and the sign of life of X."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forensics.desktop.dns import Forwarder, host_servers
from forensics.desktop.egress import connections
from forensics.desktop.xclient import XClient, authority
from forensics.errors import DeskUnavailable


class Upstream:
    """Answers one address for every name, but nothing for ``silent.example``."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.name = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.asked: list[int] = []
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                wire, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            query = dns.message.from_wire(wire)
            self.asked.append(query.id)
            name = query.question[0].name
            if "silent" in str(name):
                continue
            answer = dns.message.make_response(query)
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "A", "203.0.113.7"))
            self.socket.sendto(answer.to_wire(), peer)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    found = Upstream()
    yield found
    found.socket.close()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[int]:
    descriptor = os.open(tmp_path / "dns.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    yield descriptor
    os.close(descriptor)


def answered(forwarder: Forwarder, wire: bytes) -> bytes | None:
    return asyncio.run(forwarder.answer(wire, "udp"))


def lines(tmp_path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (tmp_path / "dns.jsonl").read_text().splitlines()]


def test_a_question_is_handed_on_and_written_down(
    upstream: Upstream, log: int, tmp_path: Path
) -> None:
    query = dns.message.make_query("例子.example", "A")
    got = answered(Forwarder([upstream.name], log), query.to_wire())
    assert got is not None
    answer = dns.message.from_wire(got)
    assert answer.id == query.id
    assert answer.answer[0][0].to_text() == "203.0.113.7"
    (line,) = lines(tmp_path)
    assert (line["name"], line["type"], line["status"]) == (
        "xn--fsqu00a.example",
        "A",
        "NOERROR",
    )
    assert line["answers"] == ["A 203.0.113.7"]
    assert str(line["at"]).endswith("Z")


def test_the_identifier_upstream_is_ours(upstream: Upstream, log: int) -> None:
    query = dns.message.make_query("a.example", "A", id=1)
    forwarder = Forwarder([upstream.name], log)
    for _ in range(3):
        answered(forwarder, query.to_wire())
    assert len(set(upstream.asked)) == 3


def test_the_next_server_is_asked(upstream: Upstream, log: int, tmp_path: Path) -> None:
    closed = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    closed.bind(("127.0.0.1", 0))
    name = f"127.0.0.1:{closed.getsockname()[1]}"
    closed.close()
    wire = dns.message.make_query("a.example", "A").to_wire()
    got = answered(Forwarder([name, upstream.name], log), wire)
    assert got is not None
    assert dns.message.from_wire(got).rcode() == dns.rcode.NOERROR


def test_no_answer_is_an_answer(upstream: Upstream, log: int, tmp_path: Path) -> None:
    wire = dns.message.make_query("silent.example", "A").to_wire()
    got = answered(Forwarder([upstream.name], log, seconds=0.2), wire)
    assert got is not None
    assert dns.message.from_wire(got).rcode() == dns.rcode.SERVFAIL
    assert lines(tmp_path)[0]["status"] == "no answer"


def test_only_plain_questions(upstream: Upstream, log: int) -> None:
    forwarder = Forwarder([upstream.name], log)
    response = dns.message.make_response(dns.message.make_query("a.example", "A"))
    assert answered(forwarder, response.to_wire()) is None
    two = dns.message.make_query("a.example", "A")
    two.question.append(two.question[0].copy())
    got = answered(forwarder, two.to_wire())
    assert got is None or dns.message.from_wire(got).rcode() == dns.rcode.NOTIMP
    assert upstream.asked == []


@given(st.binary(max_size=80))
def test_noise_is_no_question(data: bytes) -> None:
    descriptor = os.open(os.devnull, os.O_WRONLY)
    try:
        forwarder = Forwarder([], descriptor)
        got = answered(forwarder, data)
        assert got is None or got[:2] == data[:2]
    finally:
        os.close(descriptor)


def test_the_hosts_own_servers() -> None:
    text = "# x\nnameserver 192.0.2.53\nsearch a\nnameserver fe80::1%eth0\nnameserver junk\n"
    assert host_servers(text) == ("192.0.2.53", "fe80::1")


def reported(prefix: bytes, packet: bytes) -> bytes:
    """As netfilter reports a packet: header, nfgenmsg, two attributes."""

    def attribute(kind: int, value: bytes) -> bytes:
        head = struct.pack("=HH", 4 + len(value), kind)
        return head + value + b"\0" * (-len(value) % 4)

    body = struct.pack("!BBH", 2, 0, 1) + attribute(10, prefix + b"\0") + attribute(9, packet)
    return struct.pack("=IHHII", 16 + len(body), 4 << 8, 0, 0, 0) + body


def test_connections_are_read() -> None:
    header = bytes([0x45, 0, 0, 40]) + bytes(5) + bytes([6]) + bytes(6) + bytes([203, 0, 113, 9])
    tcp = reported(b"opened", header + struct.pack("!HH", 40000, 443))
    six = bytes([0x60]) + bytes(5) + bytes([17]) + bytes(17) + bytes(15) + b"\1"
    udp = reported(b"refused", six + struct.pack("!HH", 5000, 53))
    assert list(connections(tcp + udp)) == [
        {"verdict": "opened", "protocol": "tcp", "to": "203.0.113.9", "port": 443},
        {"verdict": "refused", "protocol": "udp", "to": "::1", "port": 53},
    ]


@given(st.binary(max_size=200))
def test_noise_is_no_connection(data: bytes) -> None:
    for each in connections(data):
        assert each.keys() == {"verdict", "protocol", "to", "port"}


@given(st.binary(max_size=120))
def test_a_strange_packet_is_passed_over(packet: bytes) -> None:
    for each in connections(reported(b"opened", packet)):
        assert each["verdict"] == "opened"


def test_authority_fits_every_host() -> None:
    data = authority(107, b"c" * 16)
    assert data[:2] == b"\xff\xff"
    assert b"\0\x03107" in data
    assert data.endswith(b"\0\x10" + b"c" * 16)


@pytest.mark.parametrize("says", [b"", b"\x00" * 7, b"\x00\x03" + b"\0" * 6, b"\x01" + b"\xff" * 7])
def test_a_strange_x_server_is_unavailable(tmp_path: Path, says: bytes) -> None:
    path = tmp_path / "x"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()

        def answer() -> None:
            connection, _ = server.accept()
            connection.recv(100)
            connection.sendall(says)
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(DeskUnavailable):
            XClient(path, b"c" * 16, 0.5)
        thread.join()


def test_no_x_server(tmp_path: Path) -> None:
    with pytest.raises(DeskUnavailable):
        XClient(tmp_path / "none", b"c" * 16)
