"""The ledger's answer to an entry: where it stands, since when, and how firmly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from chain_adapter._strict import read_object, require_fields
from chain_adapter.canonical import canonical_json
from chain_adapter.errors import InvalidReceipt

#: No well-formed receipt is longer, in bytes.
MAX_RECEIPT: Final = 256 * 1024
_FIELDS: Final = frozenset(
    ("v", "ledger", "scheme", "key", "entry_hash", "position", "status", "time", "checkpoint")
)
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
_HASH: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Status(StrEnum):
    """How far an entry has come: queued and submitted are on the way, included may still be lost
    where ledgers reorganise, final cannot; orphaned was included and is not, rejected never was."""

    QUEUED = "queued"
    SUBMITTED = "submitted"
    INCLUDED = "included"
    FINAL = "final"
    ORPHANED = "orphaned"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Receipt:
    """``entry_hash`` is the RFC 6962 leaf hash of the encoded entry, ``position`` its place in the
    ledger from 0, ``time`` aware UTC in whole seconds, ``checkpoint`` the signed note that first
    covered it. A receipt claims; :func:`chain_adapter.verify.verify` decides.

    Raises:
        InvalidReceipt: a value that no receipt can have.
    """

    ledger: str
    scheme: str
    key: str
    entry_hash: bytes
    position: int
    status: Status
    time: datetime
    checkpoint: str

    def __post_init__(self) -> None:
        if len(self.entry_hash) != 32:
            raise InvalidReceipt("a receipt's entry hash has 32 bytes")
        if not 0 <= self.position < 2**53:
            raise InvalidReceipt(f"a receipt's position cannot be {self.position}")
        if self.time.tzinfo is None or self.time.microsecond:
            raise InvalidReceipt("a receipt's time is aware and in whole seconds")
        object.__setattr__(self, "time", self.time.astimezone(UTC))

    def to_json(self) -> bytes:
        """RFC 8785."""
        return canonical_json(
            {
                "v": 1,
                "ledger": self.ledger,
                "scheme": self.scheme,
                "key": self.key,
                "entry_hash": self.entry_hash.hex(),
                "position": self.position,
                "status": str(self.status),
                "time": self.time.strftime(_TIME),
                "checkpoint": self.checkpoint,
            }
        )

    @classmethod
    def from_json(cls, data: bytes) -> Receipt:
        """Read a receipt; exactly what :meth:`to_json` writes, nothing more lenient.

        Raises:
            InvalidReceipt: naming what is wrong.
        """
        try:
            receipt = cls._from_object(read_object(data, MAX_RECEIPT))
            canonical = receipt.to_json() == data
        except KeyError as error:
            raise InvalidReceipt(f"receipt field {error} is missing or unknown") from error
        except InvalidReceipt:
            raise
        except ValueError as error:
            raise InvalidReceipt(f"a receipt cannot be read: {error}") from error
        if not canonical:
            raise InvalidReceipt("a receipt is not in canonical form (RFC 8785)")
        return receipt

    @classmethod
    def _from_object(cls, value: dict[str, Any]) -> Receipt:
        require_fields(value, _FIELDS)
        if value["v"] != 1:
            raise InvalidReceipt("only version 1 of receipts is known")
        position = value["position"]
        if type(position) is not int:
            raise InvalidReceipt("a receipt's position is a whole number")
        texts = {name: value[name] for name in _FIELDS - {"v", "position"}}
        for name, text in texts.items():
            if not isinstance(text, str):
                raise InvalidReceipt(f"receipt field {name!r} must be text")
        if _HASH.fullmatch(texts["entry_hash"]) is None:
            raise InvalidReceipt("a receipt's entry hash is 64 hexadecimal digits")
        return cls(
            ledger=texts["ledger"],
            scheme=texts["scheme"],
            key=texts["key"],
            entry_hash=bytes.fromhex(texts["entry_hash"]),
            position=position,
            status=Status(texts["status"]),
            time=datetime.strptime(texts["time"], _TIME).replace(tzinfo=UTC),
            checkpoint=texts["checkpoint"],
        )
