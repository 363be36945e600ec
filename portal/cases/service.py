"""The use cases of cases. No Flask in here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from portal import cursors
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.cases import access
from portal.cases.exports import Exports
from portal.cases.filing import Filing
from portal.cases.models import Case, CaseNote, CaseState
from portal.cases.timeline import Timeline
from portal.deposits.models import Deposit
from portal.deposits.tools import Tools
from portal.texts import line, prose

MAX_TITLE: Final = 200
MAX_REFERENCE: Final = 100
MAX_NOTE: Final = 4000
#: cases offered where one is chosen
MOST_OFFERED: Final = 200
_MAX_PAGE: Final = 200


@dataclass(frozen=True, slots=True)
class CaseFields:
    """What is said about a case.

    Raises:
        BadInput: naming the field.
    """

    title: str
    reference: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", line("title", self.title, MAX_TITLE, needed=True))
        object.__setattr__(self, "reference", line("reference", self.reference, MAX_REFERENCE))
        object.__setattr__(self, "note", prose("note", self.note, MAX_NOTE))


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """``text`` is looked for in title, reference and note."""

    text: str = ""
    state: CaseState | None = None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case and how many deposits stand in it."""

    case: Case
    deposits: int


@dataclass(frozen=True, slots=True)
class CasePage:
    """Newest first. ``cursor`` asks for the next page; None on the last one."""

    items: tuple[CaseRow, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class DepositPage:
    """Deposits of one case, newest first."""

    items: tuple[Deposit, ...]
    cursor: str | None


class CaseService:
    """Every method raises the errors of :mod:`portal.problems`. Somebody else's case is not
    found; what is done is a custody entry in the same transaction."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        #: deposits into cases, and their tags
        self.filing = Filing(tools)
        #: what happened in a case; later features add their sources here
        self.timeline = Timeline(tools)
        self.exports = Exports(tools, self.timeline)

    def create(self, actor: Actor, fields: CaseFields) -> Case:
        """A new case of the organisation acted for, else of one's own.

        Raises:
            Forbidden: the actor only reads in the organisation.
        """
        access.check_creating(actor)
        case = Case(
            owner_id=actor.id,
            organisation_id=actor.organisation or None,
            title=fields.title,
            reference=fields.reference,
            note=fields.note,
            state=CaseState.OPEN,
            created_at=self._tools.clock(),
        )
        with self._tools.database.transaction() as session:
            session.add(case)
            session.flush()
            record(session, actor, "case.created", case.subject)
        return case

    def get(self, actor: Actor, case_id: str) -> Case:
        """A case the actor may read."""
        with self._tools.database.reading() as session:
            return access.readable(session, actor, case_id)

    def may_change(self, actor: Actor, case: Case) -> bool:
        """Whether pages offer the actor to change it."""
        with self._tools.database.reading() as session:
            return access.changes(access.role_in(session, actor, case))

    def change(self, actor: Actor, case_id: str, fields: CaseFields) -> Case:
        """Say something else about it. Raises Conflict when it is closed."""
        with self._tools.database.transaction() as session:
            case = access.changeable(session, actor, case_id)
            names = ("title", "reference", "note")
            changed = [name for name in names if getattr(case, name) != getattr(fields, name)]
            for name in changed:
                setattr(case, name, getattr(fields, name))
            if changed:
                detail = {"fields": " ".join(changed)}
                record(session, actor, "case.changed", case.subject, detail)
        return case

    def close(self, actor: Actor, case_id: str) -> Case:
        """Nothing in it changes from now on. Closing what is closed does nothing."""
        return self._turn(actor, case_id, CaseState.CLOSED)

    def reopen(self, actor: Actor, case_id: str) -> Case:
        return self._turn(actor, case_id, CaseState.OPEN)

    def add_note(self, actor: Actor, case_id: str, text: str) -> CaseNote:
        """Note something; notes are never changed afterwards.

        Raises:
            BadInput: it says nothing, or too much.
            Conflict: the case is closed.
        """
        text = prose("text", text, MAX_NOTE, needed=True)
        with self._tools.database.transaction() as session:
            case = access.changeable(session, actor, case_id)
            moment = self._tools.clock()
            note = CaseNote(case_id=case.id, author_id=actor.id, text=text, created_at=moment)
            session.add(note)
            session.flush()
            record(session, actor, "case.noted", case.subject, {"note": note.id})
        return note

    def page(
        self,
        actor: Actor,
        wanted: CaseFilter | None = None,
        cursor: str | None = None,
        size: int = 50,
    ) -> CasePage:
        """The cases of whom the actor acts for. Raises BadInput for a cursor no page gave."""
        size, wanted = max(1, min(size, _MAX_PAGE)), wanted or CaseFilter()
        query = select(Case).where(access.listed(actor))
        if wanted.state is not None:
            query = query.where(Case.state == wanted.state)
        text = wanted.text.strip().replace("\x00", "")
        if text:
            fields = (Case.title, Case.reference, Case.note)
            query = query.where(or_(*(each.icontains(text, autoescape=True) for each in fields)))
        if cursor is not None:
            query = query.where(cursors.before(cursor, Case.created_at, Case.id))
        query = query.order_by(Case.created_at.desc(), Case.id.desc()).limit(size + 1)
        with self._tools.database.reading() as session:
            cases = session.scalars(query).all()
            counts = _counts(session, [each.id for each in cases[:size]])
        rows = tuple(CaseRow(each, counts.get(each.id, 0)) for each in cases[:size])
        last = rows[-1].case if len(cases) > size else None
        return CasePage(rows, cursors.cursor(last.created_at, last.id) if last else None)

    def offered(self, actor: Actor, holder: str | None = None) -> list[Case]:
        """Open cases to choose from, the newest first: those of ``holder`` (a person's or an
        organisation's id), or of whom the actor acts for."""
        if holder is None or holder == access.holder(actor):
            mine = access.listed(actor)
        elif holder == actor.id:
            mine = (Case.owner_id == holder) & Case.organisation_id.is_(None)
        else:
            mine = Case.organisation_id == holder
        query = select(Case).where(mine, Case.state == CaseState.OPEN)
        query = query.order_by(Case.created_at.desc(), Case.id.desc()).limit(MOST_OFFERED)
        with self._tools.database.reading() as session:
            found = list(session.scalars(query))
            return [each for each in found if access.role_in(session, actor, each) is not None]

    def deposits(
        self, actor: Actor, case_id: str, cursor: str | None = None, size: int = 50
    ) -> DepositPage:
        """What stands in a case that the actor may read."""
        size = max(1, min(size, _MAX_PAGE))
        with self._tools.database.reading() as session:
            case = access.readable(session, actor, case_id)
            query = select(Deposit).where(Deposit.case_id == case.id)
            if cursor is not None:
                query = query.where(cursors.before(cursor, Deposit.received_at, Deposit.id))
            query = query.order_by(Deposit.received_at.desc(), Deposit.id.desc()).limit(size + 1)
            rows = tuple(session.scalars(query))
        last = rows[size - 1] if len(rows) > size else None
        return DepositPage(rows[:size], cursors.cursor(last.received_at, last.id) if last else None)

    def size(self, actor: Actor, case_id: str) -> int:
        """How many deposits stand in it."""
        with self._tools.database.reading() as session:
            case = access.readable(session, actor, case_id)
            return _counts(session, [case.id]).get(case.id, 0)

    def _turn(self, actor: Actor, case_id: str, state: CaseState) -> Case:
        action = "case.closed" if state is CaseState.CLOSED else "case.reopened"
        with self._tools.database.transaction() as session:
            case = access.locked(session, actor, case_id)
            if case.state != state:
                case.state = state
                closed = state is CaseState.CLOSED
                case.closed_at = self._tools.clock() if closed else None
                record(session, actor, action, case.subject)
        return case


def _counts(session: Session, ids: list[str]) -> dict[str, int]:
    query = (
        select(Deposit.case_id, func.count())
        .where(Deposit.case_id.in_(ids))
        .group_by(Deposit.case_id)
    )
    return {str(case_id): count for case_id, count in session.execute(query)}
