"""A watched log as it is run: served over HTTP, a TSA, four node programs in processes of their
own that can hand on to one another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chain_adapter.quorum import Quorum
from chain_adapter.tlog import TlogLedger
from chain_adapter.witness import Policy, PolicyNode, WitnessLedger
from tests.chain_adapter.node.serving import LogServer, NodeProcess, Platform, tsa, wanted
from tests.ports import free_ports

ORIGIN = "notary.example/ledger"


class WatchedServer(LogServer):
    """Serves what the ledger itself gives beside its entries."""

    def _supplements(self, first: int, last: int) -> bytes:
        assert isinstance(self.ledger, WitnessLedger)
        found = self.ledger.supplements(first, last)
        items = [None if each is None else each.to_object() for each in found]
        return json.dumps({"first": first, "items": items}).encode()


@dataclass
class House:
    """``open`` opens the log as one more process would."""

    folder: Path
    platform: Platform
    nodes: Sequence[NodeProcess]
    server: WatchedServer
    closing: ExitStack = field(default_factory=ExitStack)

    def policy(self, need: int = 3, **settings: Any) -> Policy:
        listed = tuple(PolicyNode(each.name, each.vkey, each.url) for each in self.nodes)
        quorum = Quorum(need, tuple(each.vkey for each in listed))
        return Policy(quorum, listed, **settings)

    def open(self, need: int = 3, **settings: Any) -> WitnessLedger:
        ledger = WitnessLedger(self.folder, self.policy(need, **settings), origin=ORIGIN)
        self.closing.callback(ledger.close)
        self.server.ledger = ledger
        return ledger


@contextmanager
def house(base: Path, count: int = 4) -> Iterator[House]:
    """All of it running; nodes hand on in the order of their names, round and round."""
    with ExitStack() as stack:
        plain = stack.enter_context(TlogLedger(base / "ledger", origin=ORIGIN))
        server = stack.enter_context(WatchedServer(plain))
        platform = Platform(stack.enter_context(tsa(base)))
        ports = free_ports(count)
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        nodes = []
        for place, port in enumerate(ports):
            name = f"node-{'abcdefgh'[place]}.example"
            after = urls[place + 1 :] + urls[:place]
            more = {"listen": f"127.0.0.1:{port}", "relay": after}
            nodes.append(NodeProcess(base / name, wanted(name, server, platform, **more)))
        for node in nodes:
            node.launch()
            stack.callback(node.kill)
        for node in nodes:
            node.wait()
        yield stack.enter_context(_closing(House(base / "ledger", platform, nodes, server)))


@contextmanager
def _closing(made: House) -> Iterator[House]:
    with made.closing:
        yield made
