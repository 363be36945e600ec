"""A contract on a test's node, and ledgers configured for it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from chain_adapter import Ledger, Trust, open_ledger
from chain_adapter.evm import calls
from tests.chain_adapter.evm.anvil import Anvil
from tests.chain_adapter.records import PLATFORM
from tests.waiting import wait_for

#: Accounts of the node by their part: who owns contracts, who writes, who signs deposits.
OWNER, WRITER, USER, STRANGER = 0, 1, 2, 3


def transact(
    node: Anvil, data: bytes, to: str | None = None, sender: int = OWNER
) -> dict[str, Any]:
    """Send from one of the node's own accounts and wait for the receipt."""
    call = {"from": node.accounts[sender], "data": "0x" + data.hex(), "gas": hex(8_000_000)}
    call["gasPrice"] = hex(2 * int(node.rpc("eth_gasPrice"), 16))  # every chain knows this one
    if to is not None:
        call["to"] = to
    transaction = node.rpc("eth_sendTransaction", call)
    receipt: dict[str, Any] = wait_for(
        lambda: node.rpc("eth_getTransactionReceipt", transaction), "the transaction is in a block"
    )
    return receipt


def deploy(node: Anvil) -> str:
    """Put the contract on the node's chain and let WRITER write; its address."""
    contract = str(transact(node, calls.creation_code())["contractAddress"])
    transact(node, calls.set_platform(node.accounts[WRITER], True), contract)
    return contract


def configure(
    base: Path, node: Anvil, contract: str, urls: list[str] | None = None, **fields: Any
) -> str:
    """Write key and configuration into ``base``; the ledger's URL. ``fields`` as in the file."""
    base.mkdir(parents=True, exist_ok=True)
    key = base / "evm.key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(node.keys[WRITER])
    value = {
        "endpoints": urls or [node.url],
        "agree": 1,
        "chain_id": node.chain_id,
        "contract": contract,
        "key": "evm.key",
        "confirmations": 1,
        "patience": 60,
        "timeout": 30,
    }
    (base / "evm.json").write_text(json.dumps({**value, **fields}))
    return "evm:evm.json"


def trust_of(ledger: Any) -> Trust:
    trust: Trust = ledger.trust() | Trust(platforms={PLATFORM.key_id: PLATFORM.public})
    return trust


def running(base: Path, stack: ExitStack, **fields: Any) -> tuple[Callable[[], Ledger], Anvil]:
    """A node with a contract, kept by ``stack``, and how to open a ledger on it in ``base``."""
    node = stack.enter_context(Anvil.start())
    url = configure(base, node, deploy(node), **fields)
    return (lambda: open_ledger(url, base=base)), node
