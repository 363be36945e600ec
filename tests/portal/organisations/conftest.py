"""People and their organisations, over the real portal."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from chain_adapter import Digest
from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.deposits.models import Deposit
from portal.deposits.records import Metadata
from portal.organisations.acting import acting_for
from portal.organisations.models import Organisation
from portal.organisations.particulars import Particulars
from portal.organisations.service import OrganisationService
from portal.services import Services
from tests.portal.conftest import MakeUser


class MovableClock:
    """The present, and what tests add to it."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True)
class Company:
    """An organisation with one person of each role."""

    organisation: Organisation
    manager: User
    member: User
    reader: User

    @property
    def id(self) -> str:
        return self.organisation.id

    def people(self) -> dict[str, User]:
        return {"manager": self.manager, "member": self.member, "reader": self.reader}


MakeCompany = Callable[..., Company]
Join = Callable[[str, Actor, User, str], None]


def actor_of(user: User) -> Actor:
    return Actor(user.id, user.name, user.role_names, "203.0.113.7", "web")


def acting(services: Services, user: User, organisation_id: str) -> Actor:
    """The person in the organisation's name."""
    found = acting_for(services.database, actor_of(user), organisation_id)
    assert found is not None
    return found


def program(actor: Actor) -> Actor:
    """The same, by API key."""
    return replace(actor, via="api")


def secret_in(link: str) -> str:
    """The secret half of an invitation's link."""
    return parse_qs(urlsplit(link).query)["link"][0]


def put(services: Services, actor: Actor, title: str = "合同", key: str | None = None) -> Deposit:
    """Deposit the digest of some bytes."""
    digest = Digest.parse("sha256", hashlib.sha256(os.urandom(16)).hexdigest())
    return services.deposits.receive_digest(actor, [digest], Metadata(title=title), key).deposit


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def organisations(services: Services, clock: MovableClock) -> OrganisationService:
    """The use cases under a clock that tests move."""
    base = services.settings.base_url
    return OrganisationService(services.database, clock, services.mail.post, base)


@pytest.fixture
def join(services: Services) -> Join:
    """Bring somebody into an organisation, as an invitation does."""

    def run(organisation_id: str, manager: Actor, user: User, role: str) -> None:
        service = services.organisations
        link = service.invitations.invite(manager, organisation_id, user.email, role)
        service.answering.accept(actor_of(user), secret_in(link))

    return run


@pytest.fixture
def make_company(services: Services, make_user: MakeUser, join: Join) -> MakeCompany:
    def make(name: str = "甲公司") -> Company:
        manager, member, reader = (make_user(name=each) for each in ("管经理", "成员工", "阅读者"))
        boss = actor_of(manager)
        made = services.organisations.create(boss, Particulars(name, "", ""))
        join(made.id, boss, member, "member")
        join(made.id, boss, reader, "reader")
        return Company(made, manager, member, reader)

    return make


@pytest.fixture
def company(make_company: MakeCompany) -> Company:
    return make_company()
