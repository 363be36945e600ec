"""What the parties sign: one statement each for every part they take in a draw."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from lottery.canonical import canonical, read
from lottery.errors import BadStatement
from lottery.fields import Fields, timestamp

SCHEMA: Final = "notary/draw-statement/v1"
PREFIX: Final = b"lottery/statement/v1\n"
FINDINGS: Final = ("genuine", "ghost", "unclear")
#: A statement with nine parties' shares has some 3 kB; ten thousand dice are the longest.
MAX_STATEMENT: Final = 65_536
MAX_NOTE: Final = 2000


@dataclass(frozen=True)
class Signed:
    """A statement and the hex of its Ed25519 signature (64 bytes). Made is not verified."""

    statement: Mapping[str, Any]
    signature: str

    @property
    def party(self) -> str:
        return str(self.statement["party"])

    @property
    def type(self) -> str:
        return str(self.statement["type"])

    @property
    def attempt(self) -> int:
        return int(self.statement["attempt"])

    def document(self) -> dict[str, Any]:
        """As it stands in a step."""
        return {
            "party": self.party,
            "statement": dict(self.statement),
            "signature": self.signature,
        }


def statement(
    draw: str,
    attempt: int,
    party: str,
    type: str,  # noqa: A002
    at: datetime,
    **fields: Any,
) -> dict[str, Any]:
    """The document to sign. ``at`` is aware; ``fields`` are those of the type."""
    return {
        "schema": SCHEMA,
        "draw": draw,
        "attempt": attempt,
        "party": party,
        "type": type,
        "at": timestamp(at),
        **fields,
    }


def message(statement: Mapping[str, Any]) -> bytes:
    """The bytes that are signed."""
    return PREFIX + canonical(dict(statement))


def sign(statement: Mapping[str, Any], key: Ed25519PrivateKey) -> Signed:
    """Sign with the party's key."""
    return Signed(statement, key.sign(message(statement)).hex())


def verify_signature(key: str, data: bytes, signature: str) -> bool:
    """Ed25519 by the library, which compares R byte for byte and refuses S ≥ L.

    ``key`` (hex) has been checked when the config was parsed: canonical, of the prime-order group.
    """
    if not re.fullmatch(r"[0-9a-f]{128}", signature, re.ASCII):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(
            bytes.fromhex(signature), data
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def verify_statement(statement: Mapping[str, Any], signature: str, key: str) -> None:
    """Check form and signature; whether it may be said now is for ``Record.check``.

    Raises:
        BadStatement: malformed, or not signed by ``key`` (hex).
    """
    check_form(statement)
    if not verify_signature(key, message(statement), signature):
        raise BadStatement("signature", "the signature is not this party's for this statement")


def parse_statement(data: bytes) -> dict[str, Any]:
    """Read the canonical bytes of a statement and check its form.

    Raises:
        BadStatement: not canonical JSON, or not of the form of its type.
    """
    try:
        value = read(data, MAX_STATEMENT)
    except ValueError as error:
        raise BadStatement("form", f"the statement is {error}") from error
    check_form(value)
    return value


def check_form(statement: Mapping[str, Any]) -> None:
    """Every field of the type is there, of its form, and no other.

    Raises:
        BadStatement: naming the field.
    """
    fields = Fields(statement, "", lambda field, reason: BadStatement("form", f"{field}: {reason}"))
    fields.constant("schema", SCHEMA)
    fields.match("draw", r"[0-9a-f-]{36}")
    fields.number("attempt", 0, 2)
    fields.match("party", r"[a-z0-9-]{1,32}")
    fields.time("at")
    FORMS[fields.choice("type", tuple(FORMS))](fields)
    fields.done()


def _config(fields: Fields) -> None:
    fields.hex("config_hash", 32)


def _list(fields: Fields) -> None:
    for name in ("config_hash", "list_root", "list_sha256", "draw_hash"):
        fields.hex(name, 32)
    fields.number("count", 1, 2**32 - 1)


def _commit(fields: Fields) -> None:
    fields.hex("draw_hash", 32)
    fields.hex("commitment", 32)
    _hex_list(fields, "points", 2, 8)


def _shares(fields: Fields) -> None:
    fields.hex("draw_hash", 32)
    for each in fields.objects("shares", 2, 8):
        each.match("holder", r"[a-z0-9-]{1,32}")
        each.hex("ephemeral", 32)
        each.hex("sealed", 48)
        each.done()


def _acknowledge(fields: Fields) -> None:
    fields.hex("draw_hash", 32)
    fields.texts("dealers", 2, 8, 1, 32)


def _open(fields: Fields) -> None:
    fields.hex("draw_hash", 32)
    fields.texts("present", 1, 50, 1, 200)


def _dice(fields: Fields) -> None:
    fields.hex("draw_hash", 32)
    fields.match("dice", r"[1-6]{1,10000}")


def _reveal(fields: Fields) -> None:
    fields.hex("draw_hash", 32)
    fields.hex("secret", 32)


def _share(fields: Fields) -> None:
    fields.hex("draw_hash", 32)
    fields.match("dealer", r"[a-z0-9-]{1,32}")
    fields.hex("share", 32)


def _void(fields: Fields) -> None:
    fields.match("reason", r"[a-z_]{1,32}")
    fields.text("note", 0, MAX_NOTE, lines=True)
    fields.hex("head", 32)


def _audit(fields: Fields) -> None:
    fields.hex("results_sha256", 32)
    fields.hex("findings_sha256", 32)


def _hex_list(fields: Fields, name: str, least: int, most: int) -> None:
    for each in fields.texts(name, least, most, 64, 64):
        if not re.fullmatch(r"[0-9a-f]{64}", each, re.ASCII):
            raise fields.refuse(name, "has to hold 32 bytes each as hex digits")


#: What each type of statement holds besides schema, draw, attempt, party, type and at.
FORMS: Final[Mapping[str, Callable[[Fields], None]]] = {
    "config": _config,
    "list": _list,
    "commit": _commit,
    "shares": _shares,
    "acknowledge": _acknowledge,
    "open": _open,
    "dice": _dice,
    "reveal": _reveal,
    "share": _share,
    "void": _void,
    "audit": _audit,
}
