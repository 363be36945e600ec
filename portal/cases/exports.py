"""Taking a timeline away: the events are gathered, written by whoever knows the words, recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import Head, record
from portal.cases import access
from portal.cases.events import Event, EventFilter
from portal.cases.models import Case
from portal.cases.report import MOST_DEPOSITS, MOST_EVENTS
from portal.cases.timeline import Timeline
from portal.deposits.filenames import download_name
from portal.deposits.models import Deposit
from portal.deposits.tools import Tools
from portal.downloads import Download
from portal.organisations.models import Organisation
from portal.problems import BadInput

_NUMBERED: Final = 8
#: file's ending → media type, the most events it takes
FORMS: Final = {"pdf": ("application/pdf", MOST_EVENTS), "csv": ("text/csv", 100_000)}


@dataclass(frozen=True, slots=True)
class Extract:
    """What an export says. ``items`` are the newest deposits, ``deposits`` how many there are;
    ``log`` is where the custody log ended; events stand oldest first."""

    case: Case
    holder: str
    items: Sequence[Deposit]
    deposits: int
    events: Sequence[Event]
    log: Head
    moment: datetime


class Exports:
    """Each is an entry of the custody log, written once the file is made."""

    def __init__(self, tools: Tools, timeline: Timeline) -> None:
        self._tools = tools
        self._timeline = timeline

    def timeline(
        self,
        actor: Actor,
        case_id: str,
        wanted: EventFilter,
        form: str,
        write: Callable[[Extract], bytes],
    ) -> Download:
        """The timeline in one of :data:`FORMS`, made by ``write`` when it is taken.

        Raises:
            NotFound: no such case, or somebody else's.
            BadInput: more events than the form takes.
        """
        media_type, limit = FORMS[form]
        with self._tools.database.reading() as session:
            case = access.readable(session, actor, case_id)

        def begin() -> Iterator[bytes]:
            extract = self._extract(actor, case, wanted, limit)
            data = write(extract)
            with self._tools.database.transaction() as session:
                detail: dict[str, str | int] = {"what": form, "events": len(extract.events)}
                record(session, actor, "case.exported", case.subject, detail)
            return iter((data,))

        name = f"{case.reference or case.id[:_NUMBERED]}.{form}"
        return Download(download_name(name, f"case.{form}"), media_type, begin)

    def _extract(self, actor: Actor, case: Case, wanted: EventFilter, limit: int) -> Extract:
        events, log = self._timeline.everything(actor, case.id, wanted, limit + 1)
        if len(events) > limit:
            message = "More than %(limit)s events: choose a shorter time or one kind of event."
            raise BadInput("too_many_events", message, field="since", limit=limit)
        with self._tools.database.reading() as session:
            query = select(Deposit).where(Deposit.case_id == case.id)
            newest = query.order_by(Deposit.received_at.desc(), Deposit.id.desc())
            items = session.scalars(newest.limit(MOST_DEPOSITS)).all()
            count = session.scalar(query.with_only_columns(func.count(Deposit.id))) or 0
            holder = _holder(session, case)
        return Extract(case, holder, items, count, events, log, self._tools.clock())


def _holder(session: Session, case: Case) -> str:
    """The name of the person or organisation the case belongs to."""
    if case.organisation_id is not None:
        return session.get_one(Organisation, case.organisation_id).name
    return session.get_one(User, case.owner_id).name
