from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chain_adapter.evm.anvil import Anvil
from tests.chain_adapter.evm.chain import deploy


@pytest.fixture
def node() -> Iterator[Anvil]:
    """A chain of the test's own: every transaction is a block."""
    with Anvil.start() as started:
        yield started


@pytest.fixture
def contract(node: Anvil) -> str:
    return deploy(node)
