"""From bytes to messages and to the rule of the first entry, and nothing more lenient."""

from __future__ import annotations

from typing import Any, Final

import rfc8785

from chain_adapter.consortium import shapes
from chain_adapter.consortium.applying import TIME, Signed
from chain_adapter.consortium.message import (
    MOST_SIGNATURES,
    Act,
    Change,
    Message,
    Register,
    Replace,
    Rotate,
)
from chain_adapter.consortium.rule import Rule

_KINDS: Final[dict[str, tuple[frozenset[str], type[Message]]]] = {
    "register": (frozenset(("application", "certificates")), Register),
    "act": (frozenset(("method", "member", "value", "reason")), Act),
    "rotate": (frozenset(("role", "from", "to")), Rotate),
    "replace": (frozenset(("identity", "account", "key")), Replace),
    "change": (frozenset(("rule", "version")), Change),
}
_COMMON: Final = frozenset(("v", "type", "nonce", "expires", "signatures"))
_GENESIS: Final = frozenset(("v", "type", "rule"))


def decode(data: bytes) -> Message:
    """Read a message; exactly what :meth:`Message.encode` writes.

    Raises:
        Refused: ``malformed``, or ``rule`` for a change whose rule does not hold together.
    """
    found = shapes.any_object(data)
    kind = found.get("type")
    if not isinstance(kind, str) or kind not in _KINDS:
        shapes.wrong("unknown type of message")
    names, message = _KINDS[kind]
    shapes.require(found, names | _COMMON)
    return message.read(found, _common(found))


def genesis_content(rule: Rule) -> bytes:
    """The content of the first entry: the rule that is agreed on."""
    return rfc8785.dumps({"v": 1, "type": "genesis", "rule": rule.to_object()})


def read_genesis(data: bytes) -> Rule:
    """The rule in a genesis entry's content.

    Raises:
        Refused: ``malformed`` or ``rule``.
    """
    found = shapes.canonical_object(data, _GENESIS)
    if found["type"] != "genesis":
        shapes.wrong("not a genesis entry")
    return Rule.from_object(found["rule"])


def _common(found: dict[str, Any]) -> dict[str, Any]:
    signatures = shapes.objects(found, "signatures", MOST_SIGNATURES)
    return {
        "nonce": shapes.fixed(found, "nonce", 32),
        "expires": shapes.number(found, "expires", TIME),
        "signatures": tuple(map(_signed, signatures)),
    }


def _signed(value: object) -> Signed:
    found = shapes.require(value, frozenset(("signer", "value")))
    return Signed(shapes.address(found, "signer"), shapes.fixed(found, "value", 64))
