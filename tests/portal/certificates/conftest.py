"""A desk: an accepted matter over a sealed deposit, and notaries with keys."""

from __future__ import annotations

import dataclasses
import json
import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.audit.models import AuditEntry
from portal.certificates.models import Certificate
from portal.certificates.service import CertificateService
from portal.certificates.shapes import Issued
from portal.checks.service import CheckService
from portal.checks.shapes import GROUPS
from portal.deposits.models import Deposit
from portal.deposits.service import DepositService
from portal.deposits.tools import Tools
from portal.matters.models import Matter, MatterAssignment, MatterParty, MatterState
from portal.matters.service import MatterService
from portal.services import Services
from portal.storage.sealing import Box
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import MovableClock, actor_of, put, run
from tests.timestamping.judging import judging_once
from timestamping.authority.notaries import make_notary_key
from timestamping.letter import mask

SECRET = "四个字的密码 long enough"
NAME = "张三丰"
Post = Callable[..., None]


@dataclass
class Desk:
    """Everything a test of certificates works with; ``mails`` are those that were posted."""

    services: Services
    tools: Tools
    box: Box
    clock: MovableClock
    notary_user: User
    second_user: User
    applicant_user: User
    mails: list[tuple[str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.notary, self.second = actor_of(self.notary_user), actor_of(self.second_user)
        self.applicant = actor_of(self.applicant_user)
        self.deposits = DepositService(self.tools)
        self.checks = CheckService(self.tools)
        matters = MatterService(self.tools, self.box, self.post)
        self.certificates = CertificateService(
            self.tools, self.box, matters, self.checks, self.post
        )

    def post(self, _session: object, to: str, subject: str, text: str) -> None:
        self.mails.append((to, subject, text))

    def deposit(self, content: bytes | None = None, **metadata: str) -> Deposit:
        """A file, sealed down to its letter."""
        made = put(self.deposits, self.applicant, content, **{"title": "合同扫描件"} | metadata)
        self.run()
        return self.deposits.get(self.applicant, made.id)

    def run(self) -> None:
        run(self.deposits)

    def matter(self, deposit: Deposit, *, names: tuple[str, ...] = (NAME,), **values: Any) -> str:
        """An accepted application about ``deposit``, of the notaries."""
        now = self.tools.clock()
        stated = {
            "purpose": "用于诉讼 for litigation",
            "facts": "合同文本于存证时已存在",
            "template": "preservation",
            "copies": 2,
        }
        matter = Matter(
            id=str(uuid.uuid4()),
            number=f"MA20261121-{os.urandom(4).hex().upper()}",
            owner_id=deposit.owner_id,
            organisation_id=deposit.organisation_id,
            deposit_id=deposit.id,
            state=MatterState.ACCEPTED,
            created_at=now,
            changed_at=now,
            submitted_at=now,
            accepted_at=now,
            **stated | values,
        )
        with self.tools.database.transaction() as session:
            session.add(matter)
            session.flush()
            for place, name in enumerate(names):
                session.add(self.party(matter.id, place, name))
            parts = {"first": self.notary}
            if matter.second_needed:
                parts["second"] = self.second
            for part, notary in parts.items():
                session.add(
                    MatterAssignment(
                        matter_id=matter.id, notary_id=notary.id, part=part, by=notary.id, at=now
                    )
                )
        return matter.id

    def party(self, matter_id: str, place: int, name: str, role: str = "applicant") -> MatterParty:
        made = MatterParty(
            id=str(uuid.uuid4()),
            matter_id=matter_id,
            place=place,
            role=role,
            kind="person",
            masked_name=mask(name),
        )
        known = {
            "name": name,
            "document": "id-card",
            "country": "CN",
            "number": "110101199003078515",
            "phone": "",
            "address": "",
        }
        text = json.dumps(known, ensure_ascii=False).encode()
        made.sealed = self.box.seal(text, "matter-party", made.id)
        return made

    def check(self, matter_id: str) -> None:
        """Run the machine, and confirm what it found."""
        check_id = self.checks.begin(self.notary, matter_id)
        while self.checks.advance():
            pass
        view = self.checks.view(self.notary, check_id)
        open_ = {group.name for group in view.groups if group.outcome == "unknown"}
        said = {name: "已当面核对，情况清楚" if name in open_ else "" for name in GROUPS}
        with self.tools.database.reading() as session:
            second = session.get_one(Matter, matter_id).second_needed
        for notary in (self.notary, *((self.second,) if second else ())):
            self.checks.confirm_groups(notary, check_id, said)

    def key(self, user: User | None = None, password: str = SECRET) -> str:
        """A key made by the office for a notary; quick to open."""
        user = user or self.notary_user
        made = make_notary_key(self.tools.pki, user.name, password, rounds=1000)
        return self.certificates.add_pkcs12(actor_of(user), made.pkcs12, password)

    def drafted(self, matter_id: str) -> str:
        return self.certificates.draft(self.notary, matter_id)

    def approved(self, matter_id: str) -> str:
        """Checked, drafted and approved; the certificate's id."""
        self.check(matter_id)
        certificate_id = self.drafted(matter_id)
        self.approve(certificate_id)
        return certificate_id

    def approve(self, certificate_id: str) -> None:
        row = self.row(certificate_id)
        with self.tools.database.reading() as session:
            second = session.get_one(Matter, row.matter_id).second_needed
        who = self.second if second else self.notary
        self.certificates.approve(who, certificate_id, row.revision)

    def issue(self, certificate_id: str, key_id: str | None = None, **more: Any) -> Issued:
        key_id = key_id or self.key()
        revision = self.row(certificate_id).revision
        return self.certificates.issue(
            self.notary, certificate_id, key_id, SECRET, revision, **more
        )

    def issued(self, matter_id: str | None = None) -> str:
        """A whole certificate, out; its id."""
        certificate_id = self.approved(matter_id or self.matter(self.deposit()))
        self.issue(certificate_id)
        return certificate_id

    def row(self, certificate_id: str) -> Certificate:
        with self.tools.database.reading() as session:
            return session.get_one(Certificate, certificate_id)

    def matter_of(self, certificate_id: str) -> Matter:
        with self.tools.database.reading() as session:
            return session.get_one(Matter, self.row(certificate_id).matter_id)

    def log(self, subject: str) -> list[str]:
        """What the custody log says of ``subject``, in order."""
        query = select(AuditEntry.action).where(AuditEntry.subject == subject)
        with self.tools.database.reading() as session:
            return list(session.scalars(query.order_by(AuditEntry.seq)))

    def over(self, **changes: Any) -> Desk:
        """The same desk over other parts."""
        return dataclasses.replace(self, tools=dataclasses.replace(self.tools, **changes))


@pytest.fixture(autouse=True, scope="package")
def judged_once() -> Iterator[None]:
    """What is judged again in further packages, or after something else was changed."""
    with judging_once():
        yield


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def desk(services: Services, clock: MovableClock, make_user: MakeUser) -> Desk:
    tools = dataclasses.replace(services.deposits.tools, clock=clock, nudge=lambda: None)
    return Desk(
        services,
        tools,
        services.matters._kit.box,
        clock,
        make_user("notary", name="王公证"),
        make_user("notary", name="赵公证"),
        make_user(name=NAME),
    )


@pytest.fixture
def matter_id(desk: Desk) -> str:
    """About a plain file, accepted, not checked yet."""
    return desk.matter(desk.deposit())


@pytest.fixture
def auditor(make_user: MakeUser) -> Actor:
    return actor_of(make_user("auditor", name="孙审计"))
