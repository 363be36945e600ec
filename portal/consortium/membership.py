"""Who is a member now: the state that the messages on the ledger make, kept in memory.

Every process reads what has been anchored since it last looked and carries it out, so all of them
say the same; asking again costs one indexed query.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import RLock
from typing import Protocol, TypeVar

from sqlalchemy import func, select

from chain_adapter.consortium import Consortium, Denial, Gate, Message, Refused
from chain_adapter.consortium.gate import is_key_id, permission_of
from portal.consortium.models import GENESIS, ConsortiumMessage, State
from portal.database import Database
from portal.problems import Forbidden

T = TypeVar("T")

#: code of :data:`chain_adapter.consortium.standing.DENIALS` → what depositors are told
_SENTENCES = {
    "unknown": "The key you deposit with belongs to no member of the consortium, so the deposit is "
    "refused. Register as a member first.",
    "blacklisted": "The member whose key you deposit with is blacklisted by the consortium, so the "
    "deposit is refused.",
    "removed": "The member whose key you deposit with was removed from the consortium, so the "
    "deposit is refused.",
    "branch_blocked": "An account above yours in the consortium is blocked, and its whole branch "
    "with it, so the deposit is refused.",
    "permission": "Your account level in the consortium does not permit this, so the deposit is "
    "refused.",
}
_PLATFORM = (
    "The consortium does not permit this portal to act for those without a key of their own. Sign "
    "with a key that belongs to a member."
)


class Members(Protocol):
    """What a deposit asks before it is accepted."""

    def require(self, key_id: str | None, kind: str = "deposit") -> None:
        """Raises Forbidden unless who signs with this key (None: nobody but the platform) may do
        what entries of ``kind`` record."""


class Everybody:
    """Where there is no consortium, everybody may."""

    def require(self, key_id: str | None, kind: str = "deposit") -> None:
        return None


class Membership:
    """May be asked from any thread. ``origin`` is the id of the ledger the messages stand on;
    ``platform`` the platform's key id."""

    def __init__(self, database: Database, origin: str, platform: str, *, active: bool) -> None:
        self._database = database
        self._origin, self._platform, self._active = origin, platform, active
        self._gate: Gate | None = None
        self._fed = -1
        self._lock = RLock()
        #: message ids that stand on the ledger and changed nothing → why
        self.without_effect: dict[str, str] = {}

    @property
    def active(self) -> bool:
        """Whether this portal has a consortium at all."""
        return self._active

    def permitted(self, key_id: str | None, kind: str = "deposit") -> Denial | None:
        """None when the key (None, or no key's id: the platform's own) may do what entries of
        ``kind`` record; else why not."""
        action = permission_of(kind)
        if not self._active or action is None:
            return None
        signer = key_id if key_id is not None and is_key_id(key_id) else self._platform
        return self.ask(lambda consortium: consortium.permitted(signer, action))

    def require(self, key_id: str | None, kind: str = "deposit") -> None:
        """Raises Forbidden with a clear sentence when :meth:`permitted` says no."""
        denial = self.permitted(key_id, kind)
        if denial is None:
            return
        if key_id is None and denial.code in {"unknown", "permission"}:
            raise Forbidden("member_platform", _PLATFORM)
        raise Forbidden(f"member_{denial.code}", _SENTENCES[denial.code])

    def refusal(self, message: Message, now: datetime) -> Refused | None:
        """What ``message`` would be refused with now."""
        return self.ask(lambda consortium: consortium.check(message, int(now.timestamp())))

    def ask(self, question: Callable[[Consortium], T | None]) -> T | None:
        """The answer of the present state; None while there is no rule. The state must not leave
        ``question`` unless it is a value."""
        with self._lock:
            gate = self._current()
            return None if gate is None else question(gate.consortium)

    def _current(self) -> Gate | None:
        """The state with everything that is anchored."""
        if not self._active:
            return None
        table = ConsortiumMessage
        with self._database.reading() as session:
            newest = session.scalar(
                select(func.max(table.position)).where(table.state == State.ANCHORED)
            )
            if newest is None or newest <= self._fed:
                return self._gate
            rows = session.execute(
                select(table.id, table.type, table.content, table.gen_time, table.position)
                .where(table.state == State.ANCHORED, table.position > self._fed)
                .order_by(table.position)
            ).all()
        for name, kind, content, gen_time, position in rows:
            if gen_time is not None and position is not None:  # as of all that is anchored
                self._feed(name, kind, content, gen_time)
                self._fed = position
        return self._gate

    def _feed(self, name: str, kind: str, content: bytes, gen_time: datetime) -> None:
        if self._gate is None:
            if kind == GENESIS:
                self._gate = Gate.open(content, self._origin)
            return
        refused = self._gate.feed(content, gen_time)
        if refused is not None:
            self.without_effect[name] = refused.partition(":")[0]
