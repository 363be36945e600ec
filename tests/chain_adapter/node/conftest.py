from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from chain_adapter.node.config import read_config
from chain_adapter.node.server import NodeServer, serving
from chain_adapter.node.service import Node
from chain_adapter.node.setup import make_node
from chain_adapter.tlog import TlogLedger
from tests.chain_adapter.node.serving import LogServer, NodeClient, Platform, Stamps, tsa, wanted


class NodeHere(NodeClient):
    """A node in this process, over real HTTP."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.open()

    def open(self) -> None:
        """Also after :meth:`close`, as a restart."""
        config = read_config(self.folder)
        self.node = Node(config)
        self._server = NodeServer(config.listen, self.node.routes, config.limits)
        self.url = "http://{}:{}".format(*serving(self._server))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def close(self) -> None:
        if not self._thread.is_alive():
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.node.close()

    def again(self, port: str = "0") -> None:
        """Restart, at ``port``."""
        self.close()
        path = self.folder / "node.toml"
        path.write_text(path.read_text().replace("127.0.0.1:0", f"127.0.0.1:{port}"))
        self.open()

    def configure(self, text: str) -> None:
        """Add lines to node.toml; they count from the next start."""
        with (self.folder / "node.toml").open("a") as file:
            file.write(text)


@pytest.fixture(scope="session")
def stamps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stamps]:
    with tsa(tmp_path_factory.mktemp("tsa")) as running:
        yield running


@pytest.fixture
def platform(stamps: Stamps) -> Platform:
    return Platform(stamps)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[LogServer]:
    with (
        TlogLedger(tmp_path / "ledger", origin="notary.example/ledger") as ledger,
        LogServer(ledger) as served,
    ):
        yield served


MakeNode = Callable[..., NodeHere]


@pytest.fixture
def make(tmp_path: Path, log: LogServer, platform: Platform) -> Iterator[MakeNode]:
    """``make("a", relay=…, more="lines for node.toml", log_more="lines for its log")`` gives a
    running node."""
    with ExitStack() as closing:

        def made(letter: str = "a", *, more: str = "", log_more: str = "", **fields: Any) -> Any:
            folder = tmp_path / f"node-{letter}"
            make_node(folder, wanted(f"node-{letter}.example", log, platform, **fields))
            path = folder / "node.toml"
            text = path.read_text().replace("[[log]]\n", f"[[log]]\n{log_more}\n")
            path.write_text(text + more)
            node = NodeHere(folder)
            closing.callback(node.close)
            return node

        yield made


@pytest.fixture
def node(make: MakeNode) -> NodeHere:
    return make()
