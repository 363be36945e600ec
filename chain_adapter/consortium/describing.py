"""What a message asks for, in words a signer can read before signing."""

from __future__ import annotations

from datetime import UTC, datetime

from chain_adapter.consortium import shapes
from chain_adapter.consortium.message import (
    KINDS,
    ROLES,
    Act,
    Change,
    Message,
    Register,
    Replace,
    Rotate,
)
from chain_adapter.consortium.offices import ACTS, PERMISSIONS
from chain_adapter.consortium.shapes import ZERO, shown


def describe(message: Message) -> list[str]:
    """Lines; the last says until when the message is open."""
    return [*_lines(message), f"open until {_moment(message.expires)}"]


def _lines(message: Message) -> list[str]:
    if isinstance(message, Register):
        return _registration(message)
    if isinstance(message, Act):
        return _act(message)
    if isinstance(message, Rotate):
        role = _name(message.role, ROLES)
        return [f"the {role}'s key {shown(message.old)} gives way to {shown(message.new)}"]
    if isinstance(message, Replace):
        return [
            f"the member {message.identity.hex()} will sign with {shown(message.account)}",
            f"and deposit with the key {message.key.hex()}",
        ]
    if isinstance(message, Change):
        rule = message.rule
        return [
            f"the rule becomes version {message.version}: {rule.name}, digest {rule.digest.hex()}",
            f"{rule.certificates} of {len(rule.authorities)} authorities admit a member",
        ]
    return [f"a message of type {message.type}"]


def _registration(message: Register) -> list[str]:
    found = message.application
    above = "nobody" if found.parent == ZERO else found.parent.hex()
    return [
        f"register the {_name(found.kind, KINDS)} {found.identity.hex()}",
        f"account {shown(found.account)}, deposit key {found.key.hex()}",
        f"below {above}, level {found.level}, registration {found.round}",
        *(
            f"vouched for by {shown(each.authority)} "
            f"from {_moment(each.start)} until {_moment(each.until)}"
            for each in message.certificates
        ),
    ]


def _act(message: Act) -> list[str]:
    lines = [f"{_name(message.method, ACTS)} the member {message.member.hex()}"]
    if message.method == ACTS["limit"]:
        lines.append(f"without {', '.join(shapes.names_of(message.value, PERMISSIONS))}")
    if message.method == ACTS["degrade"]:
        lines.append(f"to level {message.value}")
    if message.reason:
        lines.append(f"reason: {message.reason}")
    return lines


def _name(number: int, known: dict[str, int]) -> str:
    return next((name for name, each in known.items() if each == number), str(number))


def _moment(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{seconds} s after 1970"
