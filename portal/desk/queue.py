"""The office's list of matters, in the order of their legal deadlines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.desk import clock
from portal.desk.kit import FIRST, Kit
from portal.desk.queue_rows import Details, QueueRow
from portal.matters.access import LOOKING
from portal.matters.models import (
    ENDED,
    OPEN,
    TEMPLATES,
    Matter,
    MatterAssignment,
    MatterMaterial,
    MatterParty,
    MatterPause,
    MatterState,
)
from portal.problems import Forbidden

PAGE: Final = 30
#: What the list may be narrowed to, in the order it is offered.
VIEWS: Final = ("open", "mine", "unassigned", "waiting", "paused", "overdue", "ended")
_TEXT: Final = 100


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """``view``: one of :data:`VIEWS`; ``template``: "" for any; ``text`` is looked for in the
    numbers and the masked names of parties."""

    view: str = "open"
    template: str = ""
    text: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class QueuePage:
    """``counts``: how many matters each view holds, whatever the other filters are."""

    rows: tuple[QueueRow, ...]
    total: int
    page: int
    counts: dict[str, int]

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE))


class Queue:
    """Notaries and auditors see it."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._database = kit, kit.tools.database

    def page(self, actor: Actor, wanted: QueueFilter) -> QueuePage:
        """One page: what is due first comes first, then what nobody has accepted yet by its age,
        then what stands still.

        Raises:
            Forbidden: the actor is neither notary nor auditor.
        """
        if not actor.has(*LOOKING):
            message = "This needs one of these roles: %(roles)s."
            raise Forbidden("role_missing", message, roles=", ".join(LOOKING))
        views = _views(actor, self._kit.today)
        found = and_(views.get(wanted.view, views["open"]), *_further(wanted))
        with self._database.reading() as session:
            counts = _counts(session, views)
            total = session.scalar(select(func.count()).select_from(Matter).where(found)) or 0
            page = max(1, min(wanted.page, -(-total // PAGE) or 1))
            query = select(Matter).where(found).order_by(*_order(wanted.view))
            rows = session.scalars(query.offset((page - 1) * PAGE).limit(PAGE)).all()
            shown = Details(session, rows, actor).rows(self._kit, clock.working_days(session))
        return QueuePage(tuple(shown), total, page, counts)


def _views(actor: Actor, today: date) -> dict[str, ColumnElement[bool]]:
    held = exists().where(
        MatterAssignment.matter_id == Matter.id, MatterAssignment.ended_at.is_(None)
    )
    stands = exists().where(MatterPause.matter_id == Matter.id, MatterPause.ended_at.is_(None))
    missing = exists().where(
        MatterMaterial.matter_id == Matter.id, MatterMaterial.state == "missing"
    )
    asked = stands.where(MatterPause.reason == "supplement")
    is_open = and_(Matter.submitted_at.is_not(None), Matter.state.in_(OPEN))
    return {
        "open": is_open,
        "mine": and_(is_open, held.where(MatterAssignment.notary_id == actor.id)),
        "unassigned": and_(is_open, ~held.where(MatterAssignment.part == FIRST)),
        "waiting": and_(is_open, or_(missing, asked)),
        "paused": and_(is_open, stands),
        "overdue": and_(Matter.state == MatterState.ACCEPTED, Matter.due_on < today),
        "ended": and_(Matter.submitted_at.is_not(None), Matter.state.in_(ENDED)),
    }


def _further(wanted: QueueFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.template in TEMPLATES:
        found.append(Matter.template == wanted.template)
    text = wanted.text.strip().replace("\x00", "")[:_TEXT]
    if text:
        named = exists().where(
            MatterParty.matter_id == Matter.id,
            MatterParty.masked_name.icontains(text, autoescape=True),
        )
        found.append(or_(Matter.number.icontains(text, autoescape=True), named))
    return found


def _order(view: str) -> tuple[Any, ...]:
    if view == "ended":
        return Matter.ended_at.desc(), Matter.id.desc()
    undecided = case((Matter.state == MatterState.SUBMITTED, 0), else_=1)
    return Matter.due_on.asc().nulls_last(), undecided, Matter.submitted_at.asc(), Matter.id.asc()


def _counts(session: Session, views: dict[str, ColumnElement[bool]]) -> dict[str, int]:
    sums = [
        func.sum(case((criterion, 1), else_=0)).label(name) for name, criterion in views.items()
    ]
    found = session.execute(select(*sums).where(Matter.submitted_at.is_not(None))).one()
    return {name: int(count or 0) for name, count in zip(views, found, strict=True)}
