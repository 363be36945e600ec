"""A node's block: what it took over at one time, chained to the block before, time-stamped."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from chain_adapter._strict import read_object, require_fields
from chain_adapter.canonical import canonical_json
from chain_adapter.digest import Digest

#: What the first block names as the one before it.
NO_BLOCK: Final = bytes(32)
MAX_BLOCK: Final = 128 * 1024
_FIELDS: Final = frozenset(
    ("v", "node", "seq", "prev", "first", "last", "size", "root", "checkpoint", "time")
)
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Block:
    """``seq`` counts a node's blocks from 1, ``prev`` is the SHA-256 of the one before (32 bytes).
    The entries at positions ``first`` to ``last`` were examined and copied; with them the log of
    ``checkpoint`` (its note, with the log's own signatures alone) has ``size`` entries and
    ``root``. ``time`` is the node's clock, aware, in whole seconds: the token says it better."""

    node: str
    seq: int
    prev: bytes
    first: int
    last: int
    size: int
    root: bytes
    checkpoint: str
    time: datetime

    def to_json(self) -> bytes:
        """RFC 8785: what is stamped, and hashed into the next block."""
        return canonical_json(
            {
                "v": 1,
                "node": self.node,
                "seq": self.seq,
                "prev": self.prev.hex(),
                "first": self.first,
                "last": self.last,
                "size": self.size,
                "root": self.root.hex(),
                "checkpoint": self.checkpoint,
                "time": self.time.strftime(_TIME),
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> Block:
        """Read what :meth:`to_json` writes, nothing more lenient.

        Raises:
            ValueError: it is none.
        """
        value = read_object(data, MAX_BLOCK)
        try:
            require_fields(value, _FIELDS)
            block = cls._from_object(value)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a block: {error}") from error
        if value["v"] != 1 or block.to_json() != data:
            raise ValueError("not a block in canonical form (RFC 8785)")
        return block

    @classmethod
    def _from_object(cls, value: dict[str, Any]) -> Block:
        return cls(
            node=value["node"],
            seq=int(value["seq"]),
            prev=bytes.fromhex(value["prev"]),
            first=int(value["first"]),
            last=int(value["last"]),
            size=int(value["size"]),
            root=bytes.fromhex(value["root"]),
            checkpoint=value["checkpoint"],
            time=datetime.strptime(value["time"], _TIME).replace(tzinfo=UTC),
        )


@dataclass(frozen=True, slots=True)
class StampedBlock:
    """A block's bytes and the RFC 3161 token (DER of a ContentInfo) over their SHA-256."""

    seq: int
    data: bytes
    token: bytes

    @property
    def digest(self) -> Digest:
        """The transaction hash: what cosignatures are answered with."""
        return Digest("sha256", hashlib.sha256(self.data).digest())
