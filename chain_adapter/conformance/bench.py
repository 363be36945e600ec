"""What the promises are tried with: a ledger, entries for it, and time for it to settle."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from chain_adapter.digest import digest_of
from chain_adapter.entry import Entry
from chain_adapter.errors import NotFound
from chain_adapter.keys import EntryKey
from chain_adapter.ledger import Ledger
from chain_adapter.receipt import Receipt, Status
from chain_adapter.supplement import Supplement
from chain_adapter.trust import Trust

_PAUSE: Final = 0.02


class Broken(AssertionError):
    """A promise is not kept; the sentence says which and how."""


class Bench:
    """``reopen`` opens the ledger under test, the same one each time, as another process would;
    empty at first. ``settle`` does what the world does while receipts wait (mines a block, lets
    a node answer); a ledger that becomes final by itself needs none. ``patience`` is how long
    receipts may take to become final, in seconds."""

    def __init__(
        self,
        reopen: Callable[[], Ledger],
        settle: Callable[[Ledger], None] | None = None,
        patience: float = 30.0,
    ) -> None:
        self.reopen = reopen
        self._settle = settle
        self._patience = patience
        self.platform: Final = EntryKey.generate()

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """Opened now, closed in the end."""
        with self.reopen() as opened:
            yield opened

    def entry(self, name: str, content: str = "") -> Entry:
        """An entry the platform has signed; ``content`` makes another one under the same key."""
        material = f"{name}/{content}".encode()
        return self.platform.sign(
            Entry(
                kind="deposit",
                id=name,
                digests=(digest_of(material),),
                token=hashlib.sha256(_token(name, content)).digest(),
                meta=hashlib.sha256(b"meta" + material).digest(),
                by="account:1",
                platform=self.platform.key_id,
            )
        )

    def entries(self, prefix: str, count: int) -> list[Entry]:
        return [self.entry(f"{prefix}-{number}") for number in range(count)]

    def supplement(self, name: str, content: str = "") -> Supplement:
        """What belongs beside :meth:`entry` of the same name; its "token" is none."""
        return Supplement(token=_token(name, content))

    def trust(self, ledger: Ledger) -> Trust:
        """What a verifier starts from: the ledger's own keys, and the platform's."""
        return ledger.trust() | Trust(platforms={self.platform.key_id: self.platform.public})

    def settled(self, ledger: Ledger, receipts: Sequence[Receipt]) -> list[Receipt]:
        """``receipts`` refreshed until all are final.

        Raises:
            Broken: they are not after ``patience``, or the ledger gives one up.
        """
        end = time.monotonic() + self._patience
        while True:
            receipts = [_refreshed(ledger, receipt) for receipt in receipts]
            waiting = [each for each in receipts if each.status is not Status.FINAL]
            if not waiting:
                return list(receipts)
            if waiting[0].status is Status.REJECTED:
                raise Broken(f"{waiting[0].key} was acknowledged and then rejected")
            if time.monotonic() > end:
                status, awaited = waiting[0].status, ledger.awaited(waiting[0])
                raise Broken(f"{waiting[0].key} is still {status}, waiting for {awaited}")
            if self._settle is not None:
                self._settle(ledger)
            time.sleep(_PAUSE)

    def appended(self, ledger: Ledger, entries: Sequence[Entry]) -> list[Receipt]:
        """Recorded and final."""
        return self.settled(ledger, ledger.append(entries))


def _refreshed(ledger: Ledger, receipt: Receipt) -> Receipt:
    try:
        return ledger.refresh(receipt)
    except NotFound as error:
        raise Broken(f"{receipt.key} was acknowledged and then not known") from error


def _token(name: str, content: str) -> bytes:
    return f"token {name}/{content}".encode()
