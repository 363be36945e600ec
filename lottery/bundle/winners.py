"""Who stands at the winning positions: the openings of those leaves, in one document.

RFC 8785, schema ``notary/draw-winners/v1``: for each position, in ascending order, the salt, the
tag and the public fields that its leaf commits to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from chain_adapter.canonical import canonical_json, read_canonical
from lottery.bundle.manifest import BadBundle

SCHEMA: Final = "notary/draw-winners/v1"
_SEPARATOR: Final = "\x1f"
_KEYS: Final = {"position", "salt", "tag", "fields"}


@dataclass(frozen=True, slots=True)
class Winner:
    """One opened leaf. ``salt`` (16 bytes) and ``tag`` (32) in hexadecimal; ``fields``: the pool,
    the weight, then the public columns."""

    position: int
    salt: str
    tag: str
    fields: tuple[str, ...]

    def leaf(self) -> bytes:
        """``SHA-256(0x00 ‖ u64 position ‖ salt ‖ tag ‖ fields)``, 32 bytes."""
        parts = b"\x00" + self.position.to_bytes(8, "big") + bytes.fromhex(self.salt + self.tag)
        return hashlib.sha256(parts + _SEPARATOR.join(self.fields).encode()).digest()


def write_winners(winners: Iterable[Winner]) -> bytes:
    """The document; ``winners`` may come in any order, each once."""
    rows: list[Any] = [
        {"position": each.position, "salt": each.salt, "tag": each.tag, "fields": [*each.fields]}
        for each in sorted(winners, key=lambda each: each.position)
    ]
    return canonical_json({"schema": SCHEMA, "winners": rows})


def read_winners(data: bytes) -> tuple[Winner, ...]:
    """Exactly what :func:`write_winners` writes.

    Raises:
        BadBundle: naming what is wrong.
    """
    try:
        value = read_canonical(data)
    except ValueError as error:
        raise BadBundle("winners.json cannot be read") from error
    if value is None or value.get("schema") != SCHEMA:
        raise BadBundle("winners.json is not in canonical form (RFC 8785), or of another schema")
    rows = value.get("winners")
    if value.keys() != {"schema", "winners"} or not isinstance(rows, list):
        raise BadBundle("winners.json has no list of winners")
    found = tuple(map(_winner, rows))
    positions = [each.position for each in found]
    if positions != sorted(set(positions)):
        raise BadBundle("winners.json has each position once, in order")
    return found


def _winner(value: Any) -> Winner:
    try:
        if value.keys() != _KEYS or type(value["position"]) is not int:
            raise ValueError
        right = len(bytes.fromhex(value["salt"])) == 16 and len(bytes.fromhex(value["tag"])) == 32
        fields = tuple(value["fields"])
        if not right or not all(isinstance(each, str) for each in fields):
            raise ValueError
        if not 0 <= value["position"] < 2**32:
            raise ValueError
        return Winner(value["position"], value["salt"], value["tag"], fields)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadBundle("winners.json has an entry that cannot be read") from error
