"""A matter of the office over a sealed deposit, with notaries who handle it."""

from __future__ import annotations

import dataclasses
import os
import uuid
from dataclasses import dataclass

import pytest
from sqlalchemy import update

from chain_adapter import digest_of
from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.checks.service import CheckService
from portal.checks.shapes import GROUPS, CheckView
from portal.deposits.models import Deposit
from portal.deposits.service import DepositService, Metadata
from portal.deposits.tools import Tools
from portal.matters.models import Matter, MatterAssignment, MatterState
from portal.services import Services
from portal.uploads.service import Grouping, UploadService, Wish
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import MovableClock, actor_of, put, run
from tests.portal.uploads.conftest import body_of, new_file

CONTENT = b"the contract as it was signed\n" * 40


@dataclass
class Office:
    """Everything a test of checks works with."""

    tools: Tools
    clock: MovableClock
    checks: CheckService
    deposits: DepositService
    applicant: Actor
    notary: Actor
    notary_user: User
    second: Actor
    second_user: User

    def matter(self, deposit: Deposit, *, second_needed: bool = False) -> str:
        """An accepted matter about ``deposit``, handled by the notary (and the second one)."""
        now = self.tools.clock()
        matter = Matter(
            number=f"MA20261121-{os.urandom(4).hex().upper()}",
            owner_id=deposit.owner_id,
            deposit_id=deposit.id,
            template="preservation",
            state=MatterState.ACCEPTED,
            second_needed=second_needed,
            created_at=now,
            changed_at=now,
            submitted_at=now,
            accepted_at=now,
        )
        with self.tools.database.transaction() as session:
            session.add(matter)
            session.flush()
            parts = {"first": self.notary} | ({"second": self.second} if second_needed else {})
            for part, notary in parts.items():
                session.add(
                    MatterAssignment(
                        matter_id=matter.id,
                        notary_id=notary.id,
                        part=part,
                        by=notary.id,
                        at=now,
                        end_reason="",
                    )
                )
            return matter.id

    def put(self, content: bytes = CONTENT, **metadata: str) -> Deposit:
        """A file, sealed down to its letter."""
        made = put(self.deposits, self.applicant, content, **metadata)
        run(self.deposits)
        return self.deposits.get(self.applicant, made.id)

    def folder(self, files: dict[str, bytes]) -> Deposit:
        """Several files as one deposit, sealed."""
        uploads, draft = UploadService(self.tools), str(uuid.uuid4())
        for path, content in files.items():
            uploads.create(self.applicant, draft, new_file(path, content), body_of(content))
        wanted = Wish(Grouping.LIST, "Case")
        deposit_id = uploads.confirm(self.applicant, draft, wanted).deposits[0]
        run(self.deposits)
        return self.deposits.get(self.applicant, deposit_id)

    def digest(self, content: bytes = CONTENT) -> Deposit:
        """A digest alone, sealed."""
        digests = [digest_of(content)]
        made = self.deposits.receive_digest(self.applicant, digests, Metadata("合同")).deposit
        run(self.deposits)
        return self.deposits.get(self.applicant, made.id)

    def deposit_of(self, matter_id: str) -> Deposit:
        with self.tools.database.reading() as session:
            return session.get_one(Deposit, session.get_one(Matter, matter_id).deposit_id)

    def change(self, matter_id: str, **values: object) -> None:
        """Somebody with the database in their hands changes the deposit."""
        deposit = self.deposit_of(matter_id)
        with self.tools.database.transaction() as session:
            session.execute(update(Deposit).where(Deposit.id == deposit.id).values(**values))

    def revise(self, matter_id: str) -> None:
        """What is applied for is changed."""
        with self.tools.database.transaction() as session:
            matter = session.get_one(Matter, matter_id)
            matter.revision += 1

    def checked(self, matter_id: str) -> CheckView:
        """Begin a check and let the worker run it."""
        check_id = self.checks.begin(self.notary, matter_id)
        while self.checks.advance():
            pass
        return self.checks.view(self.notary, check_id)

    def confirm(self, view: CheckView, actor: Actor | None = None, reason: str = "") -> None:
        """Confirm all four groups."""
        said = dict.fromkeys(GROUPS, reason)
        self.checks.confirm_groups(actor or self.notary, view.id, said)

    def problem(self, matter_id: str, check_id: str | None = None) -> str | None:
        """The code of what keeps a certificate from being issued."""
        with self.tools.database.reading() as session:
            matter = session.get_one(Matter, matter_id)
            return self.checks.standing(session, matter, check_id).code

    def outcomes(self, view: CheckView) -> dict[str, str]:
        return {group.name: group.outcome for group in view.groups}

    def failed(self, view: CheckView) -> set[str]:
        """Codes of the checks that failed."""
        lines = (line for group in view.groups for line in group.lines)
        return {line.check.code for line in lines if line.check.failed}

    def with_tools(self, **changes: object) -> Office:
        """The same office over other parts."""
        tools = dataclasses.replace(self.tools, **changes)  # type: ignore[arg-type]
        return dataclasses.replace(self, tools=tools, checks=CheckService(tools))


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def office(services: Services, clock: MovableClock, make_user: MakeUser) -> Office:
    tools = dataclasses.replace(services.deposits.tools, clock=clock, nudge=lambda: None)
    notary, second = make_user("notary", name="王公证"), make_user("notary", name="赵公证")
    return Office(
        tools=tools,
        clock=clock,
        checks=CheckService(tools),
        deposits=DepositService(tools),
        applicant=actor_of(make_user(name="张三")),
        notary=actor_of(notary),
        notary_user=notary,
        second=actor_of(second),
        second_user=second,
    )


@pytest.fixture
def matter_id(office: Office) -> str:
    """About a plain file."""
    return office.matter(office.put(title="合同", filename="合同.pdf"))
