"""An EVM consortium's chain as a ledger."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Final, Self

from chain_adapter.entry import Entry
from chain_adapter.errors import Fatal, InvalidEntry, NotFound, Retryable
from chain_adapter.evm import calls
from chain_adapter.evm.config import EvmConfig
from chain_adapter.evm.cosigning import deposit_digest, signed_by
from chain_adapter.evm.fetching import fetch_proof
from chain_adapter.evm.key import load_sender
from chain_adapter.evm.layout import AnchorRecord
from chain_adapter.evm.moving import Mover
from chain_adapter.evm.names import ledger_id
from chain_adapter.evm.observer import ALARM
from chain_adapter.evm.opening import open_state
from chain_adapter.evm.proof.value import Batch, EvmProof
from chain_adapter.evm.rows import Kept, Stand
from chain_adapter.evm.standing import health_of, status_of
from chain_adapter.ledger import Caps, Health, Ledger
from chain_adapter.merkle import leaf_hash
from chain_adapter.receipt import Receipt, Status
from chain_adapter.supplement import Supplement
from chain_adapter.trust import Trust

_PAGE: Final = 256
#: What was looked at less than so long ago is not looked at again for a refresh.
_FRESH: Final = 0.2
#: The same for records that are final: only a broken promise can change them.
_FRESH_FINAL: Final = 5.0


class EvmLedger(Ledger):
    """Entries under roots in the contract ``DepositAnchor``.

    An append is durable when it returns: the entries are in the state file, and so are the signed
    bytes of the transaction that anchors them. What has not reached the chain then is moved on by
    every later append and refresh, of any process. A receipt's position is the entry's number in
    the contract; until the chain has told, it is the number among this platform's own entries.

    Raises:
        Fatal: configuration, key or state cannot be used.
        Retryable, Denied: a file cannot be used.
    """

    scheme: ClassVar[str] = "evm"
    caps: ClassVar[Caps] = Caps(
        finality="delayed", max_batch=10_000, offline_proof=True, reorgs=True
    )

    def __init__(self, config: EvmConfig, *, passphrase: str | None = None) -> None:
        self._config = config
        self._id = ledger_id(config.chain_id, config.contract)
        account = load_sender(config.key, passphrase)
        self._state, signer = open_state(config.state, self._id, passphrase)
        self._mover = Mover(config, self._state, account, signer)

    @classmethod
    def open(cls, data: str, *, base: Path, passphrase: str | None = None) -> Self:
        """``data`` is the configuration file."""
        if not data:
            raise Fatal("an evm ledger is named evm:FILE, its configuration")
        return cls(EvmConfig.load(base / data), passphrase=passphrase)

    @property
    def id(self) -> str:
        return self._id

    @property
    def sender(self) -> str:
        """The address that pays and writes; the contract must permit it."""
        return self._mover.sender.address

    def trust(self) -> Trust:
        return self._mover.observer.trust

    def close(self) -> None:
        self._state.close()

    def append_cosigned(self, entry: Entry, user: str, signature: bytes) -> Receipt:
        """Record ``entry`` as a deposit that ``user`` (an address) has signed for the contract and
        this platform signs too: both signatures are checked on chain.

        Raises:
            InvalidEntry: the signature is not the user's for this entry, contract and platform.
            Denied, Retryable, Fatal, Conflict: as :meth:`append`.
        """
        if entry.signature("platform") is None:
            raise InvalidEntry("signatures", f"the platform has not signed {entry.key}")
        data = entry.encode()
        leaf, user = leaf_hash(data), user.lower()
        digest = self.cosigned_digest(leaf, user)
        if not signed_by(user, digest, signature):
            raise InvalidEntry("signatures", f"the signature for the contract is not {user}'s")
        platform = self._mover.sender.sign_digest(digest)
        call = calls.deposit_cosigned(leaf, user, self.sender, signature, platform)
        self._mover.require_ready()
        end = time.monotonic() + self._config.patience
        item = (entry.key, leaf, data)
        self._mover.exclusively(lambda: self._mover.sender.anchor_now(call, leaf, item), end)
        self._mover.until_settled([entry.key], end)
        return self._receipts([entry.key])[0]

    def cosigned_digest(self, leaf: bytes, user: str) -> bytes:
        """What a user signs (secp256k1) so that :meth:`append_cosigned` takes the entry whose leaf
        hash is ``leaf``."""
        config = self._config
        return deposit_digest(config.chain_id, config.contract, leaf, user, self.sender)

    def advance(self) -> None:
        """Look at the chain and move on what waits, now."""
        self._mover.advance()

    def status(self) -> dict[str, object]:
        """Everything an operator asks, as JSON has it."""
        self.advance()
        return status_of(self.id, self._mover, self._state)

    def acknowledge(self) -> None:
        """An operator has read the alarm."""
        with self._state.write() as session:
            session.set_about(ALARM, None)

    def _append(
        self, entries: Sequence[Entry], supplements: Sequence[Supplement | None]
    ) -> list[Receipt]:
        encoded = [(entry.key, entry.encode()) for entry in entries]
        items = [(key, leaf_hash(data), data) for key, data in encoded]
        keys = [key for key, _ in encoded]
        with self._state.read() as session:
            known = session.leaves(keys)
        if known.keys() != set(keys):
            self._mover.require_ready()
        end = time.monotonic() + self._config.patience
        with self._state.write() as session:
            session.admit(items, int(time.time()))
        self._mover.until_settled(keys, end)
        return self._receipts(keys)

    def _lookup(self, key: str) -> Receipt | None:
        return next(iter(self._receipts([key])), None)

    def _refresh(self, receipt: Receipt) -> Receipt:
        current = self._of(receipt)
        self._mover.advance(_FRESH_FINAL if current.status is Status.FINAL else _FRESH)
        return self._of(receipt)

    def _of(self, receipt: Receipt) -> Receipt:
        current = self._lookup(receipt.key) if receipt.ledger == self.id else None
        if current is None or current.entry_hash != receipt.entry_hash:
            raise NotFound(f"ledger {self.id} holds no such record of {receipt.key}")
        return current

    def _prove(self, receipt: Receipt) -> EvmProof:
        self._of(receipt)
        with self._state.read() as session:
            kept = session.kept(receipt.key)
            stored = session.proof(kept.anchor.id) if kept and kept.anchor else None
        anchor = kept.anchor if kept else None
        if kept is None or anchor is None or anchor.first is None or kept.place is None:
            raise Retryable(f"{receipt.key} is not in a block yet")
        batch = Batch(anchor.root, anchor.first, anchor.count, kept.place, kept.path)
        if stored is not None:
            return replace(_decoded(stored), batch=batch)
        record = AnchorRecord(anchor.count, anchor.first, anchor.time or 0, anchor.height or 0)
        return self._fetch(kept, record)

    def _fetch(self, kept: Kept, record: AnchorRecord) -> EvmProof:
        """The proof of a record that is not final, from the first endpoint that gives one."""
        reason = "no endpoint can be used"
        for endpoint in self._mover.endpoints.ready():
            try:
                return fetch_proof(endpoint, kept, record)
            except Retryable as error:
                reason = str(error)
        raise Retryable(reason)

    def _events(self, since: int) -> Iterator[tuple[int, Entry]]:
        while True:
            with self._state.read() as session:
                page = session.recorded(since, _PAGE)
            for kept in page:
                position = _position(kept)
                yield position, Entry.decode(kept.data)
                since = position + 1
            if len(page) < _PAGE:
                return

    def _health(self) -> Health:
        return health_of(self._mover, self._state)

    def _receipts(self, keys: Sequence[str]) -> list[Receipt]:
        """Those of the keys that are known, in order."""
        with self._state.read() as session:
            stands = session.stands(keys)
        return [self._receipt(key, stands[key]) for key in keys if key in stands]

    def _receipt(self, key: str, kept: Stand) -> Receipt:
        anchor = kept.anchor
        second = kept.received if anchor is None or anchor.time is None else anchor.time
        return Receipt(
            ledger=self.id,
            scheme=self.scheme,
            key=key,
            entry_hash=kept.leaf,
            position=_position(kept),
            status=Status.QUEUED if anchor is None else anchor.status,
            time=datetime.fromtimestamp(second, UTC),
            checkpoint="" if anchor is None else anchor.note or "",
        )


@lru_cache(maxsize=64)
def _decoded(stored: bytes) -> EvmProof:
    """One proof is that of all the entries under its anchor."""
    return EvmProof.decode(stored)


def _position(kept: Kept | Stand) -> int:
    if kept.anchor is None or kept.anchor.first is None or kept.place is None:
        return kept.seq - 1
    return kept.anchor.first + kept.place
