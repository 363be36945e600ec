"""Putting the contract on a chain, and saying who may write: rare acts of an operator.

They use a node that the operator trusts, and the owner's key, which the portal does not need.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from chain_adapter.errors import Denied, Fatal, Retryable
from chain_adapter.evm import calls
from chain_adapter.evm.config import EvmConfig, Fee
from chain_adapter.evm.fees import offer
from chain_adapter.evm.library import Web3
from chain_adapter.evm.rpc import NOWHERE, Endpoint, EndpointTrouble, Refused

#: Room for the contract's creation (about 1.1 million) and for lists of platforms.
_GAS: Final = 3_000_000
_POLL: Final = 0.2


class Operator:
    """Sends for ``account`` to one endpoint, one transaction after the other, waiting
    ``patience`` seconds for each."""

    def __init__(
        self,
        url: str,
        chain_id: int,
        account: Any,
        *,
        fee: Fee | None = None,
        patience: float = 120.0,
    ) -> None:
        none = Path()
        config = EvmConfig(
            (url,), 1, chain_id, NOWHERE, none, 1, none, replace(fee or Fee(), gas=_GAS)
        )
        self._config = config
        self._endpoint = Endpoint(url, config)
        self._account = account
        self._patience = patience

    def deploy(self, code: bytes) -> tuple[str, int]:
        """Create a contract of this code; its address and the number of its block."""
        receipt = self._send(None, code)
        return str(receipt["contractAddress"]).lower(), int(receipt["blockNumber"])

    def permit(self, contract: str, platform: str, permitted: bool) -> None:
        """Let an address write to the contract, or no longer.

        Raises:
            Denied: the contract refuses, because ``account`` does not own it.
        """
        self._send(contract, calls.set_platform(platform, permitted))

    def _send(self, to: str | None, data: bytes) -> Mapping[str, Any]:
        try:
            if not self._endpoint.ready():
                kind = Fatal if self._endpoint.wrong else Retryable
                raise kind(self._endpoint.trouble)
            signed = self._account.sign_transaction(self._fields(to, data))
            self._endpoint.send(bytes(signed.raw_transaction))
            receipt = self._wait(bytes(signed.hash))
        except Refused as error:
            raise Denied(f"the chain does not take the transaction: {error}") from error
        except EndpointTrouble as error:
            raise Retryable(f"the chain cannot be reached: {error}") from error
        if receipt.get("status") != 1:
            raise Denied(f"the contract refused: is {self._account.address} its owner?")
        return receipt

    def _fields(self, to: str | None, data: bytes) -> dict[str, Any]:
        block = self._endpoint.block("latest") or {}
        base = block.get("baseFeePerGas")
        asked = self._endpoint.gas_price() if base is None else 0
        price = offer(self._config.fee, base, asked)
        fields: dict[str, Any] = {
            "chainId": self._config.chain_id,
            "nonce": self._endpoint.nonce(self._account.address),
            "value": 0,
            "data": data,
            "gas": self._config.fee.gas,
        }
        if to is not None:
            fields["to"] = Web3.to_checksum_address(to)
        if price.tip is None:
            return fields | {"gasPrice": price.fee}
        return fields | {
            "type": 2,
            "maxFeePerGas": price.fee,
            "maxPriorityFeePerGas": price.tip,
        }

    def _wait(self, transaction: bytes) -> Mapping[str, Any]:
        end = time.monotonic() + self._patience
        while time.monotonic() < end:
            receipt = self._endpoint.outcome(transaction)
            if receipt is not None:
                return receipt
            time.sleep(_POLL)
        raise Retryable(f"transaction {transaction.hex()} is in no block yet: look for it later")
