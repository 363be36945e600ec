"""Steps as pages show them, with how far each one's deposit is."""

from __future__ import annotations

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.deposits.models import Deposit, State
from portal.draws.models import DrawStep
from portal.draws.shapes import StepView

SEALED = (State.ANCHORED, State.ISSUED)


def step_views(
    session: Session, draw_id: str, n: int | None = None, *, with_body: bool = True
) -> list[StepView]:
    """All steps in order, or number ``n`` alone. Without their bodies quickly."""
    columns = [
        *(DrawStep.n, DrawStep.type, DrawStep.attempt, DrawStep.at, DrawStep.sha256),
        *(Deposit.id, Deposit.number, Deposit.state, Deposit.wait_detail),
    ]
    query = (
        select(*columns, *((DrawStep.content,) if with_body else ()))
        .join(Deposit, Deposit.id == DrawStep.deposit_id)
        .where(DrawStep.draw_id == draw_id)
        .order_by(DrawStep.n)
    )
    if n is not None:
        query = query.where(DrawStep.n == n)
    found = []
    for row in session.execute(query):
        document = json.loads(row.content) if with_body else {}
        sealed = row.state in SEALED
        found.append(
            StepView(
                n=row.n,
                type=row.type,
                attempt=row.attempt,
                at=row.at,
                sha256=row.sha256,
                deposit_id=row.id,
                number=row.number,
                deposit_state=row.state,
                sealed=sealed,
                wait="" if sealed else row.wait_detail or "",
                parties=tuple(each["party"] for each in document.get("statements", ())),
                body=document.get("body", {}),
            )
        )
    return found
