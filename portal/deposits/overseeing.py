"""What operators see of everybody's deposits: how many wait, since when and why; and trying again.
No titles, no file names, no content."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, func, select, update

from portal.audit.actor import Actor
from portal.audit.service import Detail, record
from portal.deposits.models import Deposit, State
from portal.deposits.tools import Tools
from portal.problems import BadInput, NotFound

#: state → the step that comes next, as the rail names it
NEXT: Final = {
    State.RECEIVED: State.TIMESTAMPED,
    State.TIMESTAMPED: State.ANCHORED,
    State.ANCHORED: State.ISSUED,
}
#: Upper bounds of the ages that are counted together; the last group is older than all.
AGES: Final = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
)
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Backlog:
    """Deposits at one step that wait for one reason; ``reason`` is empty for those that nobody has
    tried yet. ``state`` is the one they are in, ``step`` the one they wait for."""

    state: State
    step: State
    reason: str
    count: int
    oldest: datetime
    next_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """One deposit that waits."""

    id: str
    number: str
    state: State
    step: State
    reason: str
    detail: str
    attempts: int
    received_at: datetime
    next_at: datetime


class Overseeing:
    """Asks along the index of states, so that a million issued deposits cost nothing."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def backlog(self) -> list[Backlog]:
        """By step and reason, the group with the oldest deposit first."""
        query = (
            select(
                Deposit.state,
                Deposit.wait_reason,
                func.count().label("many"),
                func.min(Deposit.received_at).label("oldest"),
                func.min(Deposit.next_attempt_at).label("next_at"),
            )
            .where(Deposit.state.in_(NEXT))
            .group_by(Deposit.state, Deposit.wait_reason)
        )
        with self._tools.database.reading() as session:
            rows = session.execute(query).all()
        found = [
            Backlog(
                State(row.state),
                NEXT[State(row.state)],
                row.wait_reason or "",
                row.many,
                row.oldest,
                row.next_at,
            )
            for row in rows
        ]
        return sorted(found, key=lambda each: each.oldest)

    def ages(self) -> list[int]:
        """How many of those that wait are younger than each of :data:`AGES`, and older than all."""
        now, counts = self._tools.clock(), []
        before: timedelta | None = None
        with self._tools.database.reading() as session:
            for age in (*AGES, None):
                inside: list[ColumnElement[bool]] = [Deposit.state.in_(NEXT)]
                inside += [] if before is None else [Deposit.received_at <= now - before]
                inside += [] if age is None else [Deposit.received_at > now - age]
                counts.append(session.scalar(select(func.count()).where(*inside)) or 0)
                before = age
        return counts

    def following(self) -> int:
        """Deposits whose further ledgers have yet to answer."""
        query = select(func.count()).where(Deposit.follow_at.is_not(None))
        with self._tools.database.reading() as session:
            return session.scalar(query) or 0

    def waiting(self, state: State | None = None, reason: str | None = None) -> list[Waiting]:
        """Those that wait, the oldest first, at most a hundred."""
        query = select(Deposit).where(_matching(state, reason)).order_by(Deposit.received_at)
        with self._tools.database.reading() as session:
            return [_seen(row) for row in session.scalars(query.limit(_PAGE))]

    def retry(self, actor: Actor, deposit_id: str) -> None:
        """Try one again at once.

        Raises:
            NotFound: there is no such deposit, or it waits for nothing.
        """
        with self._tools.database.transaction() as session:
            row = session.get(Deposit, deposit_id)
            if row is None or row.state not in NEXT:
                raise NotFound("nothing_waits", "No such deposit waits.")
            detail: Detail = {"step": str(row.state), "reason": row.wait_reason or ""}
            row.next_attempt_at, row.attempts = self._tools.clock(), 0
            record(session, actor, "operator.retried", row.subject, detail)
        self._tools.nudge()

    def retry_all(self, actor: Actor, state: State | None = None, reason: str | None = None) -> int:
        """Try all of a group at once, or everything; how many that is."""
        detail: Detail = {"step": str(state or "all"), "reason": reason or ""}
        with self._tools.database.transaction() as session:
            result = session.execute(
                update(Deposit)
                .where(_matching(state, reason))
                .values(next_attempt_at=self._tools.clock(), attempts=0)
                .execution_options(synchronize_session=False)
            )
            count = int(result.rowcount)  # type: ignore[attr-defined]
            if count:
                record(session, actor, "operator.retried", "deposits:", {**detail, "count": count})
        self._tools.nudge()
        return count


def read_state(text: str | None) -> State | None:
    """A state somebody can wait in, None for none given.

    Raises:
        BadInput: anything else.
    """
    if not text:
        return None
    if text not in NEXT:
        raise BadInput("step", "There is no such step.", field="step")
    return State(text)


def _matching(state: State | None, reason: str | None) -> ColumnElement[bool]:
    here = Deposit.state.in_(NEXT) if state is None else Deposit.state == state
    if reason is None:
        return and_(here)
    return and_(here, Deposit.wait_reason == reason if reason else Deposit.wait_reason.is_(None))


def _seen(row: Deposit) -> Waiting:
    state = State(row.state)
    return Waiting(
        row.id,
        row.number,
        state,
        NEXT[state],
        row.wait_reason or "",
        row.wait_detail or "",
        row.attempts,
        row.received_at,
        row.next_attempt_at,
    )
