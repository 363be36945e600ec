"""The five steps of a deposit, as people follow them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from portal.deposits.models import Deposit, State


class Progress(StrEnum):
    DONE = "done"
    #: the next step, and it waits for something: ``reason`` says for what
    WAITING = "waiting"
    PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Step:
    """``code`` is one of received, hashed, timestamped, anchored, issued. A waiting step has a
    stable ``reason``, a sentence in ``detail``, the time of the next try, and the names of those
    who are waited for."""

    code: str
    state: Progress
    at: datetime | None = None
    reason: str | None = None
    detail: str | None = None
    next_at: datetime | None = None
    awaited: tuple[str, ...] = ()


def steps(deposit: Deposit) -> list[Step]:
    """Done steps with their times, then the one that waits (when it does), then the others."""
    times = {
        "received": deposit.received_at,
        "hashed": deposit.hashed_at,
        State.TIMESTAMPED.value: deposit.gen_time,
        State.ANCHORED.value: deposit.anchored_at,
        State.ISSUED.value: deposit.issued_at,
    }
    rail: list[Step] = []
    for code, at in times.items():
        is_next = at is None and (not rail or rail[-1].state is Progress.DONE)
        if at is not None:
            rail.append(Step(code, Progress.DONE, at))
        elif is_next and deposit.wait_reason is not None:
            why = deposit.wait_reason, deposit.wait_detail, deposit.next_attempt_at
            awaited = tuple((deposit.awaited or "").split())
            rail.append(Step(code, Progress.WAITING, None, *why, awaited))
        else:
            rail.append(Step(code, Progress.PENDING))
    return rail
