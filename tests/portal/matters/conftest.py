"""Matters over real parts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.audit.actor import Actor
from portal.deposits.models import Deposit
from portal.matters import notices
from portal.matters.documents import HandedIn
from portal.matters.service import MatterService
from portal.matters.shapes import Application, PartyFields
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

PDF = b"%PDF-1.7\n1 0 obj <</Type /Catalog>> endobj\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)
#: a number with the right check character, of nobody
ID_CARD = "11010519491231002X"
CREDIT_CODE = "91350100M000100Y43"
WANTED = Application(purpose_code="litigation", facts="合同签署后未被改动。", copies=2)
PERSON = PartyFields(name="张三", document="id-card", number=ID_CARD, phone="13800138000")

HandIn = Callable[..., str]


@pytest.fixture
def matters(services: Services) -> MatterService:
    return services.matters


@pytest.fixture
def stranger(make_user: MakeUser) -> Actor:
    return actor_of(make_user(name="李四"))


@pytest.fixture
def notary(make_user: MakeUser) -> Actor:
    return actor_of(make_user("notary", name="公证员王"))


@pytest.fixture
def auditor(make_user: MakeUser) -> Actor:
    return actor_of(make_user("auditor", name="审计员赵"))


def sealed(services: Services, owner: Actor, **metadata: str) -> Deposit:
    """A deposit with its letter."""
    made = put(services.deposits, owner, **(metadata or {"title": "供货合同"}))
    run(services.deposits)
    return services.deposits.get(owner, made.id)


@pytest.fixture
def deposit(services: Services, actor: Actor) -> Deposit:  # noqa: F811
    return sealed(services, actor)


@pytest.fixture
def draft(matters: MatterService, actor: Actor, deposit: Deposit) -> str:  # noqa: F811
    return matters.create(actor, deposit.id)


def hand_in(
    matters: MatterService,
    who: Actor,
    matter_id: str,
    material_id: str,
    content: bytes = PDF,
    filename: str = "身份证.pdf",
) -> str:
    """As the page does it."""
    intake = matters.intake()
    intake.write(content)
    return matters.hand_in(who, matter_id, material_id, HandedIn(filename, intake, content[:32]))


def complete(matters: MatterService, who: Actor, matter_id: str) -> None:
    """Do all that a draft needs."""
    matters.save(who, matter_id, WANTED)
    if not matters.view(who, matter_id).parties:
        matters.add_party(who, matter_id, PERSON)
    for line in matters.view(who, matter_id).asked:
        hand_in(matters, who, matter_id, line.id)
    confirm(matters, who, matter_id)


def confirm(matters: MatterService, who: Actor, matter_id: str) -> None:
    notice = notices.current()
    matters.confirm_informed(who, matter_id, notice.edition, notice.sha256)


@pytest.fixture
def submitted(matters: MatterService, actor: Actor, draft: str) -> str:  # noqa: F811
    """An application that lies with the office."""
    complete(matters, actor, draft)
    matters.submit(actor, draft)
    return draft
