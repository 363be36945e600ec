"""Regulatory messages: blacklist, remove, limit, degrade, restore."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from chain_adapter.consortium import signing
from chain_adapter.consortium.keys import Judge
from chain_adapter.consortium.message import Act
from chain_adapter.consortium.offices import ACTS
from chain_adapter.consortium.refusals import Refused
from chain_adapter.consortium.state import KeyEvent, Member, State

_BLACKLIST: Final = ACTS["blacklist"]
_REMOVE: Final = ACTS["remove"]
_LIMIT: Final = ACTS["limit"]
_DEGRADE: Final = ACTS["degrade"]
_RESTORE: Final = ACTS["restore"]


def act(state: State, judge: Judge, found: bytes, message: Act) -> Callable[[], list[KeyEvent]]:
    """Steps 3 to 7.

    Raises:
        Refused: see docs/consortium.md, "Acts".
    """
    if message.method not in ACTS.values():  # 3
        raise Refused("malformed", "unknown method")
    member = state.members.get(message.member)
    if member is None:  # 4
        raise Refused("member_unknown")
    values = _outcome(state, member, message.method, message.value)  # 5
    signing.verified(judge, found, message.signatures)  # 6
    _authorised(state, message)  # 7

    def effect() -> list[KeyEvent]:
        state.change(member, **values)
        return []

    return effect


def _outcome(state: State, member: Member, method: int, value: int) -> dict[str, object]:
    """What becomes of ``member``."""
    possible = {
        _BLACKLIST: not member.blacklisted,
        _REMOVE: member.active,
        _LIMIT: member.active,
        _DEGRADE: member.active,
        _RESTORE: member.blacklisted or (not member.removed and _lowered(member)),
    }
    if not possible[method]:
        raise Refused("state")
    if method == _DEGRADE:
        _demand(member.level < value < len(state.rule.levels))
        return {"level": value}
    if method == _LIMIT:
        _demand(value != 0)
        return {"denied": member.denied | value}
    _demand(value == 0)
    if method == _BLACKLIST:
        return {"blacklisted": True}
    if method == _REMOVE:
        return {"removed": True, "round": member.round + 1}
    return {"blacklisted": False, "denied": 0, "level": member.granted}


def _lowered(member: Member) -> bool:
    return member.denied != 0 or member.level != member.granted


def _demand(good: bool) -> None:
    if not good:
        raise Refused("value")


def _authorised(state: State, message: Act) -> None:
    """An authorised regulator, a named member, or the agreed number of a group."""
    alone, places = 0, 0
    for each in message.signatures:
        place = signing.regulator(state, each.signer)
        if place is None:
            alone |= signing.named_methods(state, each.signer)
        else:
            alone |= state.rule.regulators[place].methods
            places |= 1 << place
    if not alone & message.method and not signing.agreed(state, places, message.method):
        raise Refused("not_enough")
