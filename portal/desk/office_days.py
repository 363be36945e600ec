"""The office's calendar: holidays, weekends that are worked, and taking a change back.

Each day changed is a custody entry of its own with what stood there before, all of one change under
one subject (``calendar:<id>``). That is also what undoing reads: there is no second history.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.audit.service import Act, record_many
from portal.deposits.tools import Tools
from portal.desk import clock
from portal.desk.day_lists import MAX_NOTE, ListedDay, checked, read_day_list
from portal.matters.access import LOOKING, NOTARY
from portal.matters.models import OfficeDay
from portal.problems import Conflict, Forbidden, NotFound
from portal.texts import line

_ACTION: Final = "calendar.day_set"
_PREFIX: Final = "calendar:"
_SATURDAY: Final = 5
_WORDS: Final = {True: "working", False: "off"}
_MEANING: Final = {"working": True, "off": False, "": None}


@dataclass(frozen=True, slots=True)
class Change:
    """One change, the newest of the calendar: ``days`` it concerned, from ``first`` to ``last``."""

    id: str
    at: datetime
    who: str
    days: int
    first: date
    last: date
    note: str


#: What stands of a day: worked or not (None: Monday to Friday decide), and the note.
_Standing = tuple[bool | None, str]


class OfficeDays:
    """Notaries change it, auditors look."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def year(self, actor: Actor, year: int) -> dict[date, ListedDay]:
        """The days of a year that differ from Monday to Friday, or carry a note."""
        _check(actor, LOOKING)
        query = select(OfficeDay).where(
            OfficeDay.day >= date(year, 1, 1), OfficeDay.day <= date(year, 12, 31)
        )
        with self._tools.database.reading() as session:
            return {
                each.day: ListedDay(each.day, each.working, each.note)
                for each in session.scalars(query.order_by(OfficeDay.day))
            }

    def set(self, actor: Actor, day: date, working: bool, note: str) -> str:
        """Say of one day whether it is worked; the change's id, "" when it stood so already.

        Raises:
            Forbidden: not a notary. BadInput: the day or the note.
        """
        return self._change(
            actor, {checked(day): (working, line("note", note, MAX_NOTE))}, plainly=True
        )

    def take(self, actor: Actor, data: bytes) -> tuple[str, int]:
        """Take a list of days over; the change's id and how many days it names.

        Raises:
            Forbidden: not a notary.
            DayListError, BadInput: see :func:`portal.desk.day_lists.read_day_list`.
        """
        _check(actor, (NOTARY,))
        listed = read_day_list(data)
        return self._change(actor, {each.day: (each.working, each.note) for each in listed}), len(
            listed
        )

    def undo(self, actor: Actor, change_id: str) -> str:
        """Put back what stood before a change; the id of this change.

        Raises:
            Forbidden: not a notary. NotFound: no such change.
            Conflict: one of its days was changed again since then.
        """
        _check(actor, (NOTARY,))
        with self._tools.database.transaction() as session:
            details = _details(session, change_id)
            before: dict[date, _Standing] = {}
            for detail in details:
                day = date.fromisoformat(detail["day"])
                if _standing(session.get(OfficeDay, day)) != _of(detail, "now"):
                    message = "%(day)s was changed again since then; change it by hand."
                    raise Conflict("calendar_moved_on", message, day=detail["day"])
                before[day] = _of(detail, "before")
            return self._write(session, actor, before)

    def changes(self, actor: Actor, size: int = 5) -> list[Change]:
        """The newest changes."""
        _check(actor, LOOKING)
        newest = (
            select(AuditEntry.subject, func.max(AuditEntry.seq).label("seq"))
            .where(AuditEntry.subject.startswith(_PREFIX), AuditEntry.action == _ACTION)
            .group_by(AuditEntry.subject)
            .order_by(func.max(AuditEntry.seq).desc())
            .limit(size)
        )
        with self._tools.database.reading() as session:
            subjects = [subject for subject, _ in session.execute(newest)]
            return [_summary(session, subject) for subject in subjects]

    def _change(self, actor: Actor, wanted: Mapping[date, _Standing], plainly: bool = False) -> str:
        """``plainly``: a day that is as its weekday says, and has no note, needs no row."""
        _check(actor, (NOTARY,))
        if plainly:
            wanted = {
                day: (None, "") if works == _weekday(day) and not note else (works, note)
                for day, (works, note) in wanted.items()
            }
        with self._tools.database.transaction() as session:
            return self._write(session, actor, wanted)

    def _write(self, session: Session, actor: Actor, wanted: Mapping[date, _Standing]) -> str:
        change_id, now, acts = str(uuid.uuid4()), self._tools.clock(), []
        for day in sorted(wanted):
            row, (works, note) = session.get(OfficeDay, day), wanted[day]
            before = _standing(row)
            if before == (works, note):
                continue
            acts.append(Act(actor, _ACTION, _PREFIX + change_id, _detail(day, before, wanted[day])))
            if works is None:
                session.delete(row)
            elif row is None:
                session.add(OfficeDay(day=day, working=works, note=note, by=actor.id, at=now))
            else:
                row.working, row.note, row.by, row.at = works, note, actor.id, now
        if not acts:
            return ""
        session.flush()
        clock.recount(session, actor, self._tools.settings.zone)
        record_many(session, acts)
        return change_id


def _check(actor: Actor, roles: Sequence[str]) -> None:
    if not actor.has(*roles):
        message = "This needs one of these roles: %(roles)s."
        raise Forbidden("role_missing", message, roles=", ".join(roles))


def _weekday(day: date) -> bool:
    return day.weekday() < _SATURDAY


def _standing(row: OfficeDay | None) -> _Standing:
    return (row.working, row.note) if row is not None else (None, "")


def _detail(day: date, before: _Standing, now: _Standing) -> dict[str, str | int]:
    return {
        "day": day.isoformat(),
        "before": "" if before[0] is None else _WORDS[before[0]],
        "before_note": before[1],
        "now": "" if now[0] is None else _WORDS[now[0]],
        "now_note": now[1],
    }


def _of(detail: Mapping[str, Any], when: str) -> _Standing:
    return _MEANING[detail[when]], detail[f"{when}_note"]


def _entries(session: Session, subject: str) -> list[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.subject == subject, AuditEntry.action == _ACTION)
    return list(session.scalars(query.order_by(AuditEntry.seq)))


def _details(session: Session, change_id: str) -> list[dict[str, Any]]:
    found = _entries(session, _PREFIX + change_id[:64])
    if not found:
        raise NotFound("calendar_change_not_found", "There is no such change of the calendar.")
    return [json.loads(each.detail) for each in found]


def _summary(session: Session, subject: str) -> Change:
    entries = _entries(session, subject)
    details = [json.loads(each.detail) for each in entries]
    days = [date.fromisoformat(detail["day"]) for detail in details]
    return Change(
        subject.removeprefix(_PREFIX),
        entries[-1].at,
        entries[-1].actor_name,
        len(days),
        min(days),
        max(days),
        _common(detail["now_note"] for detail in details),
    )


def _common(notes: Iterable[str]) -> str:
    """The note, when all days have the same."""
    found = set(notes)
    return found.pop() if len(found) == 1 else ""
