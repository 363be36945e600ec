"""From the tables to the office's figures, and the same as files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.days import start_of
from portal.desk import clock
from portal.desk.calendar import WorkingDays
from portal.desk.figures import Fact
from portal.desk.kit import FIRST, Kit
from portal.matters.access import LOOKING
from portal.matters.models import Matter, MatterAssignment, MatterPause
from portal.problems import BadInput, Forbidden

#: The longest time asked for at once.
LONGEST: Final = timedelta(days=366 * 10)


class Counting:
    """Notaries and auditors see it."""

    def __init__(self, kit: Kit) -> None:
        self._kit, self._database = kit, kit.tools.database

    def facts(self, actor: Actor, since: date, until: date) -> list[Fact]:
        """The matters submitted from ``since`` to ``until``, both inclusive, by number.

        Raises:
            Forbidden: the actor is neither notary nor auditor.
            BadInput: the time ends before it begins, or is longer than ten years.
        """
        _check(actor, since, until)
        with self._database.reading() as session:
            return list(self._facts(session, since, until))

    def taken_away(self, actor: Actor, since: date, until: date, form: str, rows: int) -> None:
        """Write down that the figures leave the portal."""
        _check(actor, since, until)
        detail: dict[str, str | int] = {
            "what": form,
            "since": str(since),
            "until": str(until),
            "rows": rows,
        }
        with self._database.transaction() as session:
            record(session, actor, "desk.statistics_exported", "desk:statistics", detail)

    def _facts(self, session: Session, since: date, until: date) -> Iterator[Fact]:
        zone = self._kit.zone
        query = (
            select(Matter)
            .where(
                Matter.submitted_at >= start_of(since.isoformat(), zone),
                Matter.submitted_at < start_of(until.isoformat(), zone, timedelta(days=1)),
            )
            .order_by(Matter.submitted_at, Matter.id)
        )
        matters = session.scalars(query).all()
        days, people = clock.working_days(session), _people(session)
        pauses = _pauses(session)
        for matter in matters:
            yield self._fact(matter, pauses.get(matter.id, ()), days, people.get(matter.id, ""))

    def _fact(
        self, matter: Matter, pauses: Iterable[MatterPause], days: WorkingDays, notary: str
    ) -> Fact:
        zone = self._kit.zone
        stands = clock.clock_of(
            matter.accepted_at,
            matter.ended_at,
            clock.spans(pauses, zone),
            days,
            self._kit.now,
            zone,
        )
        submitted = matter.submitted_at or matter.created_at
        return Fact(
            number=matter.number,
            template=matter.template,
            state=matter.state,
            notary=notary,
            submitted_on=clock.day_of(submitted, zone),
            accepted_on=stands.started_on,
            ended_on=clock.day_of(matter.ended_at, zone) if matter.ended_at else None,
            used=stands.used,
            overdue=stands.overdue,
            refusal=matter.ended_reason or "" if matter.state == "refused" else "",
        )


def _check(actor: Actor, since: date, until: date) -> None:
    if not actor.has(*LOOKING):
        message = "This needs one of these roles: %(roles)s."
        raise Forbidden("role_missing", message, roles=", ".join(LOOKING))
    if until < since:
        raise BadInput("period", "The time ends before it begins.", field="until")
    if until - since > LONGEST:
        raise BadInput("period_long", "Ask for ten years at most.", field="since")


def _people(session: Session) -> dict[str, str]:
    """Who handled each matter last."""
    query = (
        select(MatterAssignment.matter_id, User.name)
        .join(User, User.id == MatterAssignment.notary_id)
        .where(MatterAssignment.part == FIRST)
        .order_by(MatterAssignment.at)
    )
    return dict(session.execute(query).all())


def _pauses(session: Session) -> dict[str, list[MatterPause]]:
    found: dict[str, list[MatterPause]] = {}
    for each in session.scalars(select(MatterPause).order_by(MatterPause.begun_at)):
        found.setdefault(each.matter_id, []).append(each)
    return found
