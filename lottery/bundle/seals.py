"""The seals of a draw's steps: entry, receipt and inclusion proof of each, in one document.

RFC 8785, schema ``notary/draw-seals/v1``. The texts are those of :mod:`chain_adapter`, byte for
byte; the tokens lie beside it as files of their own, so that ``openssl ts`` reads them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from chain_adapter.canonical import canonical_json, read_canonical
from lottery.bundle.manifest import BadBundle

SCHEMA: Final = "notary/draw-seals/v1"
_FIELDS: Final = ("step", "number", "entry", "receipt", "proof")


@dataclass(frozen=True, slots=True)
class Seal:
    """What sealed step number ``step``: the deposit's ``number``, and the three documents as
    text."""

    step: int
    number: str
    entry: str
    receipt: str
    proof: str


def write_seals(seals: Sequence[Seal]) -> bytes:
    """The document, seals in the order of their steps."""
    rows = [{name: getattr(each, name) for name in _FIELDS} for each in seals]
    return canonical_json({"schema": SCHEMA, "seals": rows})


def read_seals(data: bytes) -> tuple[Seal, ...]:
    """Exactly what :func:`write_seals` writes, one seal for each step from 0 on.

    Raises:
        BadBundle: naming what is wrong.
    """
    try:
        value = read_canonical(data)
    except ValueError as error:
        raise BadBundle("seals.json cannot be read") from error
    if value is None or value.keys() != {"schema", "seals"}:
        raise BadBundle("seals.json is not in canonical form (RFC 8785)")
    if value["schema"] != SCHEMA or not isinstance(value["seals"], list):
        raise BadBundle(f"seals.json is no document of schema {SCHEMA}")
    return tuple(_seal(number, each) for number, each in enumerate(value["seals"]))


def _seal(number: int, value: Any) -> Seal:
    if not isinstance(value, dict) or value.keys() != set(_FIELDS):
        raise BadBundle(f"seals.json lacks something of the seal of step {number}")
    texts = all(isinstance(value[name], str) for name in _FIELDS[1:])
    if not texts or type(value["step"]) is not int or value["step"] != number:
        raise BadBundle(f"seals.json has something strange where the seal of step {number} belongs")
    return Seal(**value)
