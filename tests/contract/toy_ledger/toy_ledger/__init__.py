"""A ledger in a text file: a line for each entry, and now and then a signed seal over all lines.

It stands for ledgers that others run: an entry is final only once a seal covers it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Self

from chain_adapter import Caps, Conflict, Entry, Health, Ledger, NotFound, Receipt, Status, Trust
from chain_adapter.checkpoint import open_timed, sign_timed
from chain_adapter.keyfile import load_or_create_key
from chain_adapter.merkle import leaf_hash
from chain_adapter.note import NoteSigner
from chain_adapter.supplement import Supplement
from toy_ledger.proof import ToyProof

__all__ = ["ToyLedger", "ToyProof"]

ORIGIN = "toy.example/ledger"


class ToyLedger(Ledger):
    """``entries`` in ``folder`` has a line for each entry, ``seals`` a signed note for each seal.
    One lock makes any number of processes and threads take turns."""

    scheme: ClassVar[str] = "toy"
    caps: ClassVar[Caps] = Caps(
        finality="delayed", max_batch=1000, offline_proof=True, reorgs=False
    )

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._closed = False
        self._signer = NoteSigner(ORIGIN, load_or_create_key(folder / "key"))
        self._entries: list[Entry] = []
        self._places: dict[str, int] = {}
        self._seals: list[tuple[int, datetime, str]] = []  # size, time, note
        self._read = {"entries": 0, "seals": 0}
        for name in (*self._read, "lock"):
            (folder / name).touch()

    @classmethod
    def open(cls, data: str, *, base: Path, passphrase: str | None = None) -> Self:
        return cls(base / data)

    @property
    def id(self) -> str:
        return ORIGIN

    def trust(self) -> Trust:
        return Trust(ledgers={self.id: str(self._signer.verifier)})

    def close(self) -> None:
        self._closed = True

    def awaited(self, receipt: Receipt) -> tuple[str, ...]:
        return () if receipt.status is Status.FINAL else ("the next seal",)

    def _append(
        self, entries: Sequence[Entry], supplements: Sequence[Supplement | None]
    ) -> list[Receipt]:
        with self._turn():
            fresh: dict[str, Entry] = {}
            for entry in entries:
                known = self._at(entry.key) or fresh.setdefault(entry.key, entry)
                if known != entry:
                    raise Conflict(f"the ledger holds other content under {entry.key}")
            self._write("entries", b"".join(entry.encode() + b"\n" for entry in fresh.values()))
            return [self._receipt(entry) for entry in entries]

    def _lookup(self, key: str) -> Receipt | None:
        with self._turn():
            entry = self._at(key)
            return None if entry is None else self._receipt(entry)

    def _refresh(self, receipt: Receipt) -> Receipt:
        with self._turn():
            entry = self._own(receipt)
            if self._receipt(entry).status is not Status.FINAL:
                self._seal()
            return self._receipt(entry)

    def _prove(self, receipt: Receipt) -> ToyProof:
        with self._turn():
            place = self._places[self._own(receipt).key]
            size = next(size for size, _, _ in self._seals if size > place)
            return ToyProof(tuple(leaf_hash(each.encode()) for each in self._entries[:size]))

    def _events(self, since: int) -> Iterator[tuple[int, Entry]]:
        with self._turn():
            entries = list(enumerate(self._entries))
        yield from entries[since:]

    def _health(self) -> Health:
        with self._turn():
            size = len(self._entries)
        return Health(True, f"{size} entries", size, datetime.now(UTC))

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Nobody else reads or writes, and all that others have written is known."""
        if self._closed:
            raise OSError("the ledger is closed")
        with (self._folder / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self._catch_up()
            yield

    def _catch_up(self) -> None:
        for line in self._unread("entries", b"\n"):
            entry = Entry.decode(line)
            self._places[entry.key] = len(self._entries)
            self._entries.append(entry)
        for note in self._unread("seals", b"\0"):
            text, time = open_timed(note.decode(), self._signer.verifier)
            self._seals.append((int(text.split("\n")[1]), time, note.decode()))

    def _unread(self, name: str, end: bytes) -> list[bytes]:
        with (self._folder / name).open("rb") as file:
            file.seek(self._read[name])
            data = file.read()
        self._read[name] += len(data)
        return data.split(end)[:-1]

    def _at(self, key: str) -> Entry | None:
        place = self._places.get(key)
        return None if place is None else self._entries[place]

    def _own(self, receipt: Receipt) -> Entry:
        entry = self._at(receipt.key)
        known = entry is not None and leaf_hash(entry.encode()) == receipt.entry_hash
        if entry is None or not known or receipt.ledger != self.id:
            raise NotFound(f"ledger {self.id} holds no such record of {receipt.key}")
        return entry

    def _receipt(self, entry: Entry) -> Receipt:
        position = self._places[entry.key]
        now = datetime.now(UTC).replace(microsecond=0)
        covering = (seal for seal in self._seals if seal[0] > position)
        size, time, note = next(covering, (0, now, ""))
        return Receipt(
            ledger=self.id,
            scheme=self.scheme,
            key=entry.key,
            entry_hash=leaf_hash(entry.encode()),
            position=position,
            status=Status.FINAL if size else Status.INCLUDED,
            time=time,
            checkpoint=note,
        )

    def _seal(self) -> None:
        hashes = [leaf_hash(entry.encode()) for entry in self._entries]
        digest = hashlib.sha256(b"".join(hashes)).hexdigest()
        text = f"{ORIGIN}\n{len(hashes)}\n{digest}\n"
        note, _ = sign_timed(self._signer, text, datetime.now(UTC))
        self._write("seals", note.encode() + b"\0")

    def _write(self, name: str, data: bytes) -> None:
        with (self._folder / name).open("ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        self._catch_up()
