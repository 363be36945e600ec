"""Cases over real parts."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import pytest

from portal.audit.actor import Actor
from portal.cases.models import Case
from portal.cases.service import CaseFields, CaseService
from portal.organisations.models import Membership, Organisation
from portal.services import Services
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import (  # noqa: F401 - fixtures of deposits
    actor,
    actor_of,
    clock,
    deposits,
    put,
    run,
    tools,
)


@pytest.fixture
def cases(tools) -> CaseService:  # type: ignore[no-untyped-def]  # noqa: F811
    return CaseService(tools)


@pytest.fixture
def stranger(make_user: MakeUser) -> Actor:
    return actor_of(make_user(name="李四"))


@pytest.fixture
def case(cases: CaseService, actor: Actor) -> Case:  # noqa: F811
    return cases.create(actor, CaseFields("甲公司诉乙公司", "(2026)沪0115民初1234号"))


def organisation_with(services: Services, **roles: Actor) -> str:
    """An organisation whose members have these roles; its id."""
    identity, first = str(uuid.uuid4()), next(iter(roles.values()))
    now = datetime.now(UTC)
    with services.database.transaction() as session:
        session.add(
            Organisation(
                id=identity,
                name_zh="甲公司",
                name_en="Company A",
                registration_number="",
                state="unverified",
                verification_note="",
                created_by=first.id,
                created_at=now,
            )
        )
        session.flush()
        for role, member in roles.items():
            session.add(
                Membership(organisation_id=identity, user_id=member.id, role=role, joined_at=now)
            )
    return identity


def acting(actor: Actor, organisation: str, role: str) -> Actor:  # noqa: F811
    """The same person, acting for an organisation."""
    import dataclasses

    return dataclasses.replace(actor, organisation=organisation, organisation_role=role)
