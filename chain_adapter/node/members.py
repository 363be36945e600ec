"""What a consortium's rule says about a log's entries, as this node has read them.

A rule counts from the log's first entry of kind ``member`` on. A member's loss of a permission
counts from the checkpoint after the message: whoever deposits between the same two checkpoints that
a message falls between is judged by the state before it too. Otherwise two requests that cross
would leave the log with an entry that no node could ever cosign.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from chain_adapter.consortium import Gate, Refused, read_genesis
from chain_adapter.entry import Entry

#: The kind of entry that carries the rule and its messages.
MEMBER: Final = "member"


class Members:
    """The state under the tree this node has cosigned last. ``rule`` is the digest (hexadecimal)
    of the rule that the log must begin with; "" for whichever it is."""

    def __init__(self, origin: str, rule: str = "") -> None:
        self._origin, self._rule = origin, rule
        self._gate: Gate | None = None
        self._lock = threading.Lock()

    @property
    def gate(self) -> Gate | None:
        """The state to be read, not written; None before there is a rule."""
        return self._gate

    def replay(self, messages: Iterable[tuple[bytes, datetime]]) -> None:
        """Read the contents and times of all member entries of the node's own copy."""
        for content, moment in messages:
            if self._gate is None:
                self._gate = self.opened(content)
            else:
                self._gate.feed(content, moment)

    def trial(self, *, asked: bool) -> Trial:
        """Judge entries that follow the tree cosigned last. With ``asked`` they are proposed and
        not yet recorded: what would be without effect is refused then, and not only ignored."""
        return Trial(self, self._lock, asked=asked)

    def adopt(self, trial: Trial) -> None:
        """What ``trial`` has taken has been cosigned."""
        with self._lock:
            self._gate = trial.now

    def opened(self, content: bytes) -> Gate:
        """The gate of the rule in a log's first member entry.

        Raises:
            Refused: no rule, or another than the one this node was told.
        """
        if self._rule and read_genesis(content).digest.hex() != self._rule:
            raise Refused("rule", "the log begins with another rule than this node was told")
        return Gate.open(content, self._origin)


class Trial:
    """Takes entries in order; used by one thread."""

    def __init__(self, members: Members, lock: threading.Lock, *, asked: bool) -> None:
        self._members, self._lock, self._asked = members, lock, asked
        self._before = members.gate
        self.now = self._before

    def refusal(self, entry: Entry) -> str | None:
        """Why the depositor of ``entry`` may not do this; None when they may."""
        if entry.kind == MEMBER:
            return None  # judged by its content, once that is known
        with self._lock:
            refusal = None if self.now is None else self.now.permitted(entry)
            if refusal is None or self._before is None or self._asked:
                return refusal
            return refusal if self._before.permitted(entry) is not None else None

    def take(self, entry_id: str, content: bytes, moment: datetime) -> str | None:
        """Carry out the member message of the entry with this id; why it does not count, None when
        it does or when it stands on the ledger already and is merely without effect."""
        try:
            if self.now is None:
                self.now = self._members.opened(content)
                return None
            if self._asked and self.now.entry_id(content) != entry_id:
                return "the entry does not bear the message's own id"
        except Refused as refused:
            return str(refused)
        if self.now is self._before:
            with self._lock:
                self.now = self.now.copy()
        refusal = self.now.feed(content, moment)
        return refusal if self._asked else None
