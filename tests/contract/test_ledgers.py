from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from chain_adapter import open_ledger
from tests.chain_adapter.evm.chain import running
from tests.chain_adapter.witness.world import watched_ledger
from tests.contract.ledger_contract import LedgerContract, Reopen, Settle
from tests.contract.plugins import installed


class World(NamedTuple):
    """The ledger under test, and what makes the world around it go on."""

    reopen: Reopen
    settle: Settle | None = None


def _url(url: str, passphrase: str | None = None) -> Callable[[Path, ExitStack], World]:
    return lambda base, _: World(partial(open_ledger, url, base=base, passphrase=passphrase))


def _evm(confirmations: int) -> Callable[[Path, ExitStack], World]:
    def running_chain(base: Path, stack: ExitStack) -> World:
        reopen, node = running(base, stack, confirmations=confirmations)
        return World(reopen, lambda _: node.mine())

    return running_chain


#: One line for each ledger.
LEDGERS: dict[str, Callable[[Path, ExitStack], World]] = {
    "tlog": _url("tlog:ledger"),
    "tlog, encrypted": _url("tlog:ledger#origin=notary.example/l&guard=else/where", "secret"),
    "witness": lambda base, stack: World(watched_ledger(base, stack)),
    "evm": _evm(confirmations=1),
    "evm, three confirmations": _evm(confirmations=3),
    "toy, a plug-in": _url("toy:ledger"),
}


@pytest.fixture(autouse=True)
def _installed(toy: Path) -> Iterator[None]:
    with installed(toy):
        yield


class TestLedgers(LedgerContract):
    @pytest.fixture(params=LEDGERS)
    def world(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
        with ExitStack() as stack:
            yield LEDGERS[request.param](tmp_path, stack)

    @pytest.fixture
    def reopen(self, world: World) -> Reopen:
        return world.reopen

    @pytest.fixture
    def settle(self, world: World) -> Settle | None:
        return world.settle
