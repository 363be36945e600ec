"""A platform and its nodes over HTTP, honest ones and others."""

from __future__ import annotations

import hashlib
import io
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from chain_adapter import EntryKey
from chain_adapter.packets import PacketKeys
from chain_adapter.packets.client import NodeAddress, NodeTrouble, PacketClient
from chain_adapter.packets.request import Asked
from tests.chain_adapter.node.packet_server import packet_node, serving
from tests.chain_adapter.packets.cut import cut

KEY = EntryKey.generate()
PLAN, PACKETS = cut(b"content" * 20_000, 2, 3, PacketKeys(bytes(32)), 4096)
CLIENT = PacketClient(KEY, 2.0)


def _asked(name: str, number: int = 1, data: bytes | None = None) -> Asked:
    data = PACKETS[number - 1] if data is None else data
    digest = hashlib.sha256(data).digest()
    return Asked("PUT", name, PLAN.root, number, digest, len(data), PLAN.path(number))


def test_a_packet_goes_to_its_node_and_comes_back(tmp_path: Path) -> None:
    with packet_node(tmp_path, "node-a.example", {KEY.key_id: KEY.public}) as node:
        asked = _asked(node.name)
        assert CLIENT.put(node, asked, io.BytesIO(PACKETS[0]))
        assert not CLIENT.put(node, asked, io.BytesIO(PACKETS[0]))
        out = io.BytesIO()
        assert CLIENT.get(node, PLAN.root, 1, PLAN.packet_bytes, out) == PLAN.packet_bytes
        assert out.getvalue() == PACKETS[0]
        with pytest.raises(NodeTrouble, match="answered 404") as caught:
            CLIENT.get(node, PLAN.root, 2, PLAN.packet_bytes, io.BytesIO())
        assert caught.value.lasting


def test_a_node_that_does_not_know_the_platform_refuses(tmp_path: Path) -> None:
    with (
        packet_node(tmp_path, "node-a.example", {}) as node,
        pytest.raises(NodeTrouble, match="not among those that may ask") as caught,
    ):
        CLIENT.put(node, _asked(node.name), io.BytesIO(PACKETS[0]))
    assert (caught.value.status, caught.value.lasting) == (403, True)


def test_a_node_that_is_away_may_come_back(tmp_path: Path) -> None:
    with packet_node(tmp_path, "node-a.example", {}) as node:
        pass
    with pytest.raises(NodeTrouble, match="cannot be reached") as caught:
        CLIENT.put(node, _asked(node.name), io.BytesIO(PACKETS[0]))
    assert not caught.value.lasting


def test_a_node_that_claims_to_keep_something_else_is_not_believed() -> None:
    def lie(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers["Content-Length"]))
        handler.send_response(201)
        handler.send_header("Notary-Packet-Digest", "00" * 32)
        handler.end_headers()

    with serving(lie) as url, pytest.raises(NodeTrouble, match="something else"):
        CLIENT.put(NodeAddress("liar", url), _asked("liar"), io.BytesIO(PACKETS[0]))


def test_an_endless_answer_is_cut_off() -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(100 * 1024**2))
        handler.end_headers()
        for _ in range(1600):
            handler.wfile.write(bytes(65536))

    out = io.BytesIO()
    with serving(endless) as url:
        got = CLIENT.get(NodeAddress("endless", url), PLAN.root, 1, 1000, out)
    assert (got, len(out.getvalue())) == (1001, 1001)


@pytest.mark.parametrize("head", [True, False])
def test_a_node_that_stalls_is_given_up(head: bool) -> None:
    ended = threading.Event()

    def stall(handler: BaseHTTPRequestHandler) -> None:
        if head:
            handler.send_response(200)
            handler.send_header("Content-Length", "1000")
            handler.end_headers()
        while not ended.wait(0.05):
            try:
                handler.wfile.write(b"x" if head else b"")
            except OSError:
                return

    client = PacketClient(KEY, 0.3)
    with serving(stall) as url:
        with pytest.raises(NodeTrouble, match="cannot be reached"):
            client.get(NodeAddress("slow", url), PLAN.root, 1, 1000, io.BytesIO())
        ended.set()


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://", "node-a", "ftp://a/"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        NodeAddress("a", url)
