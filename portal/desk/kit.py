"""What the parts of the desk work with, and what all of them do alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import Role, User
from portal.audit.actor import Actor
from portal.deposits.tools import Tools
from portal.desk import clock
from portal.desk.mails import Letter
from portal.matters.access import NOTARY
from portal.matters.models import Matter, MatterAssignment
from portal.problems import Conflict

#: ``post(session, to, subject, text)``: in the caller's transaction, delivered later.
Post = Callable[[Session, str, str, str], Any]
#: ``tell(session, matter, what)``: a mail to whoever applied, in the caller's transaction.
Tell = Callable[[Session, Matter, str], Any]
WORKER: Final = Actor.process("worker")
FIRST, SECOND = "first", "second"
MAX_WORDS: Final = 2000


@dataclass(frozen=True)
class Kit:
    """``post`` sends mail to the office, ``tell`` to the applicant, in the caller's transaction."""

    tools: Tools
    post: Post
    tell: Tell

    @property
    def now(self) -> datetime:
        return self.tools.clock()

    @property
    def zone(self) -> ZoneInfo:
        return self.tools.settings.zone

    @property
    def today(self) -> date:
        return clock.day_of(self.now, self.zone)

    def second_by_rule(self, template: str) -> bool:
        """Whether the office's rule asks for a second notary in such a matter."""
        rule = self.tools.settings.second_notary
        return rule == "always" or (rule == "draws" and template == "draw")

    def tell_office(
        self, session: Session, matter: Matter, people: Sequence[str], letter: Letter, **values: str
    ) -> None:
        """A mail to people of the office, with the way to the matter."""
        link = f"{self.tools.settings.base_url.rstrip('/')}/desk/matters/{matter.id}"
        subject, text = letter.fill(link, number=matter.number, **values)
        query = select(User.email).where(User.id.in_(people), User.active.is_(True))
        for address in session.scalars(query.order_by(User.id)).all():
            self.post(session, address, subject, text)


def handlers(session: Session, matter_id: str) -> dict[str, MatterAssignment]:
    """Who handles a matter now, by part."""
    query = select(MatterAssignment).where(
        MatterAssignment.matter_id == matter_id, MatterAssignment.ended_at.is_(None)
    )
    return {each.part: each for each in session.scalars(query)}


def notaries(session: Session) -> list[User]:
    """Everybody of the office who may handle matters, by name."""
    query = select(User).where(User.active.is_(True), User.roles.any(Role.name == NOTARY))
    return list(session.scalars(query.order_by(User.name, User.id)))


def acting_as(user: User) -> Actor:
    """The same person as the rules of access ask about them."""
    return Actor(user.id, user.name, user.role_names)


def check_seen(matter: Matter, revision: int | None) -> None:
    """Raises Conflict when the application changed after the page that decides on it was opened."""
    if revision is not None and revision != matter.revision:
        message = "The application has changed since you opened this page; look at it again."
        raise Conflict("matter_changed", message)
