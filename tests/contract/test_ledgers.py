from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from chain_adapter import open_ledger
from tests.chain_adapter.witness.world import watched_ledger
from tests.contract.ledger_contract import LedgerContract, Reopen, Settle
from tests.contract.plugins import installed


class World(NamedTuple):
    """The ledger under test, and what makes the world around it go on."""

    reopen: Reopen
    settle: Settle | None = None


def _url(url: str, passphrase: str | None = None) -> Callable[[Path, ExitStack], World]:
    return lambda base, _: World(partial(open_ledger, url, base=base, passphrase=passphrase))


#: One line for each ledger.
LEDGERS: dict[str, Callable[[Path, ExitStack], World]] = {
    "tlog": _url("tlog:ledger"),
    "tlog, encrypted": _url("tlog:ledger#origin=notary.example/l&guard=else/where", "secret"),
    "witness": lambda base, stack: World(watched_ledger(base, stack)),
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
