"""The one owner of nonces: signs, stores, sends, and keeps at it.

Only the process that holds the ledger's lock calls it. Rules that make "exactly once" hold whatever
fails between:

1. A nonce is taken, and the signed bytes stored, in one transaction of the state, before anything
   is sent. Nonces follow one another; none is skipped.
2. What was perhaps sent is sent again as it is, to every endpoint; nodes know it by its hash.
3. A transaction that waits too long is replaced by one with the same nonce and a higher fee.
4. A new nonce is taken only when enough endpoints say both that the old one is used up and that
   the contract does not hold the record.
5. Even then nothing can be recorded twice: the contract answers a repetition with its first record.
"""

from __future__ import annotations

import re
import time
from typing import Any, Final

from chain_adapter.evm import calls
from chain_adapter.evm.config import EvmConfig
from chain_adapter.evm.cosigning import sign_digest
from chain_adapter.evm.endpoints import Endpoints
from chain_adapter.evm.fees import Price, offer, raised
from chain_adapter.evm.library import Web3
from chain_adapter.evm.rows import Anchor, Attempt
from chain_adapter.evm.rpc import Endpoint, EndpointTrouble, Refused
from chain_adapter.evm.session import Session
from chain_adapter.evm.state import State
from chain_adapter.evm.tree import tree_of
from chain_adapter.receipt import Status

#: Transactions under way at once: nodes keep few of one sender (Besu and geth drop beyond 64), and
#: entries that wait meanwhile share the next one.
IN_FLIGHT: Final = 16
#: Entries in one anchor. The contract allows 2²⁰.
MAX_LEAVES: Final = 65_536
#: Nonces spent on one anchor before an operator is asked: each costs gas.
MAX_NONCES: Final = 4
_SEND_AGAIN: Final = 3.0
_PERMITTED_FOR: Final = 30.0
_ANY_CASE: Final = re.IGNORECASE
_HELD: Final = re.compile(r"already (known|imported)|known transaction|nonce too low", _ANY_CASE)
_TOO_CHEAP: Final = re.compile(r"underpriced|fee too low|below|less than block base fee", _ANY_CASE)


class Sender:
    """``trouble`` is the last thing an operator should know, in one sentence; empty when there is
    nothing."""

    def __init__(self, config: EvmConfig, endpoints: Endpoints, state: State, account: Any) -> None:
        self.address: Final = str(account.address).lower()
        self.trouble = ""
        self._config = config
        self._endpoints = endpoints
        self._state = state
        self._account = account
        self._sent: dict[bytes, float] = {}
        self._too_cheap: set[bytes] = set()
        self._permitted_until = 0.0

    def sign_digest(self, digest: bytes) -> bytes:
        """This platform's signature of a co-signed deposit: r ‖ s ‖ v, low s."""
        return sign_digest(bytes(self._account.key), digest)

    def permitted(self) -> bool:
        """Whether the contract lets this sender write.

        Raises:
            Retryable: too few endpoints answer.
        """
        if time.monotonic() < self._permitted_until:
            return True
        question = calls.platforms(self.address)
        good = self._endpoints.some(lambda each: int.from_bytes(each.ask(question), "big") == 1)
        self._permitted_until = time.monotonic() + _PERMITTED_FOR if good else 0.0
        return good

    def nonce(self) -> int:
        """How many of this sender's transactions stand in blocks, as enough endpoints agree."""
        return self._endpoints.agreed(lambda each: each.nonce(self.address))

    def flush(self, used: int) -> bool:
        """Anchor what waits, when there is room for one more transaction; whether it did.

        Raises:
            Retryable: too few endpoints answer; the entries go on waiting.
        """
        with self._state.read() as session:
            under_way = session.anchors((Status.SUBMITTED, Status.ORPHANED), IN_FLIGHT)
            if len(under_way) >= IN_FLIGHT or not session.waiting(1):
                return False
        price = self._offer()
        with self._state.write() as session:
            waiting = session.waiting(MAX_LEAVES)
            root, paths = tree_of([leaf for _, leaf in waiting])
            data = calls.batch(root, len(waiting)) if waiting[1:] else calls.single(root)
            anchor = session.add_anchor(data, root, len(waiting))
            places = [(i, path, waiting[i][0]) for i, path in enumerate(paths)]
            session.anchored(anchor, places)
            attempt = self._next(session, anchor, data, price, used)
        self.deliver(attempt)
        return True

    def anchor_now(self, data: bytes, leaf: bytes, item: tuple[str, bytes, bytes]) -> None:
        """Admit one entry and anchor it by a call of its own."""
        price, used = self._offer(), self.nonce()
        with self._state.write() as session:
            session.admit([item], int(time.time()))
            kept = session.kept(item[0])
            if kept is None or kept.anchor is not None:
                return
            anchor = session.add_anchor(data, leaf, 1)
            session.anchored(anchor, [(0, b"", kept.seq)])
            attempt = self._next(session, anchor, data, price, used)
        self.deliver(attempt)

    def keep_at(self, anchor: Anchor, used: int, absent: bool) -> None:
        """Move an anchor that stands in no block. ``used``: the nonces below it are used up;
        ``absent``: enough endpoints say that the contract does not hold the record, and said so
        after they said ``used``."""
        with self._state.read() as session:
            attempts = session.attempts(anchor.id)
        newest = attempts[0]
        if newest.nonce < used:
            if absent:
                self._start_over(anchor, attempts)
        elif newest.nonce == used and self._is_stuck(newest):
            self._bump(anchor, newest)
        elif time.monotonic() - self._sent.get(newest.hash, 0.0) > _SEND_AGAIN:
            self.deliver(newest)

    def deliver(self, attempt: Attempt) -> None:
        """Hand a stored transaction to every endpoint. What none takes now is sent again later."""
        self._sent[attempt.hash] = time.monotonic()
        for endpoint in self._endpoints.ready():
            try:
                endpoint.send(attempt.raw)
            except EndpointTrouble:
                continue  # perhaps it has it: the next round shows
            except Refused as error:
                self._refused(attempt, endpoint, str(error))

    def _refused(self, attempt: Attempt, endpoint: Endpoint, words: str) -> None:
        if _HELD.search(words):
            return  # the next round sees what became of it
        if _TOO_CHEAP.search(words):
            self._too_cheap.add(attempt.hash)
        self.trouble = f"{endpoint.name} does not take transaction {attempt.nonce}: {words}"

    def _is_stuck(self, attempt: Attempt) -> bool:
        waited = time.time() - attempt.made
        return attempt.hash in self._too_cheap or waited > self._config.fee.bump_after

    def _bump(self, anchor: Anchor, before: Attempt) -> None:
        price = raised(self._config.fee, Price(before.fee, before.tip), self._offer())
        self._too_cheap.discard(before.hash)
        if price is None:
            most = self._config.fee.most
            self.trouble = (
                f"transaction {before.nonce} waits, and may offer no more than {most} wei"
            )
            if time.monotonic() - self._sent.get(before.hash, 0.0) > _SEND_AGAIN:
                self.deliver(before)
            return
        attempt = self._sign(anchor.id, anchor.call, before.nonce, price)
        with self._state.write() as session:
            session.add_attempt(attempt)
        self.deliver(attempt)

    def _start_over(self, anchor: Anchor, attempts: list[Attempt]) -> None:
        """The nonce went to something else, or the contract refused the call."""
        nonces = {each.nonce for each in attempts}
        if not self.permitted():
            self.trouble = f"the contract does not permit {self.address} to write"
            return
        if len(nonces) >= MAX_NONCES:
            self.trouble = f"the contract refused the same call {len(nonces)} times"
            return
        price, used = self._offer(), self.nonce()
        with self._state.write() as session:
            attempt = self._next(session, anchor.id, anchor.call, price, used)
        self.deliver(attempt)

    def _offer(self) -> Price:
        base = None
        if self._config.fee.mode != "legacy":
            base = self._endpoints.median(_base_fee)
        if base is None or base < 0:
            return offer(self._config.fee, None, self._endpoints.median(lambda e: e.gas_price()))
        return offer(self._config.fee, base, 0)

    def _next(self, session: Session, anchor: int, data: bytes, price: Price, used: int) -> Attempt:
        """Take the next nonce for an anchor and sign; stored with the session's transaction."""
        highest = session.highest_nonce()
        nonce = used if highest is None else max(used, highest + 1)
        attempt = self._sign(anchor, data, nonce, price)
        session.add_attempt(attempt)
        return attempt

    def _sign(self, anchor: int, data: bytes, nonce: int, price: Price) -> Attempt:
        fields: dict[str, Any] = {
            "chainId": self._config.chain_id,
            "nonce": nonce,
            "to": Web3.to_checksum_address(self._config.contract),
            "value": 0,
            "data": data,
            "gas": self._config.fee.gas,
        }
        if price.tip is None:
            fields["gasPrice"] = price.fee
        else:
            fields |= {"type": 2, "maxFeePerGas": price.fee, "maxPriorityFeePerGas": price.tip}
        signed = self._account.sign_transaction(fields)
        raw = bytes(signed.raw_transaction)
        return Attempt(bytes(signed.hash), anchor, nonce, price.fee, price.tip, time.time(), raw)


def _base_fee(endpoint: Endpoint) -> int:
    """The newest block's base fee; -1 when the chain knows none."""
    block = endpoint.block("latest")
    if block is None:
        raise Refused("no block")
    return endpoint.call(lambda _: int(block.get("baseFeePerGas", -1)))
