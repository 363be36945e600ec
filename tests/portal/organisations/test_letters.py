"""What letters say of who deposited."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from portal.deposits.letters import Letters
from portal.organisations.particulars import Particulars
from portal.services import Services
from tests.portal.conftest import MakeUser
from tests.portal.organisations.conftest import Company, MakeCompany, acting, actor_of, put


def issued(services: Services, company: Company) -> bytes:
    """The letter of a deposit made for the company."""
    deposit = put(services, acting(services, company.member, company.id))
    while services.deposits.advance():
        pass
    download = services.deposits.letter(actor_of(company.reader), deposit.id)
    return b"".join(download.stream)


def test_the_organisation_in_full_and_the_person_masked(
    services: Services, company: Company, make_user: MakeUser
) -> None:
    number = "91350100M000100Y43"
    manager, clerk = actor_of(company.manager), actor_of(make_user("notary"))
    seen = Particulars("甲公司", "", number)
    services.organisations.rename(manager, company.id, seen)
    services.organisations.verifying.verify(clerk, company.id, "执照原件", seen)
    deposit = put(services, acting(services, company.member, company.id))
    while services.deposits.advance():
        pass
    services.organisations.rename(manager, company.id, Particulars("改名公司", "", number))
    row = services.deposits.get(manager, deposit.id)
    data = Letters(services.deposits.tools).data(row, services.clock())
    assert data.depositor.masked == "甲公司（经办人 成**）"  # as it was called then
    assert "91350100M000100Y43" in data.depositor.identity.en
    assert "not checked" in data.depositor.identity.en  # the new name was not verified
    assert data.items[0].sender == data.depositor.masked
    first = data.custody[0]
    assert (first.actor, first.role.zh) == ("成**", "存证机构经办人")
    assert "成员工" not in repr(data)


@pytest.mark.parametrize("name", ["甲公司", "Ünïcode <b>#typst</b> $x$ 🙂", "𠮷野家" * 60])
def test_any_name_can_be_printed(services: Services, make_company: MakeCompany, name: str) -> None:
    letter = issued(services, make_company(name))
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(letter)).pages)
    assert "经办人" in "".join(text.split())
