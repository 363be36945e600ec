"""What strangers do to a node's port."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import pytest

from chain_adapter.node import server as server_module
from tests.chain_adapter.node.conftest import MakeNode, NodeHere
from tests.chain_adapter.node.serving import LogServer, Platform, ask
from tests.waiting import wait_for


def connect(node: NodeHere) -> socket.socket:
    host, port = node.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


def talk(node: NodeHere, data: bytes) -> bytes:
    """What comes back until the node hangs up."""
    with connect(node) as wire:
        wire.sendall(data)
        return b"".join(iter(lambda: wire.recv(65536), b""))


def test_health_and_unknown_paths(node: NodeHere) -> None:
    assert ask(f"{node.url}/healthz").text == "ok\n"
    assert ask(f"{node.url}/else").status == 404
    said = ask(f"{node.url}/add-checkpoint")
    assert (said.status, said.headers["allow"]) == (405, "POST")
    assert ask(f"{node.url}/status?x=1").status == 200
    assert ask(f"{node.url}/blocks/01").status == 404


def test_a_body_longer_than_a_megabyte_is_refused_unread(node: NodeHere) -> None:
    head = b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n\r\n"
    assert talk(node, head).startswith(b"HTTP/1.1 413 ")
    assert ask(f"{node.url}/healthz").status == 200


@pytest.mark.parametrize(
    "head",
    [
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"Content-Length: -1\r\n\r\n",
        b"Content-Length: 99999999999999999999999\r\n\r\n",
    ],
)
def test_a_body_whose_end_is_uncertain_is_refused(node: NodeHere, head: bytes) -> None:
    answer = talk(node, b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\n" + head)
    assert answer.split(b" ")[1] in (b"400", b"411")
    assert answer.count(b"HTTP/1.1") == 1  # what follows is no second request


def test_a_body_nobody_wants_is_no_second_request(node: NodeHere) -> None:
    inner = b"GET /status HTTP/1.1\r\nHost: x\r\n\r\n"
    head = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(inner)
    last = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = talk(node, head + inner + last)
    assert answer.count(b"HTTP/1.1 404") == 1
    assert answer.count(b"HTTP/1.1 200") == 1
    assert b'"vkey"' not in answer


def test_noise_is_answered_and_forgotten(node: NodeHere) -> None:
    for noise in (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"GET\r\n\r\n", b"A" * 70_000 + b"\r\n"):
        talk(node, noise)
    assert ask(f"{node.url}/healthz").status == 200


def test_who_drips_is_cut_off_and_others_are_served(
    monkeypatch: pytest.MonkeyPatch, node: NodeHere
) -> None:
    monkeypatch.setattr(server_module, "_HEAD", 3.0)
    monkeypatch.setattr(server_module, "_BODY", 3.0)
    head, body = connect(node), connect(node)
    head.sendall(b"GET /healthz HT")
    body.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\nold")
    answers: dict[str, bytes] = {}

    def drip(name: str, wire: socket.socket) -> None:
        wire.settimeout(0.1)
        for _ in range(600):  # a minute, or until it is cut off
            try:
                wire.sendall(b"x")
                answers[name] = wire.recv(4096)
                return
            except TimeoutError:
                continue
            except OSError:
                answers[name] = b""
                return

    threads = [
        threading.Thread(target=drip, args=each) for each in (("head", head), ("body", body))
    ]
    for thread in threads:
        thread.start()
    assert ask(f"{node.url}/healthz").status == 200
    for thread in threads:
        thread.join()
    assert answers["head"] == b""
    assert answers["body"].startswith(b"HTTP/1.1 408 ")
    head.close()
    body.close()


def test_connections_are_bounded_and_the_rest_come_again(make: MakeNode) -> None:
    node = make(more="[limits]\nconnections = 4\nper_peer = 3\n")
    held = [connect(node) for _ in range(3)]
    for each in held:  # answered once, so that all three are certainly open
        each.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert each.recv(4096).startswith(b"HTTP/1.1 200")
    with connect(node) as fourth, suppress(ConnectionError):
        fourth.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert fourth.recv(4096) == b""
    for each in held:
        each.close()

    def served() -> bool:
        with suppress(OSError):
            return ask(f"{node.url}/healthz").status == 200
        return False

    wait_for(served, "the connections are given back")


def test_a_failure_of_ours_is_told_and_survived(
    node: NodeHere, log: LogServer, platform: Platform, capsys: pytest.CaptureFixture[str]
) -> None:
    submission = log.append(platform.deposits("failing", 1))
    witness = node.node.logs[log.ledger.id].witness
    taker, witness._taker = witness._taker, object()  # type: ignore[assignment]
    said = node.submit(submission)
    assert (said.status, said.code) == (500, "internal")
    assert "Traceback" not in said.text
    assert "Traceback" in capsys.readouterr().err
    witness._taker = taker
    assert node.submit(submission).status == 200
