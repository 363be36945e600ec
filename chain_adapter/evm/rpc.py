"""One endpoint: web3 over HTTP, with limits on size, time and belief.

An endpoint counts only while it is on the right chain and the contract's own code stands at the
contract's address; both are asked at every connect. Whatever it answers may be wrong: what matters
is proven, or compared with others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import urllib3

from chain_adapter.evm import calls
from chain_adapter.evm.config import EvmConfig
from chain_adapter.evm.layout import AnchorRecord, keccak256
from chain_adapter.evm.library import (
    BlockNotFound,
    ContractLogicError,
    ExtraDataToPOAMiddleware,
    TransactionNotFound,
    Web3,
    Web3RPCError,
)
from chain_adapter.evm.provider import BoundedProvider

#: After so many seconds chain and code are asked again, even if nothing went wrong.
_TRUSTED_FOR: Final = 60.0
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 10.0

#: Stands for the contract while there is none yet.
NOWHERE: Final = "0x" + "00" * 20

T = TypeVar("T")


class EndpointTrouble(Exception):
    """The endpoint cannot be used now; the sentence names it."""


class Refused(Exception):
    """The endpoint answered a call with an error of its own; its words."""


class Endpoint:
    """``trouble`` says why it does not count just now; ``wrong`` that it is another chain's, or
    has no such contract, which waiting does not mend."""

    def __init__(self, url: str, config: EvmConfig) -> None:
        self.name: Final = config.name_of(url)
        self.trouble = ""
        self.wrong = False
        self._config = config
        self._provider = BoundedProvider(url, config.timeout)
        # Nothing else of web3's: no names looked up, no gas estimated, no fees filled in.
        self._w3 = Web3(self._provider, middleware=[ExtraDataToPOAMiddleware])
        self._verified = 0.0
        self._connections = 0
        self._pause = _FIRST_PAUSE
        self._not_before = 0.0

    def ready(self) -> bool:
        """Connect when need be. Never raises: ``trouble`` says what hinders."""
        now = time.monotonic()
        if now < self._not_before:
            return False
        if self._verified and now - self._verified < _TRUSTED_FOR:
            return True
        try:
            self._verify()
        except EndpointTrouble:
            return False
        return True

    def answers(self) -> bool:
        """Whether it answers now, and for the right chain. Never raises, as :meth:`ready`."""
        try:
            return self.height() >= 0
        except (EndpointTrouble, Refused):
            return False

    def height(self) -> int:
        return self.call(lambda eth: int(eth.block_number))

    def block(self, which: int | bytes | str) -> Mapping[str, Any] | None:
        """The block of this number or hash, or the "latest"; None when the endpoint has none."""
        named = _hex(which) if isinstance(which, bytes) else which

        def ask(eth: Any) -> Mapping[str, Any] | None:
            try:
                found: Mapping[str, Any] = eth.get_block(named)
            except BlockNotFound:
                return None
            return found

        return self.call(ask)

    def block_hash(self, height: int) -> bytes | None:
        found = self.block(height)
        return None if found is None else self.call(lambda _: _exactly(found["hash"], 32))

    def nonce(self, address: str) -> int:
        """How many transactions of ``address`` stand in blocks."""
        checksummed = Web3.to_checksum_address(address)
        return self.call(lambda eth: int(eth.get_transaction_count(checksummed, "latest")))

    def balance(self, address: str) -> int:
        return self.call(lambda eth: int(eth.get_balance(Web3.to_checksum_address(address))))

    def gas_price(self) -> int:
        return self.call(lambda eth: int(eth.gas_price))

    def ask(self, data: bytes) -> bytes:
        """The contract's answer to a call that changes nothing."""
        to = Web3.to_checksum_address(self._config.contract)
        return self.call(lambda eth: bytes(eth.call({"to": to, "data": _hex(data)})))

    def record_of(self, root: bytes, count: int) -> AnchorRecord | None:
        answer = self.ask(calls.record_of(root, count))
        return self.call(lambda _: calls.read_record(answer))

    def outcome(self, transaction: bytes) -> Mapping[str, Any] | None:
        """The receipt of a transaction that stands in a block, by its hash."""

        def ask(eth: Any) -> Mapping[str, Any] | None:
            try:
                found: Mapping[str, Any] = eth.get_transaction_receipt(_hex(transaction))
            except TransactionNotFound:
                return None
            return found

        return self.call(ask)

    def anchoring(self, root: bytes, block: bytes) -> bytes | None:
        """The hash of the transaction by which ``block`` came to hold ``root``."""
        wanted = {
            "blockHash": _hex(block),
            "address": Web3.to_checksum_address(self._config.contract),
            "topics": [_hex(calls.ANCHORED), _hex(root)],
        }

        def ask(eth: Any) -> bytes | None:
            logs = eth.get_logs(wanted)
            return _exactly(logs[0]["transactionHash"], 32) if logs else None

        return self.call(ask)

    def proof(self, slot: bytes, height: int) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """EIP-1186 at a block: the nodes to the contract's account, and to its slot."""
        contract = Web3.to_checksum_address(self._config.contract)

        def ask(eth: Any) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
            found = eth.get_proof(contract, [_hex(slot)], height)
            storage = found["storageProof"][0]["proof"]
            return tuple(map(bytes, found["accountProof"])), tuple(map(bytes, storage))

        return self.call(ask)

    def send(self, raw: bytes) -> None:
        """Hand a signed transaction in.

        Raises:
            Refused: the endpoint says no, in its own words.
            EndpointTrouble: whether it took the transaction is open.
        """
        self.call(lambda eth: eth.send_raw_transaction(_hex(raw)))

    def call(self, work: Callable[[Any], T]) -> T:
        """Run ``work``; whatever an endpoint's answer makes go wrong is that endpoint's trouble.
        What came over a new connection counts only when the same chain is behind it.

        Raises:
            EndpointTrouble, Refused.
        """
        try:
            return self._ask(work)
        finally:
            if self._provider.connected != self._connections:
                self._verify()

    def _ask(self, work: Callable[[Any], T]) -> T:
        try:
            return work(self._w3.eth)  # untyped: its types promise what only honest endpoints keep
        except (Web3RPCError, ContractLogicError) as error:
            raise Refused(_words_of(error)) from error
        except Exception as error:  # anything may come back from the other side
            reason = "it does not answer" if isinstance(error, _NETWORK) else f"{error}"
            raise self._fail(f"{self.name}: {reason[:200]}", wrong=False) from error

    def _verify(self) -> None:
        config = self._config
        contract = Web3.to_checksum_address(config.contract)
        try:
            chain = self._ask(lambda eth: int(eth.chain_id))
            code = self._ask(lambda eth: bytes(eth.get_code(contract)))
        except Refused as error:
            raise self._fail(f"{self.name}: {error}", wrong=False) from error
        if chain != config.chain_id:
            reason = f"{self.name} is on chain {chain}, not on {config.chain_id}"
            raise self._fail(reason, wrong=True)
        if config.contract != NOWHERE and keccak256(code) != calls.code_hash():
            what = "no contract" if not code else "another contract"
            raise self._fail(f"{self.name} has {what} at {config.contract}", wrong=True)
        self._connections = self._provider.connected
        self._verified, self._pause = time.monotonic(), _FIRST_PAUSE
        self.trouble, self.wrong = "", False

    def _fail(self, sentence: str, *, wrong: bool) -> EndpointTrouble:
        self.trouble, self.wrong, self._verified = sentence, wrong, 0.0
        self._not_before = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)
        return EndpointTrouble(sentence)


_NETWORK: Final = (OSError, urllib3.exceptions.HTTPError)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _exactly(value: Any, length: int) -> bytes:
    data = bytes(value)
    if len(data) != length:
        raise ValueError(f"its answer has {len(data)} bytes where {length} are due")
    return data


def _words_of(error: Exception) -> str:
    response = getattr(error, "rpc_response", None) or {}
    detail = response.get("error")
    return str(detail.get("message", error) if isinstance(detail, dict) else error)[:300]
