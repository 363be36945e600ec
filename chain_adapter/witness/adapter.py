"""A transparency log whose records are final when enough deposit nodes have cosigned them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final, Self
from urllib.parse import parse_qsl

from chain_adapter.checkpoint import SignedCheckpoint
from chain_adapter.entry import Entry
from chain_adapter.errors import Fatal, LedgerError, NotFound
from chain_adapter.ledger import Caps, Health
from chain_adapter.proof import Proof
from chain_adapter.receipt import Receipt, Status
from chain_adapter.supplement import Supplement
from chain_adapter.tlog import TlogLedger
from chain_adapter.trust import Trust
from chain_adapter.witness.collector import Collector
from chain_adapter.witness.examine import require_welcome
from chain_adapter.witness.policy import Policy
from chain_adapter.witness.sidecar import NAME, Report, Sidecar
from chain_adapter.witness.view import NodeView, look

#: Longest wait of a lookup or refresh for the nodes, seconds: the caller comes again.
_SHORT: Final = 0.5
_OPTIONS: Final = frozenset(("origin", "guard", "policy"))
#: Most supplements given at once.
MAX_SUPPLEMENTS: Final = 256


class WitnessLedger(TlogLedger):
    """A log as :class:`~chain_adapter.tlog.TlogLedger`, and beside it what nodes need and say.

    An append (a) asks the nodes about the entries, when the policy says so; (b) keeps their
    supplements, which nodes fetch; (c) records them; (d) collects cosignatures of the newest
    checkpoint until enough are together or the policy's patience is over. What is not final then
    is INCLUDED: durable, and final as soon as a later lookup or refresh finds the nodes again.
    A crash at any point loses nothing: each step may be done twice.

    Raises:
        Fatal, Retryable, Denied: as the log itself; Fatal when the policy cannot be used.
    """

    scheme: ClassVar[str] = "witness"
    caps: ClassVar[Caps] = Caps(
        finality="delayed", max_batch=10_000, offline_proof=True, reorgs=False
    )

    def __init__(
        self,
        folder: Path,
        policy: Policy,
        *,
        origin: str | None = None,
        passphrase: str | None = None,
        guard: Path | None = None,
        patience: float = 10.0,
    ) -> None:
        super().__init__(
            folder, origin=origin, passphrase=passphrase, guard=guard, patience=patience
        )
        self.policy: Final = policy
        self.trust()  # says now, not at the first verification, that a node is the log itself
        folder = folder.absolute()
        self._sidecar = Sidecar(folder / NAME, patience, policy.digest())
        self._collector = Collector(self, policy, self._sidecar, folder / "witness.lock")

    @classmethod
    def open(cls, data: str, *, base: Path, passphrase: str | None = None) -> Self:
        """``data`` is the folder, then ``#policy=FILE&origin=…&guard=…``; the last two as for a
        plain log."""
        path, _, fragment = data.partition("#")
        options = dict(parse_qsl(fragment))
        if not path or "policy" not in options or options.keys() - _OPTIONS:
            raise Fatal(f"a watched ledger is named witness:FOLDER#policy=FILE&…, not {data!r}")
        return cls(
            base / path,
            Policy.load(base / options["policy"]),
            origin=options.get("origin"),
            passphrase=passphrase,
            guard=base / options["guard"] if "guard" in options else None,
        )

    def trust(self) -> Trust:
        try:
            return replace(super().trust(), quorums={self.id: self.policy.quorum})
        except ValueError as error:
            raise Fatal(f"the policy of deposit nodes is wrong: {error}") from error

    def close(self) -> None:
        self._collector.close()
        self._sidecar.close()
        super().close()

    # What serves the log to the world, beside what a plain log serves.

    def head(self) -> SignedCheckpoint:
        """The newest checkpoint as the log alone has signed it."""
        return self._open(super().latest())

    def latest(self) -> str:
        """The newest checkpoint with the cosignatures it has so far."""
        note = super().latest()
        size = self._open(note).checkpoint.size
        return note + "".join(each.line for each in self._sidecar.lines(size))

    def size(self) -> int:
        return self.head().checkpoint.size

    def prove_at(self, index: int, size: int) -> Proof:
        proof = super().prove_at(index, size)
        final = self._sidecar.final_of(size)
        return proof if final is None else replace(proof, checkpoint=final)

    def supplements(self, first: int, last: int) -> tuple[Supplement | None, ...]:
        """What stands beside the entries at positions ``first`` to ``last``, both included.

        Raises:
            NotFound: the log does not reach that far, or these are more than 256.
        """
        if not 0 <= first <= last < first + MAX_SUPPLEMENTS or last >= self.size():
            raise NotFound(f"there is nothing beside {first} to {last}")
        with self._storage.read() as session:
            entries = session.entries(first, last + 1)
        return self._sidecar.supplements(entries)

    # The nodes.

    def nodes(self) -> tuple[NodeView, ...]:
        """How each node stands, asked now, within about two seconds. Never raises."""
        try:
            lines, size = self._sidecar.newest_lines(), self.size()
        except LedgerError:
            lines, size = [], 0
        views = look(
            self._collector.web(), self.policy.nodes, self.id, lines, self._collector.trouble()
        )
        return tuple(self._checked(view, size) for view in views)

    def spread(self) -> tuple[str, ...]:
        """Bring the newest checkpoint to nodes that were away when enough others cosigned it; the
        names of those who still lack it. For a worker to call now and then: deposits need it not.

        Raises:
            LedgerError: the log's own files cannot be used.
        """
        return self._collector.spread(self.policy.patience)

    def refusals(self) -> tuple[Report, ...]:
        """What nodes did that did not count, or refused, the newest first."""
        return self._sidecar.reports()

    def awaited(self, receipt: Receipt) -> tuple[str, ...]:
        if receipt.status is Status.FINAL:
            return ()
        names = [node.name for node in self.policy.nodes]
        try:
            covering = [
                each for each in self._sidecar.newest_lines() if each.size > receipt.position
            ]
        except LedgerError:
            return tuple(names)
        if not covering:
            return tuple(names)
        (size, _), *_ = Counter(each.size for each in covering).most_common(1)
        there = {each.node for each in covering if each.size == size}
        return tuple(name for name in names if name not in there)

    def _append(
        self, entries: Sequence[Entry], supplements: Sequence[Supplement | None]
    ) -> list[Receipt]:
        if self.policy.examine:
            self._ask(entries, supplements)
        beside = [
            (entry.encode(), each)
            for entry, each in zip(entries, supplements, strict=True)
            if each is not None
        ]
        self._sidecar.keep(beside)
        receipts = super()._append(entries, supplements)
        waiting = [each.position for each in self._settled(receipts) if not _final(each)]
        if waiting:
            self._collector.cover(max(waiting), self.policy.patience)
        return self._settled(receipts)

    def _lookup(self, key: str) -> Receipt | None:
        plain = super()._lookup(key)
        if plain is None:
            return None
        (settled,) = self._settled([plain])
        if not _final(settled):
            seconds = min(_SHORT, self.policy.patience)
            self._collector.cover(plain.position, seconds, rest=True)
            (settled,) = self._settled([plain])
        return settled

    def _health(self) -> Health:
        health = super()._health()
        if not health.ok or health.size is None:
            return health
        size, quorum = self._sidecar.final_size(), self.policy.quorum
        detail = f"{health.detail}, {size} cosigned by {quorum.need} of {len(quorum.nodes)} nodes"
        if health.size > max(size, quorum.since):
            troubles = self._collector.trouble()
            detail += "".join(f"; {name}: {why}" for name, why in troubles.items())
        return replace(health, detail=detail)

    def _ask(self, entries: Sequence[Entry], supplements: Sequence[Supplement | None]) -> None:
        """Step (a), for what is not recorded yet: what stands there can be refused no more."""
        with self._storage.read() as session:
            new = [
                (entry, each)
                for entry, each in zip(entries, supplements, strict=True)
                if session.find(entry.key) is None
            ]
        if new:
            web = self._collector.web()
            require_welcome(web, self.policy, self.id, new, self._collector.report)

    def _settled(self, receipts: Sequence[Receipt]) -> list[Receipt]:
        """The log's own receipts as they stand now. Those under one checkpoint stand alike, because
        nodes cosign nothing between two checkpoints."""
        notes: dict[str, str | None] = {}
        for each in receipts:
            if each.checkpoint not in notes:
                notes[each.checkpoint] = self._sidecar.final(each.position)
        return [self._stands(each, notes[each.checkpoint]) for each in receipts]

    def _stands(self, plain: Receipt, note: str | None) -> Receipt:
        """Final under the first note that enough nodes cosigned, or because none had to."""
        if note is not None:
            return replace(plain, checkpoint=note, time=self._open(note).time)
        if self._open(plain.checkpoint).checkpoint.size <= self.policy.quorum.since:
            return plain
        return replace(plain, status=Status.INCLUDED)

    def _checked(self, view: NodeView, size: int) -> NodeView:
        """What a node says of the tree, held against the tree."""
        if view.root is None or view.claimed is None:
            return view
        if view.claimed > size:
            return replace(view, trouble=f"says that it has seen {view.claimed} entries of {size}")
        with suppress(LedgerError):
            if self._forest.tree(view.claimed).root() != view.root:
                return replace(view, trouble=f"holds another tree of {view.claimed} entries")
        return view


def _final(receipt: Receipt) -> bool:
    return receipt.status is Status.FINAL
