"""The office, applicants, and matters that were really submitted."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.deposits.models import Deposit, State
from portal.deposits.tools import Tools
from portal.desk.service import DeskService
from portal.mail.models import OutboxMail
from portal.matters.models import Matter, MatterMaterial, MatterParty
from portal.matters.service import MatterService
from portal.services import Services
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import (  # noqa: F401 - fixtures of deposits
    MovableClock,
    actor_of,
    clock,
    put,
    tools,
)
from tests.portal.matters.conftest import complete


@pytest.fixture
def desk(tools: Tools, services: Services, matters: MatterService) -> DeskService:  # noqa: F811
    """The desk with a clock that tests move."""
    return DeskService(tools, services.mail.post, matters.tell_applicant)


@pytest.fixture
def matters(services: Services) -> MatterService:
    return services.matters


@pytest.fixture
def applicant(make_user: MakeUser) -> User:
    return make_user(name="王小明")


@pytest.fixture
def li_user(make_user: MakeUser) -> User:
    return make_user("notary", name="李公证")


@pytest.fixture
def li(li_user: User) -> Actor:
    """A notary."""
    return actor_of(li_user)


@pytest.fixture
def zhao_user(make_user: MakeUser) -> User:
    return make_user("notary", name="赵公证")


@pytest.fixture
def zhao(zhao_user: User) -> Actor:
    """Another notary."""
    return actor_of(zhao_user)


@pytest.fixture
def auditor_user(make_user: MakeUser) -> User:
    return make_user("auditor", name="钱审计")


@pytest.fixture
def auditor(auditor_user: User) -> Actor:
    return actor_of(auditor_user)


class Office:
    """Hands applications in, and looks behind them."""

    def __init__(self, services: Services, matters: MatterService, applicant: User) -> None:
        self._services, self._matters = services, matters
        self.applicant = actor_of(applicant)
        self._deposits: dict[str, Deposit] = {}

    def draft(self, owner: Actor | None = None) -> str:
        owner = owner or self.applicant
        holder = owner.organisation or owner.id
        if holder not in self._deposits:
            self._deposits[holder] = self._sealed(owner)
        return self._matters.create(owner, self._deposits[holder].id)

    def submitted(self, owner: Actor | None = None) -> str:
        """An application that lies with the office; its id."""
        owner = owner or self.applicant
        matter_id = self.draft(owner)
        complete(self._matters, owner, matter_id)
        self._matters.submit(owner, matter_id)
        return matter_id

    def _sealed(self, owner: Actor) -> Deposit:
        """A deposit as if its steps were made: the desk never looks into its proof."""
        made = put(self._services.deposits, owner, title="供货合同")
        with self._services.database.transaction() as session:
            session.get_one(Deposit, made.id).state = State.ANCHORED
        return made

    def row(self, matter_id: str) -> Matter:
        with self._services.database.reading() as session:
            return session.get_one(Matter, matter_id)

    def change(self, matter_id: str, **values: Any) -> None:
        """Bring a row to where no use case of the desk brings it."""
        with self._services.database.transaction() as session:
            matter = session.get_one(Matter, matter_id)
            for name, value in values.items():
                setattr(matter, name, value)

    def entries(self, subject: str) -> list[AuditEntry]:
        """What the custody log says, oldest first."""
        query = select(AuditEntry).where(AuditEntry.subject == subject).order_by(AuditEntry.seq)
        with self._services.database.reading() as session:
            return list(session.scalars(query))

    def acts(self, matter_id: str) -> list[str]:
        return [each.action.removeprefix("matter.") for each in self.entries(f"matter:{matter_id}")]

    def party(self, matter_id: str) -> str:
        query = select(MatterParty.id).where(MatterParty.matter_id == matter_id)
        with self._services.database.reading() as session:
            return session.scalars(query).one()

    def materials(self, matter_id: str) -> list[MatterMaterial]:
        query = select(MatterMaterial).where(MatterMaterial.matter_id == matter_id)
        with self._services.database.reading() as session:
            return list(session.scalars(query.order_by(MatterMaterial.asked_at)))

    def mails(self, user: User) -> list[str]:
        """Subjects of the mails to somebody, oldest first."""
        query = select(OutboxMail.subject).where(OutboxMail.recipient == user.email)
        with self._services.database.reading() as session:
            return list(session.scalars(query.order_by(OutboxMail.created_at)))


@pytest.fixture
def office(services: Services, matters: MatterService, applicant: User) -> Office:
    return Office(services, matters, applicant)


@pytest.fixture
def accepted(office: Office, desk: DeskService, li: Actor) -> str:
    """A matter that Li has taken and accepted just now."""
    matter_id = office.submitted()
    desk.take(li, matter_id)
    desk.accept(li, matter_id, "每件 500 元")
    return matter_id


@pytest.fixture
def taken(office: Office, desk: DeskService, li: Actor) -> str:
    """A matter that Li has taken."""
    matter_id = office.submitted()
    desk.take(li, matter_id)
    return matter_id
