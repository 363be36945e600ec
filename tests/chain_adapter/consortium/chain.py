"""The contract on a real EVM node, asked the same as the Python execution."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from chain_adapter.consortium import Domain, Message, Rule, evm
from chain_adapter.consortium.keccak import word
from tests.chain_adapter.evm.anvil import Anvil
from tests.waiting import wait_for


class Chain:
    """One deployed contract. ``now`` is the time of the block a message would stand in."""

    def __init__(self, node: Anvil, rule: Rule, now: int) -> None:
        self._node = node
        node.rpc("evm_setNextBlockTimestamp", now)
        sent = self._send(None, evm.deployment(rule))
        assert sent["status"] == "0x1"
        self.address = sent["contractAddress"].lower()
        self.gas = int(sent["gasUsed"], 16)
        self.domain = Domain(rule.digest, node.chain_id, bytes.fromhex(self.address[2:]))

    def refusal(self, data: bytes, now: int) -> int | None:
        """The code the contract would refuse with at ``now``, None when it would not."""
        call = {"from": self._node.accounts[0], "to": self.address, "data": "0x" + data.hex()}
        body = {
            "jsonrpc": "2.0", "id": 1, "method": "eth_call",
            "params": [call, "latest", {}, {"time": hex(now)}],
        }  # fmt: skip
        answer = self._post(body)
        if "error" not in answer:
            return None
        found = evm.refusal(answer["error"].get("data") or "0x")
        assert found is not None, answer
        return found

    def apply(self, message: Message, now: int) -> int | None:
        """Send ``message`` in a block of time ``now``; None when it counted, else the code (a
        call that reverts changes nothing, so it is not sent)."""
        data = evm.calldata(message)
        code = self.refusal(data, now)
        if code is not None:
            return code
        self._node.rpc("evm_setNextBlockTimestamp", now)
        sent = self._send(self.address, data)
        assert sent["status"] == "0x1"
        self.gas = int(sent["gasUsed"], 16)
        return None

    def ask(self, *calls: bytes) -> list[list[bytes]]:
        """The answers of several views at once, in words."""
        bodies = [
            {
                "jsonrpc": "2.0", "id": place, "method": "eth_call",
                "params": [{"to": self.address, "data": "0x" + data.hex()}, "latest"],
            }
            for place, data in enumerate(calls)
        ]  # fmt: skip
        answers = {each["id"]: each["result"] for each in self._post(bodies)}
        return [_words(answers[place]) for place in range(len(calls))]

    def _send(self, to: str | None, data: bytes) -> dict[str, Any]:
        call = {"from": self._node.accounts[0], "data": "0x" + data.hex(), "gas": hex(25_000_000)}
        if to:
            call["to"] = to
        sent = self._node.rpc("eth_sendTransaction", call)
        # The node mines at once, but answers before it has.
        receipt: dict[str, Any] = wait_for(
            lambda: self._node.rpc("eth_getTransactionReceipt", sent), "the transaction is mined"
        )
        return receipt

    def _post(self, body: Any) -> Any:
        request = urllib.request.Request(
            self._node.url, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def _words(text: str) -> list[bytes]:
    raw = bytes.fromhex(text.removeprefix("0x"))
    return [raw[place : place + 32] for place in range(0, len(raw), 32)]


def number(found: bytes) -> int:
    return int.from_bytes(found, "big")


def address(found: bytes) -> bytes:
    assert not any(found[:12])
    return found[12:]


def ask_member(identity: bytes) -> bytes:
    return evm.call("memberOf(bytes32)", identity)


def ask_permitted(key: bytes, permission: int) -> bytes:
    return evm.call("permitted(bytes32,uint32)", key, word(permission))
