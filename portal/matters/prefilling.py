"""What is known already and need not be typed again."""

from __future__ import annotations

from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.accounts.identities import Identities
from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.matters import access
from portal.matters.kit import Kit
from portal.matters.models import Matter, MatterParty, MatterState
from portal.matters.shapes import PartyFields
from portal.organisations.models import Organisation

_CHECKED: Final = "checked"


class Prefilling:
    """Suggests; nothing is kept before somebody sends it."""

    def __init__(self, kit: Kit, identities: Identities) -> None:
        self._kit, self._identities = kit, identities

    def suggested(self, actor: Actor, matter_id: str, *, own: bool) -> PartyFields:
        """A further party: first the applicant, who is the organisation where one applies; then
        whoever acts for it.

        Args:
            own: the actor's own identity, as far as the office has checked it.
        """
        with self._kit.tools.database.reading() as session:
            matter = access.readable(session, actor, matter_id)
            access.check_state(matter, (MatterState.DRAFT,))
            mine = MatterParty.matter_id == matter.id
            count = session.scalar(select(func.count()).where(mine)) or 0
            first = session.scalar(
                select(MatterParty.id)
                .where(mine, MatterParty.role == "applicant")
                .order_by(MatterParty.place)
                .limit(1)
            )
            organisation = self._organisation(session, matter) if not count else None
            name = session.get_one(User, actor.id).name
        if organisation is not None and not own:
            return organisation
        role = "agent" if matter.organisation_id and first else "applicant"
        acts_for = first or "" if role == "agent" else ""
        if own or not count:
            return self._own(actor, name, role, acts_for)
        return PartyFields(role=role, acts_for=acts_for)

    def _own(self, actor: Actor, name: str, role: str, acts_for: str) -> PartyFields:
        if self._identities.standing(actor.id).state != _CHECKED:
            return PartyFields(role=role, name=name, document="id-card", acts_for=acts_for)
        known = self._identities.read(actor, actor.id)
        return PartyFields(
            role=role,
            name=known.name,
            document=known.document,
            country=known.country,
            number=known.number,
            acts_for=acts_for,
        )

    @staticmethod
    def _organisation(session: Session, matter: Matter) -> PartyFields | None:
        if matter.organisation_id is None:
            return None
        found = session.get_one(Organisation, matter.organisation_id)
        return PartyFields(
            kind="organisation",
            name=found.name,
            document="business-licence",
            number=found.registration_number,
        )
