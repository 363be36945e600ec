"""Recording what a step achieved, or why it waits: one transaction, with its custody entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, cast

from sqlalchemy import Table, Update, bindparam, select, update
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.service import Act, Detail, record_many
from portal.deposits.models import Deposit, State
from portal.deposits.tools import Tools
from portal.jobs.waiting import goes_on, wait_for, waits

WORKER: Final = Actor.process("worker")
_ROWS: Final = cast(Table, Deposit.__table__)


@dataclass(frozen=True)
class Done:
    """A deposit whose step succeeded: new column values, and what the custody log says of it.
    ``then`` are states it passed on to by the same stroke, with what the log says of each."""

    deposit: Deposit
    values: Mapping[str, Any]
    detail: Detail = field(default_factory=dict)
    then: Mapping[State, Detail] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed:
    deposit: Deposit
    error: Exception


class Steps:
    """Moves rows from one state to the next, each row at most once whoever else tries."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def done(self, expected: State, reached: State, results: Sequence[Done]) -> list[Deposit]:
        """Compare-and-swap every row; the ones this caller moved, with their new values."""
        if not results:
            return []
        common = {"state": reached, "awaited": None, **goes_on(self._tools.clock())}
        values = {each.deposit.id: {**common, **each.values} for each in results}
        with self._tools.database.transaction() as session:
            ids = _move(session, expected, values)
            moved = [each for each in results if each.deposit.id in ids]
            record_many(session, [act for each in moved for act in _acts(each, reached)])
        for each in moved:
            _apply(each.deposit, values[each.deposit.id])
        return [each.deposit for each in moved]

    def failed(self, expected: State, failures: Sequence[Failed]) -> None:
        """Let every row wait, with its reason; the log names a reason when it is a new one."""
        acts = []
        if not failures:
            return
        with self._tools.database.transaction() as session:
            for each in failures:
                row, wait = each.deposit, wait_for(each.error)
                values = waits(wait, row.attempts, self._tools.clock())
                values["awaited"] = " ".join(wait.awaited) or None
                result = session.execute(
                    update(Deposit)
                    .where(Deposit.id == row.id, Deposit.state == expected)
                    .where(Deposit.lease == row.lease)
                    .values(values | {"lease": None, "lease_until": None})
                    .execution_options(synchronize_session=False)
                )
                if result.rowcount and row.wait_reason != wait.code:  # type: ignore[attr-defined]
                    detail = {"step": str(expected), "reason": wait.code}
                    if wait.awaited:
                        detail["awaited"] = ", ".join(wait.awaited)
                    acts.append(Act(WORKER, "deposit.waiting", row.subject, detail))
            record_many(session, acts)


def _acts(done: Done, reached: State) -> list[Act]:
    subject = done.deposit.subject
    first = Act(WORKER, f"deposit.{reached}", subject, done.detail)
    return [
        first,
        *(Act(WORKER, f"deposit.{name}", subject, said) for name, said in done.then.items()),
    ]


def _move(session: Session, expected: State, moves: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Set the values of every row (by id) whose state is still ``expected``; the ids of those.

    The rows are locked first, so that one statement for all of them moves exactly these.
    """
    connection = session.connection()
    still = select(_ROWS.c.id).where(_ROWS.c.id.in_(moves), _ROWS.c.state == expected)
    ids = set(connection.scalars(still.order_by(_ROWS.c.id).with_for_update()))
    alike: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for key, values in moves.items():
        if key in ids:
            row = {f"new_{name}": value for name, value in values.items()}
            alike.setdefault(tuple(values), []).append({"row_id": key, **row})
    for names, rows in alike.items():
        connection.execute(_setting(names), rows)
    return ids


@lru_cache(maxsize=64)
def _setting(names: tuple[str, ...]) -> Update:
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
    return update(_ROWS).where(_ROWS.c.id == bindparam("row_id")).values(values)


def _apply(deposit: Deposit, values: Mapping[str, Any]) -> None:
    # The row object belongs to no session any more: there is no change for one to notice.
    vars(deposit).update(values)
