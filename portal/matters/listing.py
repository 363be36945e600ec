"""The applicant's list of matters."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from portal import cursors
from portal.audit.actor import Actor
from portal.deposits.models import Deposit
from portal.matters import access
from portal.matters.kit import Kit
from portal.matters.models import (
    OPEN,
    Matter,
    MatterMaterial,
    MatterMessage,
    MatterPause,
    MatterState,
)
from portal.matters.reading import days_left
from portal.matters.shapes import OFFICE, MatterFilter, MatterLine, MatterPage

_MAX_PAGE = 200


class Listing:
    """Those of whom the actor acts for."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def page(self, actor: Actor, wanted: MatterFilter, cursor: str | None, size: int) -> MatterPage:
        """One page, newest first.

        Raises:
            BadInput: a cursor that no page gave.
        """
        size = max(1, min(size, _MAX_PAGE))
        query = select(Matter, Deposit).join(Deposit, Deposit.id == Matter.deposit_id)
        query = _narrowed(query.where(access.listed(actor)), wanted)
        if cursor is not None:
            query = query.where(cursors.before(cursor, Matter.created_at, Matter.id))
        query = query.order_by(Matter.created_at.desc(), Matter.id.desc()).limit(size + 1)
        with self._kit.tools.database.reading() as session:
            rows = session.execute(query).all()
            items = self._lines(session, [(row[0], row[1]) for row in rows[:size]])
        last = rows[size - 1][0] if len(rows) > size else None
        return MatterPage(items, cursors.cursor(last.created_at, last.id) if last else None)

    def about(self, actor: Actor, deposit_id: str, size: int = 5) -> MatterPage:
        """The latest matters of one deposit that the actor may read."""
        query = (
            select(Matter, Deposit)
            .join(Deposit, Deposit.id == Matter.deposit_id)
            .where(Matter.deposit_id == deposit_id)
            .order_by(Matter.created_at.desc(), Matter.id.desc())
            .limit(size)
        )
        with self._kit.tools.database.reading() as session:
            rows = [
                (matter, deposit)
                for matter, deposit in session.execute(query)
                if access.may_read(session, actor, matter)
            ]
            return MatterPage(self._lines(session, rows), None)

    def _lines(
        self, session: Session, rows: Sequence[tuple[Matter, Deposit]]
    ) -> tuple[MatterLine, ...]:
        ids = [matter.id for matter, _ in rows]
        unread = _counts(
            session,
            select(MatterMessage.matter_id, func.count())
            .where(MatterMessage.side == OFFICE, MatterMessage.read_at.is_(None))
            .where(MatterMessage.matter_id.in_(ids))
            .group_by(MatterMessage.matter_id),
        )
        asked = _counts(
            session,
            select(MatterMaterial.matter_id, func.count())
            .where(MatterMaterial.state == "missing", MatterMaterial.matter_id.in_(ids))
            .group_by(MatterMaterial.matter_id),
        )
        paused = _counts(
            session,
            select(MatterPause.matter_id, func.count())
            .where(MatterPause.ended_at.is_(None), MatterPause.matter_id.in_(ids))
            .group_by(MatterPause.matter_id),
        )
        today = self._kit.today
        return tuple(
            MatterLine(
                id=matter.id,
                number=matter.number,
                state=matter.state,
                template=matter.template,
                deposit_title=deposit.title or deposit.filename,
                deposit_number=deposit.number,
                deposit_kind=deposit.kind,
                created_at=matter.created_at,
                submitted_at=matter.submitted_at,
                due_on=matter.due_on,
                days_left=days_left(matter.due_on, today),
                paused=matter.id in paused,
                unread=unread.get(matter.id, 0),
                asked=asked.get(matter.id, 0) if matter.state in OPEN else 0,
            )
            for matter, deposit in rows
        )


def _narrowed(query: Select[Matter, Deposit], wanted: MatterFilter) -> Select[Matter, Deposit]:
    if wanted.state in set(MatterState):
        query = query.where(Matter.state == wanted.state)
    if wanted.deposit_id:
        query = query.where(Matter.deposit_id == wanted.deposit_id)
    text = wanted.text.strip().replace("\x00", "")
    if text:
        fields = (Matter.number, Deposit.number, Deposit.title, Deposit.filename)
        query = query.where(or_(*(each.icontains(text, autoescape=True) for each in fields)))
    return query


def _counts(session: Session, query: Select[str, int]) -> dict[str, int]:
    return {str(matter_id): int(count) for matter_id, count in session.execute(query)}
