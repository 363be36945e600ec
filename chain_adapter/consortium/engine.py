"""The specification executed in Python: pure, deterministic, no clock and no network.

A message is judged first, in the order of docs/consortium.md (the numbers stand beside the steps);
only when nothing is left to refuse does anything change. The time comes from outside: that of the
message's token, or of the block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

from chain_adapter.consortium import acting, registering, ruling
from chain_adapter.consortium.decoding import decode
from chain_adapter.consortium.keys import Judge
from chain_adapter.consortium.message import (
    Act,
    Change,
    Message,
    Register,
    Replace,
    Rotate,
)
from chain_adapter.consortium.offices import PERMISSIONS
from chain_adapter.consortium.refusals import Refused
from chain_adapter.consortium.rule import Rule, key_hash
from chain_adapter.consortium.standing import Denial, standing
from chain_adapter.consortium.state import LONGEST, Event, KeyEvent, Member, State
from chain_adapter.consortium.typed import Domain


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event of the stream that did not count, and why."""

    place: int
    refused: Refused


class Consortium:
    """One consortium's state. Not for several threads at once."""

    def __init__(self, rule: Rule, domain: Domain, judge: Judge | None = None) -> None:
        self.domain = domain
        self.state = State.of(rule)
        self.events: list[Event] = []
        self.history: list[KeyEvent] = []
        self._judge = judge or Judge()

    @classmethod
    def replay(
        cls, rule: Rule, domain: Domain, stream: Iterable[tuple[bytes, int]]
    ) -> tuple[Self, list[Ignored]]:
        """The state after a stream of contents and their times (Unix seconds), in the order of the
        ledger. What the rule refuses changes nothing and is told."""
        consortium, ignored = cls(rule, domain), []
        for place, (content, now) in enumerate(stream):
            try:
                consortium.apply(decode(content), now)
            except Refused as refused:
                ignored.append(Ignored(place, refused))
        return consortium, ignored

    def copy(self) -> Consortium:
        """One of its own with the same state, for trying what has not happened yet."""
        other = Consortium(self.state.rule, self.domain, self._judge)
        other.state = self.state.copy()
        other.events, other.history = list(self.events), list(self.history)
        return other

    def apply(self, message: Message, now: int) -> Event:
        """Carry ``message`` out, wholly or not at all.

        Raises:
            Refused: naming the first thing that stands against it.
        """
        found, effect, member = self._judged(message, now)
        signers = tuple(each.signer for each in message.signatures)
        event = Event(len(self.events) + 1, found, message.type, member, now, signers)
        self.history += effect()
        self.state.used.add(found)
        self.events.append(event)
        return event

    def check(self, message: Message, now: int) -> Refused | None:
        """What :meth:`apply` would refuse with; nothing changes."""
        try:
            self._judged(message, now)
        except Refused as refused:
            return refused
        return None

    def permitted(self, key_id: str, action: str) -> Denial | None:
        """None when the deposit key with this id may do ``action`` (a name of ``PERMISSIONS``),
        as a platform or as a member; else why not."""
        return standing(self.state, key_hash(key_id), PERMISSIONS[action])

    def members(self) -> tuple[Member, ...]:
        """In the order of their first registration."""
        return tuple(self.state.members.values())

    def children(self, identity: bytes) -> tuple[Member, ...]:
        """Those right below ``identity`` (zeroes: below nobody)."""
        return tuple(each for each in self.state.members.values() if each.parent == identity)

    def keys(self, owner: int | bytes, role: str) -> tuple[KeyEvent, ...]:
        """How the keys of one office or member followed each other."""
        return tuple(each for each in self.history if (each.owner, each.role) == (owner, role))

    def _judged(
        self, message: Message, now: int
    ) -> tuple[bytes, Callable[[], list[KeyEvent]], bytes]:
        """Steps 1 and 2, then those of the message's type: its id, what it would change, and the
        member it is about."""
        state, judge = self.state, self._judge
        if message.expires <= now:  # 1
            raise Refused("expired")
        if message.expires > now + LONGEST:
            raise Refused("expires_late")
        if isinstance(message, Register):
            return registering.register(state, judge, self.domain, message, now)
        found = message.id(self.domain)
        if found in state.used:  # 2
            raise Refused("replayed")
        if isinstance(message, Act):
            return found, acting.act(state, judge, found, message), message.member
        if isinstance(message, Replace):
            effect = registering.replace_keys(state, judge, found, message, now)
            return found, effect, message.identity
        if isinstance(message, Rotate):
            return found, ruling.rotate(state, judge, found, message, now), bytes(32)
        if isinstance(message, Change):
            return found, ruling.change(state, judge, found, message), bytes(32)
        raise Refused("malformed", "unknown type of message")
