"""A ledger whose records are final only while enough of its nodes are up."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

from chain_adapter import Caps, Denied, Entry, Health, Ledger, Proof, Receipt, Status, Trust
from chain_adapter.supplement import Supplement

NODES = ("node-a.example", "node-b.example", "node-c.example", "node-d.example")


class PendingLedger(Ledger):
    """``inner`` holds the entries. Tests say which nodes are ``up``, what is ``denied`` and which
    keys were ``orphaned`` since they were last given."""

    scheme: ClassVar[str] = "pending"
    caps: ClassVar[Caps] = Caps("delayed", 10_000, True, True)

    def __init__(self, inner: Ledger, up: Collection[str] = NODES, need: int = 3) -> None:
        self.inner, self.up, self.need = inner, set(up), need
        self.denied = ""
        self.orphaned: set[str] = set()
        self.supplements: dict[str, Supplement | None] = {}
        self.refreshed = 0

    @property
    def id(self) -> str:
        return self.inner.id

    @classmethod
    def open(cls, data: str, *, base: Path, passphrase: str | None = None) -> Self:
        raise NotImplementedError

    def trust(self) -> Trust:
        return self.inner.trust()

    def close(self) -> None:
        self.inner.close()

    def awaited(self, receipt: Receipt) -> tuple[str, ...]:
        if receipt.status is Status.FINAL:
            return ()
        return tuple(name for name in NODES if name not in self.up)

    def _append(
        self, entries: Sequence[Entry], supplements: Sequence[Supplement | None]
    ) -> list[Receipt]:
        if self.denied:
            raise Denied(self.denied)
        keys = [entry.key for entry in entries]
        self.supplements |= dict(zip(keys, supplements, strict=True))
        self.orphaned -= set(keys)
        return [self._now(each) for each in self.inner.append(entries)]

    def _lookup(self, key: str) -> Receipt | None:
        found = self.inner.lookup(key)
        return found and self._now(found)

    def _refresh(self, receipt: Receipt) -> Receipt:
        self.refreshed += 1
        found = self.inner.lookup(receipt.key)
        assert found is not None
        return self._now(found)

    def _now(self, receipt: Receipt) -> Receipt:
        if receipt.key in self.orphaned:
            return replace(receipt, status=Status.ORPHANED)
        enough = len(self.up) >= self.need
        return receipt if enough else replace(receipt, status=Status.INCLUDED)

    def _prove(self, receipt: Receipt) -> Proof:
        proof = self.inner.prove(receipt)
        assert isinstance(proof, Proof)
        return proof

    def _events(self, since: int) -> Iterator[tuple[int, Entry]]:
        return self.inner.events(since)

    def _health(self) -> Health:
        return self.inner.health()
