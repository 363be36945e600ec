"""Moving on what waits: one round after the other, by whoever appends or refreshes.

There is no thread of its own. A round looks at the chain, keeps at what stands in no block, and
anchors what waits; one process at a time makes one, for the entries of all of them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from chain_adapter.errors import Denied, Retryable
from chain_adapter.evm.config import EvmConfig
from chain_adapter.evm.endpoints import Endpoints
from chain_adapter.evm.lock import only_one
from chain_adapter.evm.observer import Observer
from chain_adapter.evm.sender import Sender
from chain_adapter.evm.state import State
from chain_adapter.note import NoteSigner
from chain_adapter.receipt import Status

#: Between two rounds while an append waits for its block, in seconds.
_PAUSE: Final = 0.05
_MOST: Final = 256


class Mover:
    """``account`` signs transactions, ``signer`` observations. ``looked`` is when the last round
    of this process ended, by the monotonic clock."""

    def __init__(self, config: EvmConfig, state: State, account: Any, signer: NoteSigner) -> None:
        self.endpoints: Final = Endpoints(config)
        self.sender: Final = Sender(config, self.endpoints, state, account)
        self.observer: Final = Observer(config, self.endpoints, state, signer)
        self.looked = 0.0
        self._config = config
        self._state = state
        self._turn = threading.Lock()

    def require_ready(self) -> None:
        """Before anything is written: enough endpoints of the right chain, and permission.

        Raises:
            Fatal, Retryable: as :meth:`Endpoints.require`.
            Denied: the contract does not let the sender write.
        """
        self.endpoints.require()
        if not self.sender.permitted():
            raise Denied(
                f"the contract {self._config.contract} does not permit {self.sender.address} to "
                "write: its owner has to run python -m chain_adapter.evm permit"
            )

    def advance(self, age: float = 0.0) -> None:
        """Make a round, unless one ended less than ``age`` seconds ago. Quiet about trouble: that
        is for the ledger's health. When another process is at it, it does this one's work too."""
        with self._turn:
            if time.monotonic() - self.looked > age:
                self._advance()

    def until_settled(self, keys: Sequence[str], end: float) -> None:
        """Make rounds until the entries stand in a block, or until ``end`` (monotonic)."""
        while self._unsettled(keys):
            if self._turn.acquire(timeout=max(0.0, end - time.monotonic())):
                try:
                    if self._unsettled(keys):
                        self._advance()
                finally:
                    self._turn.release()
            if time.monotonic() >= end or not self._unsettled(keys):
                return
            time.sleep(min(_PAUSE, max(0.0, end - time.monotonic())))

    def exclusively(self, work: Callable[[], object], end: float) -> None:
        """Run ``work`` as the only one who sends.

        Raises:
            Retryable: another process was at it until ``end``; ``work`` did not run.
        """
        with self._turn:
            while not self._locked(work):
                if time.monotonic() > end:
                    raise Retryable("another process is sending; nothing was written")
                time.sleep(_PAUSE)

    def _unsettled(self, keys: Sequence[str]) -> bool:
        with self._state.read() as session:
            return session.unsettled(keys)

    def _advance(self) -> None:
        self._locked(self._round)
        self.looked = time.monotonic()

    def _round(self) -> None:
        self.sender.trouble = ""
        try:
            used = self.sender.nonce()  # before looking: see Sender, rule 4
            missing = self.observer.watch()
            self._keep_at(used, missing)
            if self.sender.flush(used):
                self.observer.watch()
        except Retryable as error:
            self.sender.trouble = str(error)

    def _keep_at(self, used: int, missing: dict[int, bool]) -> None:
        with self._state.read() as session:
            anchors = session.anchors((Status.SUBMITTED, Status.ORPHANED), _MOST)
        for anchor in anchors:
            if anchor.id in missing:
                self.sender.keep_at(anchor, used, missing[anchor.id])

    def _locked(self, work: Callable[[], object]) -> bool:
        """Run ``work`` when no other process is at it; whether it ran."""
        state = self._config.state
        with only_one(state.with_name(state.name + ".lock")) as alone:
            if alone:
                work()
            return alone
