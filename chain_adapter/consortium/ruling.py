"""The rule's own keys, and the rule itself: rotation and change."""

from __future__ import annotations

from collections.abc import Callable

from chain_adapter.consortium import signing
from chain_adapter.consortium.keys import Judge
from chain_adapter.consortium.message import ROLES, Change, Rotate
from chain_adapter.consortium.offices import METHODS
from chain_adapter.consortium.refusals import Refused
from chain_adapter.consortium.shapes import shown
from chain_adapter.consortium.state import KeyEvent, State

_NOBODY = bytes(20)


def rotate(
    state: State, judge: Judge, found: bytes, message: Rotate, now: int
) -> Callable[[], list[KeyEvent]]:
    """Steps 3 to 6.

    Raises:
        Refused: see docs/consortium.md, "Rotations".
    """
    if message.role not in ROLES.values():  # 3
        raise Refused("malformed", "unknown role")
    role = "authority" if message.role == ROLES["authority"] else "regulator"
    offices = state.authorities if role == "authority" else state.regulators
    old, new = message.old, message.new
    if old not in offices:  # 4
        raise Refused("signer_retired" if old in state.retired else "signer_unknown", shown(old))
    if new == _NOBODY:  # 5
        raise Refused("value")
    if new in state.retired:
        raise Refused("key_retired", shown(new))
    if new in state.authorities or new in state.regulators:
        raise Refused("key_taken", shown(new))
    signing.verified(judge, found, message.signatures)  # 6
    signing.exactly(message.signatures, (old, new))

    def effect() -> list[KeyEvent]:
        place = offices.index(old)
        offices[place] = new
        state.retired.add(old)
        return [KeyEvent(role, place, old, new, now, found)]

    return effect


def change(
    state: State, judge: Judge, found: bytes, message: Change
) -> Callable[[], list[KeyEvent]]:
    """Steps 3 to 6.

    Raises:
        Refused: see docs/consortium.md, "Changes".
    """
    if message.version != state.version + 1:  # 3
        raise Refused("version", str(state.version))
    keys = [each.address for each in message.rule.authorities]
    keys += [each.address for each in message.rule.regulators]
    if state.retired.intersection(keys):  # 4
        raise Refused("rule", "it names a key that was replaced before")
    signing.verified(judge, found, message.signatures)  # 5
    places = 0
    for each in message.signatures:  # 6
        place = signing.regulator(state, each.signer)
        if place is None:
            raise Refused("signer_unknown", shown(each.signer))
        places |= 1 << place
    if not signing.agreed(state, places, METHODS["change"]):
        raise Refused("not_enough")

    def effect() -> list[KeyEvent]:
        state.adopt(message.rule)
        state.version = message.version
        return []

    return effect
