"""What a deposit key may do, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from chain_adapter.consortium.state import State

#: code → (the contract's number, the sentence)
DENIALS: Final[dict[str, tuple[int, str]]] = {
    "unknown": (1, "This key belongs to no member of the consortium."),
    "blacklisted": (2, "This member is blacklisted."),
    "removed": (3, "This member was removed."),
    "branch_blocked": (4, "An account above this member is blacklisted or removed."),
    "permission": (5, "This member's level or limits do not allow this."),
}


@dataclass(frozen=True, slots=True)
class Denial:
    """``code`` is a key of :data:`DENIALS`; ``str()`` its sentence. ``member`` is the identity of
    whoever is blocked, zeroes when nobody is."""

    code: str
    member: bytes = bytes(32)

    @property
    def number(self) -> int:
        return DENIALS[self.code][0]

    def __str__(self) -> str:
        return DENIALS[self.code][1]


def standing(state: State, key: bytes, permission: int) -> Denial | None:
    """None when ``key`` (a key hash) holds ``permission`` (a bit)."""
    platform = state.platforms.get(key)
    if platform is not None:
        return None if platform & permission else Denial("permission")
    identity = state.keys.get(key)
    if identity is None or state.members[identity].key != key:
        return Denial("unknown")
    member = state.members[identity]
    blocked = state.blocked_by(identity)
    if blocked is not None and blocked is not member:
        return Denial("branch_blocked", blocked.identity)
    if blocked is not None:
        return Denial("blacklisted" if member.blacklisted else "removed", identity)
    if not permissions_of(state, identity) & permission:
        return Denial("permission", identity)
    return None


def permissions_of(state: State, identity: bytes) -> int:
    """What the member's level gives, less what was taken; blocked or not."""
    member, levels = state.members[identity], state.rule.levels
    given = levels[member.level].permissions if member.level < len(levels) else 0
    return given & ~member.denied
