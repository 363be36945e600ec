"""The node for the tests does what the other tests rely on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chain_adapter.evm.anvil import CHAIN_ID, Anvil, RpcError


def test_accounts_are_the_same_at_every_start() -> None:
    with Anvil.start() as one, Anvil.start() as other:
        assert one.port != other.port
        assert one.accounts == other.accounts == [each.lower() for each in one.rpc("eth_accounts")]
        assert one.keys == other.keys
        assert len(one.keys) == 10
        assert int(one.rpc("eth_chainId"), 16) == CHAIN_ID
        with pytest.raises(RpcError):
            one.rpc("no_such_method")


def test_the_chain_survives_a_restart_on_the_same_port(tmp_path: Path) -> None:
    with Anvil.start(state=tmp_path / "state.json") as node:
        node.mine(3)
        port, block = node.port, node.rpc("eth_getBlockByNumber", "latest", False)["hash"]
        node.restart()
        assert (node.port, node.height()) == (port, 3)
        assert node.rpc("eth_getBlockByNumber", "latest", False)["hash"] == block
