"""One interface for every ledger.

The public methods normalise arguments and errors; an adapter writes the underscored ones and may
raise what its own libraries raise. Every implementation passes the contract suite.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self, TypeVar

from chain_adapter.entry import Entry
from chain_adapter.errors import Fatal, InvalidEntry, LedgerError, Retryable, Unknown
from chain_adapter.proof import LedgerProof
from chain_adapter.receipt import Receipt
from chain_adapter.supplement import Supplement
from chain_adapter.trust import Trust

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Caps:
    """What a kind of ledger can do. ``finality``: "immediate" when an acknowledged entry is final,
    "delayed" when receipts must be refreshed; ``max_batch`` entries an append; ``offline_proof``:
    proofs verify without the ledger; ``reorgs``: included entries may be orphaned."""

    finality: str
    max_batch: int
    offline_proof: bool
    reorgs: bool


@dataclass(frozen=True, slots=True)
class Health:
    """``detail`` is one sentence; ``size`` the number of entries, None when it cannot be told."""

    ok: bool
    detail: str
    size: int | None
    checked: datetime


class Ledger(ABC):
    """A ledger that holds entries for ever.

    Durability: what ``append`` returned survives a power failure. Idempotency: appending an entry
    again returns the original receipt. Concurrency: every method may be called from any thread.
    """

    scheme: ClassVar[str]
    caps: ClassVar[Caps]

    @property
    @abstractmethod
    def id(self) -> str:
        """The ledger's identity in receipts and trust: a tlog's origin, a chain's contract."""

    @classmethod
    @abstractmethod
    def open(cls, data: str, *, base: Path, passphrase: str | None = None) -> Self:
        """Open the ledger named by the part of its URL after the scheme; relative paths are
        relative to ``base``."""

    def append(
        self, entries: Sequence[Entry], supplements: Sequence[Supplement | None] = ()
    ) -> list[Receipt]:
        """Record ``entries`` durably, all or none; one receipt each, in order.

        ``supplements`` are what those who examine the entries need beside them: none at all, or one
        (or None) for each entry. A ledger that nobody examines ignores them.

        Raises:
            InvalidEntry: an entry without its platform's signature, or a supplement that belongs to
                another entry; nothing was written.
            ValueError: more than ``caps.max_batch`` entries, or another number of supplements.
            Conflict: a key is taken by other content; nothing was written.
            Retryable, Unknown, Denied, QuorumNotReached, Fatal: see :mod:`chain_adapter.errors`.
        """
        if len(entries) > self.caps.max_batch:
            raise ValueError(f"{len(entries)} entries at once; {self.caps.max_batch} are allowed")
        beside = tuple(supplements) or (None,) * len(entries)
        if len(beside) != len(entries):
            raise ValueError(f"{len(beside)} supplements for {len(entries)} entries")
        for entry, supplement in zip(entries, beside, strict=True):
            if entry.signature("platform") is None:
                raise InvalidEntry("signatures", f"the platform has not signed {entry.key}")
            if supplement is not None:
                supplement.require_of(entry)
        if not entries:
            return []
        return _guarded(lambda: self._append(entries, beside), Unknown)

    def lookup(self, key: str) -> Receipt | None:
        """The receipt of the entry with this idempotency key, when the ledger acknowledges it."""
        return _guarded(lambda: self._lookup(key), Retryable)

    def refresh(self, receipt: Receipt) -> Receipt:
        """The receipt as the ledger would issue it now: pending may have become final.

        Raises:
            NotFound: the ledger does not know this receipt.
        """
        return _guarded(lambda: self._refresh(receipt), Retryable)

    def awaited(self, receipt: Receipt) -> tuple[str, ...]:
        """The names of those whose word a pending ``receipt`` still waits for, for people to read;
        empty when it waits for nobody. Asks nobody and never raises."""
        del receipt
        return ()

    def prove(self, receipt: Receipt) -> LedgerProof:
        """The proof of inclusion under the receipt's own checkpoint.

        Raises:
            NotFound: the ledger does not know this receipt.
        """
        return _guarded(lambda: self._prove(receipt), Retryable)

    def prove_many(self, receipts: Sequence[Receipt]) -> list[LedgerProof]:
        """Proofs of receipts that :meth:`append` has just given, in order. Nothing is looked up
        again where the receipts themselves say enough; a proof that does not verify says so then.
        """
        return _guarded(lambda: list(self._prove_many(receipts)), Retryable)

    def events(self, since: int = 0) -> Iterator[tuple[int, Entry]]:
        """Position and entry of everything acknowledged, from position ``since`` on, in order."""
        if since < 0:
            raise ValueError("positions begin at 0")
        events = self._events(since)
        while True:
            item = _guarded(lambda: next(events, None), Retryable)
            if item is None:
                return
            yield item

    def health(self) -> Health:
        """Whether the ledger could take an entry now. Never raises."""
        try:
            return self._health()
        except Exception as error:  # noqa: BLE001 - a health report reports, whatever happened
            return Health(False, str(error) or type(error).__name__, None, datetime.now(UTC))

    @abstractmethod
    def trust(self) -> Trust:
        """The keys a verifier needs for this ledger, as the ledger itself states them."""

    @abstractmethod
    def close(self) -> None:
        """Release files and connections. Further calls fail."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def _append(
        self, entries: Sequence[Entry], supplements: Sequence[Supplement | None]
    ) -> list[Receipt]:
        """``supplements`` is as long as ``entries``."""

    @abstractmethod
    def _lookup(self, key: str) -> Receipt | None: ...

    @abstractmethod
    def _refresh(self, receipt: Receipt) -> Receipt: ...

    @abstractmethod
    def _prove(self, receipt: Receipt) -> LedgerProof: ...

    def _prove_many(self, receipts: Sequence[Receipt]) -> Sequence[LedgerProof]:
        return [self._prove(receipt) for receipt in receipts]

    @abstractmethod
    def _events(self, since: int) -> Iterator[tuple[int, Entry]]: ...

    @abstractmethod
    def _health(self) -> Health: ...


def _guarded(call: Callable[[], T], outside: type[LedgerError]) -> T:
    """Run ``call``; trouble with the world becomes ``outside``, a bug becomes ``Fatal``."""
    try:
        return call()
    except LedgerError:
        raise
    except OSError as error:
        raise outside(f"the ledger cannot be reached: {error}") from error
    except Exception as error:
        raise Fatal(f"the ledger adapter failed: {type(error).__name__}: {error}") from error
