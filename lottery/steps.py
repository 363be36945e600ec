"""The steps of a record: one document each, chained by SHA-256 and signed by the portal."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from lottery.canonical import canonical, read
from lottery.errors import BadStatement
from lottery.fields import Fields, timestamp
from lottery.statements import Signed, check_form

if TYPE_CHECKING:
    from lottery.record import Record

SCHEMA: Final = "notary/draw-step/v1"
PREFIX: Final = b"lottery/step/v1\n"
START: Final = "0" * 64
#: A result of 200,000 positions of ten digits, with room to spare.
MAX_STEP: Final = 8 * 1024 * 1024
TYPES: Final = (
    "config",
    "list",
    "commit",
    "shares",
    "acknowledge",
    "open",
    "dice",
    "reveal",
    "recover",
    "beacon",
    "seed",
    "result",
    "final",
    "void",
    "audit",
)


@dataclass(frozen=True)
class StepDraft:
    """What the next step will say, before the portal gives it number, time and signature."""

    type: str
    attempt: int
    body: Mapping[str, Any] = field(default_factory=dict)
    statements: tuple[Signed, ...] = ()


@dataclass(frozen=True)
class Step:
    """A parsed step. ``sha256`` (hex) is that of its bytes: the next one's ``prev``."""

    draw: str
    n: int
    attempt: int
    type: str
    at: str
    prev: str
    body: Mapping[str, Any]
    statements: tuple[Signed, ...]
    signature: str
    signed: bytes = field(repr=False)
    sha256: str


def seal_step(
    draft: StepDraft, record: Record, portal_key: Ed25519PrivateKey, at: datetime
) -> bytes:
    """The bytes of the record's next step. A clock that went back does not turn time back."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "draw": record.config.draw,
        "n": record.n,
        "attempt": draft.attempt,
        "type": draft.type,
        "at": max(timestamp(at), record.at),
        "prev": record.head,
        "body": dict(draft.body),
        "statements": [each.document() for each in draft.statements],
    }
    document["signature"] = portal_key.sign(PREFIX + canonical(document)).hex()
    return canonical(document)


def parse_step(data: bytes) -> Step:
    """Check form and encoding of one step; its place in a record is for ``Record``.

    Raises:
        ValueError: a sentence naming the field.
    """
    document = read(data, MAX_STEP)
    fields = Fields(document, "", lambda name, reason: ValueError(f"{name}: {reason}"))
    fields.constant("schema", SCHEMA)
    unsigned = {name: value for name, value in document.items() if name != "signature"}
    body = fields.take("body")
    if not isinstance(body, dict):
        raise ValueError("body: has to be an object")
    step = Step(
        draw=fields.match("draw", r"[0-9a-f-]{36}"),
        n=fields.number("n", 0, 10_000),
        attempt=fields.number("attempt", 0, 2),
        type=fields.choice("type", TYPES),
        at=fields.time("at"),
        prev=fields.hex("prev", 32),
        body=body,
        statements=tuple(_signed(each) for each in fields.objects("statements", 0, 9)),
        signature=fields.hex("signature", 64),
        signed=PREFIX + canonical(unsigned),
        sha256=hashlib.sha256(data).hexdigest(),
    )
    fields.done()
    return step


def _signed(fields: Fields) -> Signed:
    said = fields.take("statement")
    try:
        check_form(said)
    except BadStatement as error:
        raise ValueError(f"{fields.path}: {error}") from error
    signed = Signed(said, fields.hex("signature", 64))
    if fields.take("party") != signed.party:
        raise ValueError(f"{fields.path}.party: is not who made the statement")
    fields.done()
    return signed
