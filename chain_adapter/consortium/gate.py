"""The narrow door for deposit nodes: open, feed, ask.

::

    gate = Gate.open(content of the genesis entry, the log's origin)
    gate.refusal(content, time)           would this member message count?
    gate.feed(content, time)              it is on the ledger: carry it out
    gate.permitted(entry)                 may this entry's depositor do this?

Whoever reads the whole ledger feeds every entry of kind ``member`` in order, with the time of its
token. What the rule refuses changes nothing, so a forged event on the ledger is harmless.
"""

from __future__ import annotations

from datetime import datetime
from typing import Self

from chain_adapter.consortium.decoding import decode, read_genesis
from chain_adapter.consortium.engine import Consortium
from chain_adapter.consortium.offices import PERMISSIONS
from chain_adapter.consortium.refusals import Refused
from chain_adapter.consortium.typed import Domain
from chain_adapter.entry import Entry

#: The kind of ledger entry that carries the rule and its messages.
KIND = "member"


class Gate:
    """Not for several threads at once."""

    def __init__(self, consortium: Consortium) -> None:
        self.consortium = consortium

    @classmethod
    def open(cls, genesis: bytes, origin: str) -> Self:
        """``genesis`` is the content of the log's first entry of kind ``member``.

        Raises:
            Refused: it holds no rule.
        """
        rule = read_genesis(genesis)
        return cls(Consortium(rule, Domain.of_log(rule.digest, origin)))

    def copy(self) -> Gate:
        """A gate of its own with the same state: for trying what is not on the ledger yet."""
        return Gate(self.consortium.copy())

    def entry_id(self, content: bytes) -> str:
        """The id a ledger entry with this content must have: the message's own, so that a replay
        meets the entry that is there.

        Raises:
            Refused: not a message.
        """
        return decode(content).id(self.consortium.domain).hex()

    def refusal(self, content: bytes, time: datetime) -> str | None:
        """Why the message in ``content`` would be refused at ``time``; None when it would count."""
        try:
            refused = self.consortium.check(decode(content), int(time.timestamp()))
        except Refused as error:
            refused = error
        return None if refused is None else f"{refused.code}: {refused}"

    def feed(self, content: bytes, time: datetime) -> str | None:
        """Carry out the message in ``content``, which is on the ledger; None, or why it changed
        nothing."""
        try:
            self.consortium.apply(decode(content), int(time.timestamp()))
        except Refused as refused:
            return f"{refused.code}: {refused}"
        return None

    def permitted(self, entry: Entry) -> str | None:
        """None when the depositor of ``entry`` may do what its kind asks for; else one sentence.

        A depositor who signs is asked by the key that signs; who has no key, by the platform's."""
        return self.permitted_key(entry.by, entry.platform, entry.kind)

    def permitted_key(self, by: str, platform: str, kind: str) -> str | None:
        """The same for an entry that is not there yet."""
        action = permission_of(kind)
        if action is None:
            return None
        signer = by if is_key_id(by) else platform
        denial = self.consortium.permitted(signer, action)
        return None if denial is None else f"{denial.code}: {denial} ({signer})"


def permission_of(kind: str) -> str | None:
    """The permission an entry of this kind needs: the part before the first dot. None for kinds
    that are the platform's own business (member messages, the custody log's head)."""
    name = kind.partition(".")[0]
    return name if name in PERMISSIONS else None


def is_key_id(by: str) -> bool:
    """Whether ``by`` names a key and not an opaque depositor."""
    return by.startswith(("ed25519:", "x509:"))
