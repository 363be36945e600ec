"""What a row of the adapter's state says, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chain_adapter.receipt import Status


@dataclass(frozen=True, slots=True)
class Anchor:
    """``first``, ``height``, ``block`` (its hash), ``time`` and ``note`` are None until it was seen
    in a block. ``status``: submitted, included, final or orphaned."""

    id: int
    call: bytes
    root: bytes
    count: int
    status: Status
    first: int | None
    height: int | None
    block: bytes | None
    time: int | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """``fee`` is the most that is paid for one gas, in wei, ``tip`` the block maker's part of it
    (None where chains know no tips); ``made`` is Unix time."""

    hash: bytes
    anchor: int
    nonce: int
    fee: int
    tip: int | None
    made: float
    raw: bytes


@dataclass(frozen=True, slots=True)
class Stand:
    """What a receipt needs of an entry."""

    seq: int
    leaf: bytes
    received: int
    place: int | None
    anchor: Anchor | None


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry and, once an anchor took it up, its place there and the path to the root."""

    seq: int
    key: str
    leaf: bytes
    received: int
    data: bytes
    place: int | None
    path: tuple[bytes, ...]
    anchor: Anchor | None


def read_anchor(row: Sequence[Any]) -> Anchor:
    number, call, root, count, status, *seen = row
    return Anchor(number, call, root, count, Status(status), *seen)


def read_kept(row: Sequence[Any]) -> Kept:
    seq, key, leaf, received, data, place, path, *anchor = row
    parts = tuple(path[i : i + 32] for i in range(0, len(path), 32)) if path else ()
    under = read_anchor(anchor) if anchor[0] is not None else None
    return Kept(seq, key, leaf, received, data, place, parts, under)
