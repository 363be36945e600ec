"""What the rest of the portal may ask of organisations. No Flask in here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import func, select

from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.audit.service import entries_for, record
from portal.database import Database
from portal.organisations.answering import Answering
from portal.organisations.grants import Grants
from portal.organisations.invitations import Invitations
from portal.organisations.keys import Keys
from portal.organisations.mails import Post
from portal.organisations.members import Members
from portal.organisations.models import Membership, Organisation
from portal.organisations.particulars import Particulars
from portal.organisations.rights import Standing, managing, standing
from portal.organisations.verifying import Verifying, unverify
from portal.problems import Conflict

#: organisations one person may have made, so that nobody fills the clerks' list
MAX_MADE: Final = 20


@dataclass(frozen=True, slots=True)
class Mine:
    """An organisation somebody belongs to, as what, and how many do."""

    organisation: Organisation
    role: str
    members: int


class OrganisationService:
    """The use cases; ownership is checked here. Every method raises :mod:`portal.problems`."""

    def __init__(
        self, database: Database, clock: Callable[[], datetime], post: Post, base_url: str
    ) -> None:
        """``post(session, to, subject, text)`` mails in the caller's transaction."""
        self._database = database
        self._clock = clock
        base = base_url.rstrip("/")
        self.verifying = Verifying(database, clock)
        self.members = Members(database, clock)
        self.invitations = Invitations(
            database, clock, post, lambda secret: f"{base}/invitation?link={secret}"
        )
        self.answering = Answering(database, clock)
        self.keys = Keys(database, clock)
        self.grants = Grants(database, clock, post, lambda deposit: f"{base}/deposits/{deposit}")

    def create(self, actor: Actor, given: Particulars) -> Organisation:
        """A new, unverified organisation, managed by the actor.

        Raises:
            Conflict: the actor has made :data:`MAX_MADE` already.
        """
        now = self._clock()
        made = Organisation(
            name_zh=given.name_zh,
            name_en=given.name_en,
            registration_number=given.registration_number,
            state="unverified",
            verification_note="",
            created_by=actor.id,
            created_at=now,
        )
        with self._database.transaction() as session:
            count = select(func.count()).where(Organisation.created_by == actor.id)
            if (session.scalar(count) or 0) >= MAX_MADE:
                message = "Nobody makes more than %(most)s organisations; ask the portal's office."
                raise Conflict("too_many_organisations", message, most=MAX_MADE)
            session.add(made)
            session.flush()
            session.add(
                Membership(organisation_id=made.id, user_id=actor.id, role="manager", joined_at=now)
            )
            found = Standing(made, "manager", _acting(actor, made))
            record(session, found.actor, "organisation.created", made.subject)
        return made

    def mine(self, actor: Actor) -> list[Mine]:
        """The organisations the actor belongs to, by name."""
        others = (
            select(Membership.organisation_id, func.count().label("members"))
            .group_by(Membership.organisation_id)
            .where(
                Membership.organisation_id.in_(
                    select(Membership.organisation_id).where(Membership.user_id == actor.id)
                )
            )
            .subquery()
        )
        query = (
            select(Organisation, Membership.role, others.c.members)
            .join(Membership, Membership.organisation_id == Organisation.id)
            .join(others, others.c.organisation_id == Organisation.id)
            .where(Membership.user_id == actor.id)
            .order_by(Organisation.name_zh, Organisation.name_en, Organisation.id)
        )
        with self._database.reading() as session:
            return [Mine(*row) for row in session.execute(query)]

    def get(self, actor: Actor, organisation_id: str) -> Standing:
        """An organisation the actor belongs to. Raises NotFound for any other."""
        with self._database.reading() as session:
            return standing(session, actor, organisation_id)

    def rename(self, actor: Actor, organisation_id: str, given: Particulars) -> Organisation:
        """Give it other particulars. What a clerk verified was the old ones: it is unverified
        again."""
        with self._database.transaction() as session:
            found = managing(session, actor, organisation_id, lock=True)
            organisation = found.organisation
            before = Particulars.of(organisation)
            if before == given:
                return organisation
            organisation.name_zh = given.name_zh
            organisation.name_en = given.name_en
            organisation.registration_number = given.registration_number
            unverify(organisation)
            acting = _acting(actor, organisation)
            detail = {"before": before.name_zh or before.name_en, "after": organisation.name}
            record(session, acting, "organisation.renamed", organisation.subject, detail)
        return organisation

    def history(self, actor: Actor, organisation_id: str) -> list[AuditEntry]:
        """What its managers see of the custody log: the latest entries about it."""
        with self._database.reading() as session:
            found = managing(session, actor, organisation_id)
            return entries_for(session, found.organisation.subject, limit=50)


def _acting(actor: Actor, organisation: Organisation) -> Actor:
    return replace(
        actor,
        organisation=organisation.id,
        organisation_role="manager",
        organisation_name=organisation.name,
    )
