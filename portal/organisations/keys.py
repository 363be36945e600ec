"""API keys of an organisation: made by its managers, revocable by any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.accounts.keys import create_api_key
from portal.accounts.models import ApiKey, User
from portal.audit.actor import Actor
from portal.audit.service import record
from portal.database import Database
from portal.organisations.rights import managing
from portal.problems import NotFound


@dataclass(frozen=True, slots=True)
class OrganisationKey:
    """A key, and the name of who made it."""

    key: ApiKey
    maker: str


class Keys:
    """A key speaks for the organisation as long as whoever made it belongs to it."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def made(self, actor: Actor, organisation_id: str) -> list[OrganisationKey]:
        """For managers: newest first, revoked ones too."""
        query = (
            select(ApiKey, User.name)
            .join(User, User.id == ApiKey.user_id)
            .where(ApiKey.organisation_id == organisation_id)
            .order_by(ApiKey.created_at.desc())
        )
        with self._database.reading() as session:
            managing(session, actor, organisation_id)
            return [OrganisationKey(*row) for row in session.execute(query.limit(500))]

    def create(
        self, actor: Actor, organisation_id: str, name: str, scopes: tuple[str, ...], days: int
    ) -> str:
        """A new key, to be shown once; errors as :func:`portal.accounts.keys.create_api_key`."""
        with self._database.reading() as session:
            found = managing(session, actor, organisation_id)
        # Should the manager lose the role in between, the key holds no more than they still may.
        made = create_api_key(
            self._database, found.actor, name, scopes, days, organisation_id=organisation_id
        )
        return made[1]

    def revoke(self, actor: Actor, organisation_id: str, key_id: str) -> None:
        """End a key of this organisation at once; doing so again changes nothing.

        Raises:
            NotFound: it has no such key, or the actor does not belong to it.
        """
        with self._database.transaction() as session:
            found = managing(session, actor, organisation_id)
            key = session.get(ApiKey, key_id)
            if key is None or key.organisation_id != organisation_id:
                raise NotFound("key_not_found", "There is no such key.")
            if key.revoked_at is None:
                key.revoked_at = self._clock()
                session.flush()
                subject, detail = found.organisation.subject, {"key": key.id}
                record(session, found.actor, "account.key_revoked", subject, detail)
