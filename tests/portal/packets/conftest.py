"""A portal whose content goes to four nodes, over real HTTP."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from chain_adapter.packets.client import NodeAddress
from portal.audit.actor import Actor
from portal.deposits.service import DepositService
from portal.deposits.tools import Tools
from portal.packets.cutting import Cutting
from portal.packets.service import PacketService
from portal.packets.spec import Spec
from portal.services import Services
from portal.storage.sealing import Box
from tests.chain_adapter.node.packet_server import packet_node
from tests.portal.deposits.conftest import (  # noqa: F401 - fixtures
    MovableClock,
    actor,
    actor_of,
    clock,
    put,
    run,
)

NAMES = tuple(f"node-{letter}.example" for letter in "abcd")


class Nodes:
    """Four nodes that can be stopped, started, and robbed."""

    def __init__(self, folder: Path, platforms: dict[str, bytes]) -> None:
        self._folder, self._platforms = folder, platforms
        self._running: dict[str, ExitStack] = {}
        self.addresses: dict[str, NodeAddress] = {}
        for name in NAMES:
            self.start(name)

    def start(self, name: str) -> None:
        """Where it was before."""
        port = int(self.addresses[name].url.rpartition(":")[2]) if name in self.addresses else 0
        stack = ExitStack()
        node = packet_node(self._folder / name, name, self._platforms, port)
        self.addresses[name] = stack.enter_context(node)
        self._running[name] = stack

    def stop(self, name: str) -> None:
        self._running.pop(name).close()

    def close(self) -> None:
        for name in list(self._running):
            self.stop(name)

    def file(self, name: str, root: str, number: int) -> Path:
        """Where a node keeps a packet."""
        return self._folder / name / "packets" / root[:2] / root / str(number)


class World:
    """The parts of a portal with packets, and what tests ask of them."""

    def __init__(self, tools: Tools, cutting: Cutting, nodes: Nodes, box: Box) -> None:
        self.tools, self.cutting, self.nodes, self.box = tools, cutting, nodes, box
        self.folder = tools.settings.path("packets")
        self.deposits = DepositService(tools)
        self.packets = PacketService(tools, cutting, self.folder)

    def settle(self) -> None:
        """Until nothing moves."""
        while run(self.deposits) + self.cutting.advance() + self.packets.advance():
            pass


@pytest.fixture
def nodes(tmp_path: Path, services: Services) -> Iterator[Nodes]:
    made = Nodes(tmp_path / "nodes", {services.entry_key.key_id: services.entry_key.public})
    yield made
    made.close()


@pytest.fixture(params=[False])
def sealed(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def world(services: Services, clock: MovableClock, nodes: Nodes, sealed: bool) -> World:  # noqa: F811
    base = services.deposits.tools
    spec = Spec(3, 4, sealed, tuple(nodes.addresses.values()))
    box = services.mail._box
    folder = base.settings.path("packets")
    cutting = Cutting(spec, folder, base.database, base.vault, box, clock)
    tools = dataclasses.replace(base, clock=clock, nudge=lambda: None, data_tree=cutting)
    return World(tools, cutting, nodes, box)


@pytest.fixture
def operator() -> Actor:
    return Actor("operator-1", "Op", frozenset({"operator"}))
