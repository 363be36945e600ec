"""Which draw a deposit belongs to, and what it is of that draw."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from portal.database import Database
from portal.draws.models import PUBLIC, Draw, DrawState, DrawStep


@dataclass(frozen=True, slots=True)
class Belonging:
    """``n`` and ``type`` are the step's; both are None for the deposit of the whole draw.
    ``public``: the draw's pages are open to everybody."""

    draw_id: str
    title_zh: str
    title_en: str
    rehearsal: bool
    public: bool
    n: int | None
    type: str | None


def belonging(database: Database, deposit_id: str) -> Belonging | None:
    """None for a deposit that is of no draw."""
    with database.reading() as session:
        step = session.scalar(select(DrawStep).where(DrawStep.deposit_id == deposit_id))
        query = select(Draw)
        query = (
            query.where(Draw.id == step.draw_id)
            if step
            else query.where(Draw.deposit_id == deposit_id)
        )
        draw = session.scalar(query)
    if draw is None:
        return None
    return Belonging(
        draw.id,
        draw.title_zh,
        draw.title_en,
        draw.rehearsal,
        DrawState(draw.state) in PUBLIC,
        step.n if step else None,
        step.type if step else None,
    )
