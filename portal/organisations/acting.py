"""For whom a request acts. Asked before every view of somebody who chose an organisation."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from sqlalchemy import Table, bindparam, select

from portal.audit.actor import Actor
from portal.database import Database
from portal.organisations.models import Membership, Organisation

_members, _organisations = cast(Table, Membership.__table__), cast(Table, Organisation.__table__)
#: by both primary keys, built once
_STANDING = (
    select(_members.c.role, _organisations.c.name_zh, _organisations.c.name_en)
    .join(_organisations, _organisations.c.id == _members.c.organisation_id)
    .where(
        _members.c.organisation_id == bindparam("organisation"),
        _members.c.user_id == bindparam("person"),
    )
)


def acting_for(database: Database, actor: Actor, organisation_id: str) -> Actor | None:
    """The actor in the organisation's name; None when they do not belong to it (any more)."""
    values = {"organisation": organisation_id, "person": actor.id}
    with database.engine.connect() as connection:
        row = connection.execute(_STANDING, values).one_or_none()
    if row is None:
        return None
    return replace(
        actor,
        organisation=organisation_id,
        organisation_role=row.role,
        organisation_name=row.name_zh or row.name_en,
    )
