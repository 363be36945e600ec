"""A transparency log in a folder, as a ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final, Self
from urllib.parse import parse_qsl

from chain_adapter.checkpoint import SignedCheckpoint
from chain_adapter.entry import Entry
from chain_adapter.errors import Fatal, NotFound
from chain_adapter.ledger import Caps, Health, Ledger
from chain_adapter.merkle import leaf_hash
from chain_adapter.proof import Proof
from chain_adapter.receipt import Receipt, Status
from chain_adapter.supplement import Supplement
from chain_adapter.tlog.create import open_log
from chain_adapter.tlog.guard import Guard
from chain_adapter.tlog.layout import TILE_WIDTH, TilePath, bundle, width_in
from chain_adapter.tlog.sequencer import Item, Sequencer
from chain_adapter.tlog.storage import Session
from chain_adapter.tlog.stored import ANY_SIZE, stored_checkpoint
from chain_adapter.tlog.tree import Forest
from chain_adapter.tlog.writer import GroupWriter
from chain_adapter.trust import Trust

_PAGE: Final = 256


class TlogLedger(Ledger):
    """A C2SP tlog-tiles log: one SQLite file and one key in ``folder``, and a guard file.

    Any number of processes may open the same folder. ``origin`` names the log for ever; it is
    chosen when the log is made and may be left out afterwards. ``guard`` is where the last signed
    checkpoint is remembered, ``<folder>.guard`` unless given: outside the folder, so that restoring
    the folder does not restore it too. ``patience`` is how long locks are waited for, in seconds.

    Raises:
        Fatal: the key cannot be read, or the folder holds another log than ``origin``.
        Retryable, Denied: the folder cannot be used.
    """

    scheme: ClassVar[str] = "tlog"
    caps: ClassVar[Caps] = Caps(
        finality="immediate", max_batch=10_000, offline_proof=True, reorgs=False
    )

    def __init__(
        self,
        folder: Path,
        *,
        origin: str | None = None,
        passphrase: str | None = None,
        guard: Path | None = None,
        patience: float = 10.0,
    ) -> None:
        folder = folder.absolute()
        self._guard = Guard(guard or folder.with_name(folder.name + ".guard"), patience)
        self._storage, signer = open_log(folder, self._guard, origin, passphrase, patience)
        self._key: Final = signer.verifier
        self._forest = Forest(self._storage)
        sequencer = Sequencer(self._storage, self._forest, self._guard, signer)
        self._writer = GroupWriter(sequencer.run)

    @classmethod
    def open(cls, data: str, *, base: Path, passphrase: str | None = None) -> Self:
        """``data`` is the folder, then perhaps ``#origin=…&guard=…``."""
        path, _, fragment = data.partition("#")
        options = dict(parse_qsl(fragment))
        if not path or options.keys() - {"origin", "guard"}:
            raise Fatal(f"a tlog ledger is named tlog:FOLDER#origin=…&guard=…, not {data!r}")
        return cls(
            base / path,
            origin=options.get("origin"),
            passphrase=passphrase,
            guard=base / options["guard"] if "guard" in options else None,
        )

    @property
    def id(self) -> str:
        return self._key.name

    @property
    def vkey(self) -> str:
        """The log's verifier key, as every tool of the family takes it."""
        return str(self._key)

    def trust(self) -> Trust:
        return Trust(ledgers={self.id: self.vkey})

    def close(self) -> None:
        self._storage.close()

    # What serves the log to the world, c2sp.org/tlog-tiles. Raises NotFound, Retryable, Fatal.

    def latest(self) -> str:
        """The newest checkpoint let out, as a signed note."""
        with self._storage.read() as session:
            return self._latest(session)

    def size(self) -> int:
        """How many entries the newest checkpoint covers."""
        return self._open(self.latest()).checkpoint.size

    def tile(self, path: str) -> bytes:
        """The bytes of ``tile/<L>/<N>[.p/<W>]`` or ``tile/entries/<N>[.p/<W>]``.

        Raises:
            NotFound: no such path, or the log does not reach that far.
        """
        wanted, size = TilePath.parse(path), self.size()
        if wanted.level is not None:
            return self._forest.tree(size).tile(wanted.level, wanted.number, wanted.width)
        if wanted.width > width_in(size, 0, wanted.number):
            raise NotFound(f"the ledger has no {path} yet")
        first = wanted.number * TILE_WIDTH
        with self._storage.read() as session:
            return bundle(session.entries(first, first + wanted.width))

    def entry_at(self, index: int) -> Entry:
        """The entry at a position.

        Raises:
            NotFound: nothing stands there yet.
        """
        found = self.entries(index, 1)
        if not found:
            raise NotFound(f"the ledger has no entry {index} yet")
        return found[0][1]

    def entries(self, start: int, count: int) -> list[tuple[int, Entry]]:
        """Up to ``count`` entries from position ``start`` on, each with its position."""
        start = max(start, 0)
        end = min(start + count, self.size())
        with self._storage.read() as session:
            rows = session.entries(start, end)
        return [(index, Entry.decode(data)) for index, data in enumerate(rows, start)]

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """The RFC 6962 proof that the tree of ``new`` entries extends that of ``old``.

        Raises:
            NotFound: the log does not reach that far, or ``old`` is larger than ``new``.
        """
        if new > self.size():
            raise NotFound(f"the ledger does not hold {new} entries yet")
        return self._forest.tree(new).consistency(old)

    def prove_at(self, index: int, size: int) -> Proof:
        """The proof that the entry at ``index`` is under the checkpoint of ``size`` entries.

        Raises:
            NotFound: no checkpoint of that size was signed, or it does not cover the entry.
        """
        note = None
        if size <= self.size():
            with self._storage.read() as session:
                note = session.checkpoint(size)
        if note is None:
            raise NotFound(f"the ledger signed no checkpoint of {size} entries")
        return Proof(index, self._forest.tree(size).inclusion(index), note)

    def _append(
        self, entries: Sequence[Entry], supplements: Sequence[Supplement | None]
    ) -> list[Receipt]:
        items = [Item(entry.key, entry.encode()) for entry in entries]
        places = self._writer.submit(items)
        return [
            self._receipt(item.key, item.data, place.position, place.covered)
            for item, place in zip(items, places, strict=True)
        ]

    def _lookup(self, key: str) -> Receipt | None:
        with self._storage.read() as session:
            found = session.find(key)
            note = None if found is None else session.covering_checkpoint(found[0])
        if found is None or note is None:
            return None
        covered = self._open(note)
        if covered.checkpoint.size > self._bound():
            return None  # committed, but the guard has not let it out: not acknowledged yet
        return self._receipt(key, found[1], found[0], covered)

    def _refresh(self, receipt: Receipt) -> Receipt:
        current = self._lookup(receipt.key) if receipt.ledger == self.id else None
        if current is None or current.entry_hash != receipt.entry_hash:
            raise NotFound(f"ledger {self.id} holds no such record of {receipt.key}")
        return current

    def _prove(self, receipt: Receipt) -> Proof:
        current = self._refresh(receipt)
        return self._prove_under(current, current.checkpoint)

    def _prove_many(self, receipts: Sequence[Receipt]) -> list[Proof]:
        return [self._prove_under(receipt, receipt.checkpoint) for receipt in receipts]

    def _prove_under(self, receipt: Receipt, note: str) -> Proof:
        tree = self._forest.tree(self._open(note).checkpoint.size)
        return Proof(receipt.position, tree.inclusion(receipt.position), note)

    def _events(self, since: int) -> Iterator[tuple[int, Entry]]:
        while page := self.entries(since, _PAGE):
            yield from page
            since += len(page)

    def _health(self) -> Health:
        with self._storage.read() as session:
            newest = session.newest_checkpoint(ANY_SIZE)
        head = self._open(newest).checkpoint
        bound = self._bound()
        detail = f"{head.size} entries"
        if bound == ANY_SIZE:
            detail = f"the guard file {self._guard.path} is missing; nothing can be recorded"
        elif bound > head.size:
            detail = f"the database is older than its guard ({head.size} entries, {bound} signed)"
        elif self._forest.tree(head.size).root() != head.root:
            detail = "the database does not fit its newest checkpoint"
        ok = detail == f"{head.size} entries"
        return Health(ok, detail, head.size, datetime.now(UTC))

    def _latest(self, session: Session) -> str:
        note = session.newest_checkpoint(self._bound())
        return self._open(note).note

    def _bound(self) -> int:
        """The greatest tree readers may see: what the guard has let out."""
        note = self._guard.read()
        if note is None:
            return ANY_SIZE
        return stored_checkpoint(note, self._key, str(self._guard.path)).checkpoint.size

    def _open(self, note: str | None) -> SignedCheckpoint:
        return stored_checkpoint(note, self._key, "the ledger's database")

    def _receipt(self, key: str, data: bytes, position: int, covered: SignedCheckpoint) -> Receipt:
        return Receipt(
            ledger=self.id,
            scheme=self.scheme,
            key=key,
            entry_hash=leaf_hash(data),
            position=position,
            status=Status.FINAL,
            time=covered.time,
            checkpoint=covered.note,
        )
