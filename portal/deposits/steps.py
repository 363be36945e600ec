"""Recording what a step achieved, or why it waits: one transaction, with its custody entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import update

from portal.audit.actor import Actor
from portal.audit.service import Act, record_many
from portal.database import advance
from portal.deposits.models import Deposit, State
from portal.deposits.tools import Tools
from portal.jobs.waiting import delay, wait_for

WORKER: Final = Actor.process("worker")


@dataclass(frozen=True)
class Done:
    """A deposit whose step succeeded: new column values, and what the custody log says of it."""

    deposit: Deposit
    values: Mapping[str, Any]
    detail: Mapping[str, str | int] = field(default_factory=dict)


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
        moved: list[Done] = []
        common = {
            "state": reached,
            "wait_reason": None,
            "wait_detail": None,
            "attempts": 0,
            "next_attempt_at": self._tools.clock(),
        }
        if not results:
            return []
        with self._tools.database.transaction() as session:
            for each in results:
                values = {**common, **each.values}
                if advance(session, Deposit, each.deposit.id, expected, **values):
                    moved.append(each)
            action = f"deposit.{reached}"
            acts = [Act(WORKER, action, each.deposit.subject, each.detail) for each in moved]
            record_many(session, acts)
        for each in moved:
            _apply(each.deposit, {**common, **each.values})
        return [each.deposit for each in moved]

    def failed(self, expected: State, failures: Sequence[Failed]) -> None:
        """Let every row wait, with its reason; the log names a reason when it is a new one."""
        acts = []
        if not failures:
            return
        with self._tools.database.transaction() as session:
            for each in failures:
                row, wait = each.deposit, wait_for(each.error)
                later = self._tools.clock() + delay(row.attempts, passing=wait.passing)
                result = session.execute(
                    update(Deposit)
                    .where(Deposit.id == row.id, Deposit.state == expected)
                    .where(Deposit.lease == row.lease)
                    .values(
                        wait_reason=wait.code,
                        wait_detail=wait.sentence,
                        attempts=row.attempts + 1,
                        next_attempt_at=later,
                        lease=None,
                        lease_until=None,
                    )
                    .execution_options(synchronize_session=False)
                )
                if result.rowcount and row.wait_reason != wait.code:  # type: ignore[attr-defined]
                    detail = {"step": str(expected), "reason": wait.code}
                    acts.append(Act(WORKER, "deposit.waiting", row.subject, detail))
            record_many(session, acts)


def _apply(deposit: Deposit, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(deposit, name, value)
