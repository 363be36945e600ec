"""What notaries' clerks do: look at an organisation's papers and stand by them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.organisations.models import Membership, Organisation
from portal.organisations.particulars import Particulars
from portal.problems import BadInput, Conflict, Forbidden, NotFound

#: who may; the views say so too
CLERKS: Final = ("notary", "administrator")
MAX_NOTE: Final = 2000
_LISTED: Final = 500


class Verifying:
    """Every use case raises Forbidden for whoever is no clerk."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def listed(self, actor: Actor) -> list[tuple[Organisation, User]]:
        """For clerks: all organisations with who made each, unverified ones first.

        Raises:
            Forbidden: the actor is no clerk.
        """
        _check_clerk(actor)
        query = (
            select(Organisation, User)
            .join(User, User.id == Organisation.created_by)
            .order_by(Organisation.state, Organisation.created_at.desc())
        )
        with self._database.reading() as session:
            return [(row[0], row[1]) for row in session.execute(query.limit(_LISTED))]

    def verify(self, actor: Actor, organisation_id: str, note: str, seen: Particulars) -> None:
        """A notary's clerk has seen the papers; ``note`` says which.

        Args:
            seen: the particulars the clerk was looking at, so that a rename meanwhile is not
                verified unseen.
        """
        note = _clean_note(note)
        with self._database.transaction() as session:
            organisation = self._for_clerk(session, actor, organisation_id)
            if Particulars.of(organisation) != seen:
                message = "The organisation's particulars changed meanwhile; look at them again."
                raise Conflict("organisation_changed", message)
            organisation.state = "verified"
            organisation.verification_note = note
            organisation.verified_by = actor.id
            organisation.verified_at = self._clock()
            record(session, actor, "organisation.verified", organisation.subject)

    def withdraw(self, actor: Actor, organisation_id: str, note: str) -> None:
        """A clerk no longer stands by it; ``note`` says why."""
        note = _clean_note(note)
        with self._database.transaction() as session:
            organisation = self._for_clerk(session, actor, organisation_id)
            unverify(organisation)
            organisation.verification_note = note
            record(session, actor, "organisation.verification_withdrawn", organisation.subject)

    def _for_clerk(self, session: Session, actor: Actor, organisation_id: str) -> Organisation:
        _check_clerk(actor)
        query = select(Organisation).where(Organisation.id == organisation_id).with_for_update()
        organisation = session.scalar(query)
        if organisation is None:
            raise NotFound("organisation_not_found", "There is no such organisation.")
        if session.get(Membership, (organisation_id, actor.id)) is not None:
            message = "Nobody verifies an organisation they belong to; ask another clerk."
            raise Forbidden("own_organisation", message)
        return organisation


def unverify(organisation: Organisation) -> None:
    """What was verified no longer is."""
    organisation.state = "unverified"
    organisation.verification_note = ""
    organisation.verified_by = None
    organisation.verified_at = None


def _check_clerk(actor: Actor) -> None:
    if not actor.has(*CLERKS):
        raise Forbidden("role_missing", "Only a notary's clerk verifies organisations.")


def _clean_note(text: str) -> str:
    note = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not 1 <= len(note) <= MAX_NOTE:
        message = "Say in at most %(most)s characters what you saw and decided."
        raise BadInput("verification_note", message, field="note", most=MAX_NOTE)
    return note
