"""Parts that work and parts that fail on demand, by the public interfaces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from chain_adapter import Caps, Entry, Health, Ledger, Proof, Receipt, Trust, Unknown
from chain_adapter.digest import Digest
from chain_adapter.errors import Retryable
from chain_adapter.supplement import Supplement
from portal.database import Database
from portal.storage import Stored, Vault, VaultUnavailable
from timestamping.errors import TsaTimeout
from timestamping.pdf.sealer import Sealer
from timestamping.stamper import Stamper, StamperHealth
from timestamping.token import Token
from timestamping.trust import TrustStore

Writes = TypeVar("Writes", Session, Connection)


class Fate:
    """What happens to the next outside calls: "works", "fails", or "fails after it was done".

    ``plan`` is used up call by call; afterwards everything works. ``calls`` names every call.
    """

    WORKS, FAILS, LOST = "works", "fails", "fails after it was done"

    def __init__(self) -> None:
        self.plan: list[str] = []
        self.calls: list[str] = []

    def meet(self, name: str, call: Callable[[], Any], failed: Exception, lost: Exception) -> Any:
        self.calls.append(name)
        fate = self.plan.pop(0) if self.plan else self.WORKS
        if fate == self.FAILS:
            raise failed
        result = call()
        if fate == self.LOST:
            raise lost
        return result


class FatefulStamper(Stamper):
    scheme: ClassVar[str] = "fateful"

    def __init__(self, inner: Stamper, fate: Fate) -> None:
        self.inner, self.fate = inner, fate
        self.label, self.independent = inner.label, inner.independent

    def _stamp_many(self, digests: Sequence[Digest]) -> list[Token]:
        error = TsaTimeout("the TSA did not answer in time")
        tokens: list[Token] = self.fate.meet(
            "stamp", lambda: self.inner.stamp_many(digests), error, error
        )
        return tokens

    def _trust(self) -> TrustStore:
        return self.inner.trust()

    def _health(self) -> StamperHealth:
        return self.inner.health()


class FatefulLedger(Ledger):
    scheme: ClassVar[str] = "fateful"
    caps: ClassVar[Caps] = Caps("immediate", 10_000, True, False)

    def __init__(self, inner: Ledger, fate: Fate) -> None:
        self.inner, self.fate = inner, fate

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

    def _append(
        self, entries: Sequence[Entry], supplements: Sequence[Supplement | None]
    ) -> list[Receipt]:
        receipts: list[Receipt] = self.fate.meet(
            "append",
            lambda: self.inner.append(entries, supplements),
            Retryable("the ledger is locked"),
            Unknown("the ledger's answer was lost"),
        )
        return receipts

    def _lookup(self, key: str) -> Receipt | None:
        return self.inner.lookup(key)

    def _refresh(self, receipt: Receipt) -> Receipt:
        return self.inner.refresh(receipt)

    def _prove(self, receipt: Receipt) -> Proof:
        error = Retryable("the ledger is locked")
        proof: Proof = self.fate.meet("prove", lambda: self.inner.prove(receipt), error, error)
        return proof

    def _events(self, since: int) -> Iterator[tuple[int, Entry]]:
        return self.inner.events(since)

    def _health(self) -> Health:
        return self.inner.health()


class FatefulDatabase(Database):
    """Only transactions that wrote something can meet their fate; ``inner`` does the work."""

    def __init__(self, inner: Database, fate: Fate) -> None:
        self.engine, self.scoped = inner.engine, inner.scoped
        self.inner, self.fate = inner, fate

    def transaction(self) -> AbstractContextManager[Session]:
        return self._meet(self.inner.transaction())

    def writing(self) -> AbstractContextManager[Connection]:
        return self._meet(self.inner.writing())

    @contextmanager
    def _meet(self, transaction: AbstractContextManager[Writes]) -> Iterator[Writes]:
        fate = self.fate.plan.pop(0) if self.fate.plan else Fate.WORKS
        self.fate.calls.append("transaction")
        with transaction as writes:
            yield writes
            if fate == Fate.FAILS:
                raise OperationalError("COMMIT", {}, Exception("database is locked"))
        if fate == Fate.LOST:
            raise OperationalError("COMMIT", {}, Exception("connection lost"))

    def reading(self) -> AbstractContextManager[Session]:
        return self.inner.reading()


class FatefulVault(Vault):
    """``put`` and nothing else fails; ``inner`` does the work."""

    scheme = "fateful"

    def __init__(self, inner: Vault, fate: Fate) -> None:
        self.inner, self.fate = inner, fate

    def put(self, key: str, data: bytes) -> Stored:
        error = VaultUnavailable("the vault cannot write: No space left on device")
        stored: Stored = self.fate.meet("put", lambda: self.inner.put(key, data), error, error)
        return stored

    def __getattribute__(self, name: str) -> Any:
        if name in ("inner", "fate", "put"):
            return object.__getattribute__(self, name)
        return getattr(object.__getattribute__(self, "inner"), name)

    def _stage(self) -> Any: ...
    def _open(self, key: str) -> Any: ...
    def _exists(self, key: str) -> bool: ...
    def _delete(self, key: str) -> bool: ...
    def _sweep(self) -> int: ...
    def _kept(self) -> Any: ...


class NoSeal(Sealer):
    """Gives the letter back as it is, where the seal is not what is tested."""

    def __init__(self) -> None:
        """Without a key."""

    def seal(self, pdf: bytes, *, reason: str) -> bytes:
        return pdf
