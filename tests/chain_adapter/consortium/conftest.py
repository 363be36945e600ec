from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chain_adapter.consortium.both import Both
from tests.chain_adapter.consortium.people import NOW, World, authorities, key, regulators
from tests.chain_adapter.evm.anvil import Anvil


@pytest.fixture(scope="session")
def node() -> Iterator[Anvil]:
    """One node for all tests of a process; it begins before the time of every world."""
    with Anvil.start(timestamp=NOW - 10, code_size_limit=24_576) as node:
        yield node


@pytest.fixture
def fresh(node: Anvil) -> Iterator[Anvil]:
    """The node as it was, so that every test meets the same addresses and times."""
    kept = node.rpc("evm_snapshot")
    yield node
    node.rpc("evm_revert", kept)


@pytest.fixture(params=["log", "contract"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A consortium executed over a log, and one executed by both at once, which hold the same when
    the test has ended."""
    if request.param == "log":
        yield World()
        return
    both = Both.on(request.getfixturevalue("fresh"), World())
    yield both
    names = ("house", "office", "ann", "bob", "eve", "guard")
    offices = [each.address for each in (*authorities(), *regulators())]
    both.same(names, [*offices, *(key(each).address for each in names)], both.consortium.state.used)
