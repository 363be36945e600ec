"""Reading a transparency log for the explorer's pages. No Flask in here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from chain_adapter import Entry, NotFound, Proof
from chain_adapter.checkpoint import open_checkpoint
from chain_adapter.errors import InvalidProof
from chain_adapter.merkle import leaf_hash, node_hash
from chain_adapter.note import VerifierKey
from chain_adapter.quorum import Cosignature, cosignatures
from chain_adapter.tlog import TlogLedger
from chain_adapter.tlog.layout import TILE_WIDTH, TilePath, width_in

PAGE: Final = 25


@dataclass(frozen=True, slots=True)
class Head:
    """The newest checkpoint: tree ``size`` and ``root``, the signed ``time``, the raw ``note``.
    ``cosigned`` are the verified words of the ledger's nodes on it, ``need`` how many must give
    theirs (0: the ledger has no nodes)."""

    origin: str
    size: int
    root: bytes
    time: datetime
    note: str
    vkey: str
    cosigned: tuple[Cosignature, ...] = ()
    need: int = 0
    nodes: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """``rows`` newest first. ``newer`` and ``older`` are the ``before`` of the neighbouring pages,
    None where there is none."""

    rows: tuple[tuple[int, Entry], ...]
    newer: int | None
    older: int | None


@dataclass(frozen=True, slots=True)
class Climb:
    """One step up: ``own`` is joined with ``sibling``, which stands at its left or right."""

    own: bytes
    sibling: bytes
    sibling_left: bool
    parent: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """One entry with the way from its leaf to the root of the newest checkpoint."""

    index: int
    entry: Entry
    leaf: bytes
    proof: Proof
    climbs: tuple[Climb, ...]
    proven: bool
    tiles: tuple[str, ...]


def head(ledger: TlogLedger) -> Head:
    """The newest checkpoint, its signatures verified."""
    note = ledger.latest()
    opened = open_checkpoint(note, VerifierKey.parse(ledger.vkey))
    seen = opened.checkpoint
    own = Head(seen.origin, seen.size, seen.root, opened.time, note, ledger.vkey)
    quorum = ledger.trust().quorums.get(ledger.id)
    if quorum is None:
        return own
    try:
        words = cosignatures(note, quorum)
    except InvalidProof:
        words = ()
    return replace(own, cosigned=words, need=quorum.need, nodes=len(quorum.nodes))


def page(ledger: TlogLedger, size: int, before: int | None) -> Page:
    """Entries below position ``before`` (the newest when None) of a tree of ``size``."""
    end = size if before is None else max(0, min(before, size))
    start = max(0, end - PAGE)
    rows = tuple(reversed(ledger.entries(start, end - start)))
    newer = min(end + PAGE, size) if end < size else None
    return Page(rows, newer, start if start > 0 else None)


def record(ledger: TlogLedger, at: Head, index: int) -> Record:
    """The entry at ``index`` with its proof under the checkpoint ``at``.

    Raises:
        NotFound: the checkpoint does not cover that position.
    """
    if index >= at.size:
        raise NotFound(f"the ledger has no entry {index} yet")
    entry = ledger.entry_at(index)
    leaf, proof = leaf_hash(entry.encode()), ledger.prove_at(index, at.size)
    climbs = tuple(climb(leaf, index, at.size, proof.path))
    top = climbs[-1].parent if climbs else leaf
    return Record(index, entry, leaf, proof, climbs, top == at.root, tuple(tiles(index, at.size)))


def climb(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> Iterator[Climb]:
    """The hashes met on the way up, as RFC 9162 §2.1.3.2 computes them."""
    node, last, own = index, size - 1, leaf
    for sibling in path:
        left = bool(node & 1) or node == last
        parent = node_hash(sibling, own) if left else node_hash(own, sibling)
        yield Climb(own, sibling, left, parent)
        if left:
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        node, last, own = node >> 1, last >> 1, parent


def tiles(index: int, size: int) -> Iterator[str]:
    """The raw tiles that hold the entry itself and its leaf hash, as tlog-tiles names them."""
    number = index // TILE_WIDTH
    width = width_in(size, 0, number)
    yield str(TilePath(None, number, width))
    yield str(TilePath(0, number, width))
