"""One append to the log: from a group of requests to a durable, guarded checkpoint.

Stage, commit, let out. The steps, and what a crash after each leaves behind:

1. Take the lock; compare database and guard, and finish what a crash left unfinished.
2. In one transaction: entries, filled tiles, signed checkpoint. Before the commit: nothing.
3. Commit. After it the entries are durable, but the guard is behind and nobody sees them yet; the
   next writer's step 1 moves the guard on to the checkpoint that is already signed and stored.
4. Swap the guard. From here on readers see the checkpoint, and callers get their receipts.

A checkpoint is stored in the very transaction that holds its entries, so there is never a second
one of the same size to sign.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple

from chain_adapter.checkpoint import SignedCheckpoint, sign_checkpoint
from chain_adapter.errors import Conflict, Denied, Fatal, Retryable, Unknown
from chain_adapter.merkle import leaf_hash
from chain_adapter.note import NoteSigner
from chain_adapter.tlog.edge import Edge, FullTile
from chain_adapter.tlog.guard import Guard
from chain_adapter.tlog.storage import Session, Storage
from chain_adapter.tlog.stored import ANY_SIZE, stored_checkpoint
from chain_adapter.tlog.tree import Forest

_DATABASE: Final = "the ledger's database"


class Item(NamedTuple):
    """An entry as the log sees it: idempotency key and bytes."""

    key: str
    data: bytes


class Place(NamedTuple):
    """Where an item stands, and the checkpoint that first covered it."""

    position: int
    covered: SignedCheckpoint


@dataclass(slots=True)
class _Plan:
    """What a group of requests adds to a log of ``start`` entries."""

    session: Session
    start: int
    new: list[Item] = field(default_factory=list)
    _positions: dict[str, int] = field(default_factory=dict)

    def add(self, request: Sequence[Item]) -> list[int] | Conflict:
        """The positions of the request's items; when one is in conflict, none of it is added."""
        mark = len(self.new)
        positions = []
        for item in request:
            position = self._position(item)
            if position is None:
                for added in self.new[mark:]:
                    del self._positions[added.key]
                del self.new[mark:]
                return Conflict(f"the ledger holds {item.key} with other content")
            positions.append(position)
        return positions

    def rows(self) -> list[tuple[int, str, bytes]]:
        return [(self.start + i, item.key, item.data) for i, item in enumerate(self.new)]

    def _position(self, item: Item) -> int | None:
        position = self._positions.get(item.key)
        if position is not None:
            return position if self.new[position - self.start].data == item.data else None
        found = self.session.find(item.key)
        if found is not None:
            return found[0] if found[1] == item.data else None
        position = self._positions[item.key] = self.start + len(self.new)
        self.new.append(item)
        return position


class Sequencer:
    """Appends groups of requests. One caller at a time within a process; the guard's lock keeps
    other processes out."""

    def __init__(
        self,
        storage: Storage,
        forest: Forest,
        guard: Guard,
        signer: NoteSigner,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._storage = storage
        self._forest = forest
        self._guard = guard
        self._signer = signer
        self._now = now
        self._edge: Edge | None = None

    def run(self, requests: Sequence[Sequence[Item]]) -> list[list[Place] | Conflict]:
        """Append what is new of each request; the outcome of each, in order.

        Raises:
            Retryable, Denied, Fatal: nothing was written for any of them.
            Unknown: perhaps written.
        """
        try:
            with self._guard.locked():
                return self._run(requests)
        except PermissionError as error:
            raise Denied(f"the ledger's files may not be written: {error}") from error
        except OSError as error:
            raise Retryable(f"the ledger's files cannot be used now: {error}") from error

    def _run(self, requests: Sequence[Sequence[Item]]) -> list[list[Place] | Conflict]:
        with self._storage.write() as session:
            head = self._head(session)
            edge = self._edge_at(head)
            self._reconcile(head)
            plan = _Plan(session, head.checkpoint.size)
            outcomes = [plan.add(request) for request in requests]
            covered = self._extend(session, edge, plan, head) if plan.new else head
            places = [self._places(session, outcome, head, covered) for outcome in outcomes]
        if covered is not head:
            self._edge = edge
            self._let_out(head, covered)
        return places

    def _head(self, session: Session) -> SignedCheckpoint:
        return self._open(session.newest_checkpoint(ANY_SIZE), _DATABASE)

    def _reconcile(self, head: SignedCheckpoint) -> None:
        """Step 1: let the guard say whether this database may be written."""
        note = self._guard.read()
        if note == head.note:
            return
        where, size = self._guard.path, head.checkpoint.size
        if note is None and size:
            raise Fatal(
                f"the guard file {where} is missing, so nobody can tell whether this database of "
                f"{size} entries is the newest: put the file back"
            )
        if note is not None:
            last = self._open(note, f"the guard file {where}").checkpoint
            if last.size > size:
                raise Fatal(
                    f"this database is older than the ledger: it holds {size} entries, but a "
                    f"checkpoint for {last.size} has been signed. Restore the newest database; "
                    "if it is lost, start a new ledger with a new key and keep this one for reading"
                )
            if self._forest.tree(last.size).root() != last.root:
                raise Fatal(
                    f"this database is not the one that the guard file {where} belongs to: "
                    f"their first {last.size} entries differ. Restore the right database"
                )
        self._guard.replace(note, head.note)

    def _edge_at(self, head: SignedCheckpoint) -> Edge:
        """A copy of the right edge to write on, read anew when another process wrote last."""
        if self._edge is None or self._edge.size != head.checkpoint.size:
            self._edge = self._forest.tree(head.checkpoint.size).edge()
        if self._edge.root() != head.checkpoint.root:
            self._edge = None
            raise Fatal(
                "the ledger's database does not fit its own newest checkpoint: it is damaged or "
                "was changed by hand. Restore its newest backup"
            )
        return self._edge.copy()

    def _extend(
        self, session: Session, edge: Edge, plan: _Plan, head: SignedCheckpoint
    ) -> SignedCheckpoint:
        """Step 2, up to the commit."""
        tiles: list[FullTile] = []
        for item in plan.new:
            tiles += edge.append(leaf_hash(item.data))
        session.add_entries(plan.rows())
        session.add_tiles(tiles)
        time = max(self._now(), head.time)  # a clock set back must not set the log's time back
        signed = sign_checkpoint(self._signer, edge.size, edge.root(), time)
        session.add_checkpoint(edge.size, signed.note)
        return signed

    def _places(
        self,
        session: Session,
        outcome: list[int] | Conflict,
        head: SignedCheckpoint,
        covered: SignedCheckpoint,
    ) -> list[Place] | Conflict:
        if isinstance(outcome, Conflict):
            return outcome
        return [
            Place(position, covered)
            if position >= head.checkpoint.size
            else self._recorded(session, position)
            for position in outcome
        ]

    def _recorded(self, session: Session, position: int) -> Place:
        return Place(position, self._open(session.covering_checkpoint(position), _DATABASE))

    def _let_out(self, head: SignedCheckpoint, covered: SignedCheckpoint) -> None:
        """Step 4."""
        try:
            self._guard.replace(head.note, covered.note)
        except OSError as error:
            raise Unknown(
                f"the entries are in the database, but the guard file {self._guard.path} could "
                f"not be written, so they are not acknowledged: {error}"
            ) from error

    def _open(self, note: str | None, where: str) -> SignedCheckpoint:
        return stored_checkpoint(note, self._signer.verifier, where)
