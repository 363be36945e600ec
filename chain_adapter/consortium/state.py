"""What the consortium knows: plain values that change by messages alone."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace
from typing import Final

from chain_adapter.consortium.applying import Application
from chain_adapter.consortium.rule import Rule, key_hash
from chain_adapter.consortium.shapes import ZERO

#: A message may stay open for so long, in seconds.
LONGEST: Final = 400 * 86_400


@dataclass(frozen=True, slots=True)
class Member:
    """``level`` is the present one, ``granted`` that of the registration (0 is the highest);
    ``denied`` are permissions taken away, as bits; ``round`` the next registration's number."""

    identity: bytes
    account: bytes
    key: bytes
    kind: int
    parent: bytes
    level: int
    granted: int
    denied: int = 0
    blacklisted: bool = False
    removed: bool = False
    round: int = 0

    @classmethod
    def admitted(cls, application: Application) -> Member:
        return cls(
            application.identity,
            application.account,
            application.key,
            application.kind,
            application.parent,
            application.level,
            application.level,
            round=application.round,
        )

    @property
    def active(self) -> bool:
        """Neither blacklisted nor removed; the branch above is another question."""
        return not (self.blacklisted or self.removed)


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """``role`` is "authority", "regulator", "account" or "deposit"; ``owner`` the office's place in
    the rule or the member's identity. ``old`` is None for the first key."""

    role: str
    owner: int | bytes
    old: bytes | None
    new: bytes
    time: int
    message: bytes


@dataclass(frozen=True, slots=True)
class Event:
    """One message that counted. ``number`` counts from 1; ``time`` Unix seconds."""

    number: int
    id: bytes
    type: str
    member: bytes
    time: int
    signers: tuple[bytes, ...]


@dataclass
class State:
    """Everything that decides. Both executions hold the same."""

    rule: Rule
    version: int = 1
    authorities: list[bytes] = field(default_factory=list)
    regulators: list[bytes] = field(default_factory=list)
    #: key hash → permissions of the platforms
    platforms: dict[bytes, int] = field(default_factory=dict)
    members: dict[bytes, Member] = field(default_factory=dict)
    #: account or deposit key hash, ever used → identity
    accounts: dict[bytes, bytes] = field(default_factory=dict)
    keys: dict[bytes, bytes] = field(default_factory=dict)
    #: offices' keys that were replaced
    retired: set[bytes] = field(default_factory=set)
    #: ids of messages that counted
    used: set[bytes] = field(default_factory=set)

    @classmethod
    def of(cls, rule: Rule) -> State:
        state = cls(rule)
        state.adopt(rule)
        return state

    def copy(self) -> State:
        """Containers of its own; what stands in them never changes."""
        return State(**{name: copy(value) for name, value in vars(self).items()})

    def adopt(self, rule: Rule) -> None:
        """Let ``rule`` be in force with the keys it names."""
        self.rule = rule
        self.authorities = [each.address for each in rule.authorities]
        self.regulators = [each.address for each in rule.regulators]
        self.platforms = {key_hash(each.key): each.permissions for each in rule.platforms}

    def blocked_by(self, identity: bytes) -> Member | None:
        """The first on the way up from ``identity`` who is not active."""
        while identity != ZERO:
            member = self.members[identity]
            if not member.active:
                return member
            identity = member.parent
        return None

    def member_of_account(self, account: bytes) -> Member | None:
        """The member whose present account this is."""
        identity = self.accounts.get(account)
        if identity is None or self.members[identity].account != account:
            return None
        return self.members[identity]

    def change(self, member: Member, **values: object) -> None:
        self.members[member.identity] = replace(member, **values)  # type: ignore[arg-type]
