"""Draws that are held in a while of time, as the office looks forward to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from portal.database import Database
from portal.draws.models import Draw, DrawState

_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class ComingDraw:
    """A draw that is announced. ``phase`` is its record's, "" before the first step."""

    id: str
    title_zh: str
    title_en: str
    rehearsal: bool
    state: str
    phase: str
    draw_at: datetime


def coming(database: Database, since: datetime, until: datetime) -> tuple[ComingDraw, ...]:
    """Announced draws whose time lies in [``since``, ``until``), in its order; at most fifty."""
    query = (
        select(Draw)
        .where(
            Draw.state.in_((DrawState.RUNNING, DrawState.COMPLETE)),
            Draw.draw_at >= since,
            Draw.draw_at < until,
        )
        .order_by(Draw.draw_at, Draw.id)
        .limit(_MOST)
    )
    with database.reading() as session:
        return tuple(
            ComingDraw(
                each.id,
                each.title_zh,
                each.title_en,
                each.rehearsal,
                each.state,
                each.phase,
                each.draw_at,
            )
            for each in session.scalars(query)
            if each.draw_at is not None
        )
