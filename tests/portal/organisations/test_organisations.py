"""Made, renamed, verified: an organisation as such."""

from __future__ import annotations

from dataclasses import replace

import pytest

from portal.audit.service import entries_for, verify_chain
from portal.organisations.particulars import MAX_NAME, Particulars
from portal.organisations.service import MAX_MADE
from portal.problems import BadInput, Conflict, Forbidden, NotFound
from portal.services import Services
from tests.portal.conftest import MakeUser
from tests.portal.organisations.conftest import Company, actor_of, put

_NUMBER = "91350100M000100Y43"


def test_whoever_makes_it_manages_it(services: Services, make_user: MakeUser) -> None:
    actor = actor_of(make_user(name="张伟"))
    made = services.organisations.create(actor, Particulars(" 甲  公司 ", "Jia Ltd", _NUMBER))
    assert (made.name, made.name_en, made.state) == ("甲 公司", "Jia Ltd", "unverified")
    (mine,) = services.organisations.mine(actor)
    assert (mine.organisation.id, mine.role, mine.members) == (made.id, "manager", 1)
    with services.database.reading() as session:
        (entry,) = entries_for(session, made.subject)
        assert verify_chain(session).ok
    assert entry.action == "organisation.created"
    assert '"for_name":"甲 公司"' in entry.detail


@pytest.mark.parametrize(
    ("zh", "en", "number", "field"),
    [
        ("", " ", "", "name_zh"),
        ("x" * (MAX_NAME + 1), "", "", "name_zh"),
        ("甲", "a\x00b", "", "name_en"),
        ("甲\u202e公司", "", "", "name_zh"),
        ("甲", "", "91350100M000100Y44", "registration_number"),
    ],
)
def test_particulars_that_will_not_do(zh: str, en: str, number: str, field: str) -> None:
    with pytest.raises(BadInput) as caught:
        Particulars(zh, en, number)
    assert caught.value.field == field


def test_nobody_makes_them_without_end(services: Services, make_user: MakeUser) -> None:
    actor = actor_of(make_user())
    for number in range(MAX_MADE):
        services.organisations.create(actor, Particulars(f"公司 {number}", ""))
    with pytest.raises(Conflict):
        services.organisations.create(actor, Particulars("再一家", ""))


def test_a_clerk_verifies_and_a_rename_undoes_it(
    services: Services, company: Company, make_user: MakeUser
) -> None:
    service, clerk = services.organisations, actor_of(make_user("notary"))
    seen = Particulars("甲公司", "")
    service.verifying.verify(clerk, company.id, "营业执照原件", seen)
    found = service.get(actor_of(company.reader), company.id).organisation
    assert (found.state, found.verification_note) == ("verified", "营业执照原件")
    manager = actor_of(company.manager)
    assert service.rename(manager, company.id, seen).state == "verified"  # nothing changed
    renamed = service.rename(manager, company.id, Particulars("乙公司", "", _NUMBER))
    assert (renamed.state, renamed.verified_by) == ("unverified", None)
    actions = [entry.action for entry in service.history(manager, company.id)]
    assert actions[-2:] == ["organisation.verified", "organisation.renamed"]


def test_a_clerk_verifies_only_what_they_saw(
    services: Services, company: Company, make_user: MakeUser
) -> None:
    service, clerk = services.organisations, actor_of(make_user("notary"))
    service.rename(actor_of(company.manager), company.id, Particulars("别的公司", ""))
    with pytest.raises(Conflict):
        service.verifying.verify(clerk, company.id, "seen", Particulars("甲公司", ""))
    with pytest.raises(BadInput):
        service.verifying.verify(clerk, company.id, " \r\n", Particulars("别的公司", ""))
    assert service.verifying.listed(clerk)[0][0].state == "unverified"


def test_a_verification_can_be_withdrawn(
    services: Services, company: Company, make_user: MakeUser
) -> None:
    verifying, clerk = services.organisations.verifying, actor_of(make_user("notary"))
    verifying.verify(clerk, company.id, "seen", Particulars("甲公司", ""))
    verifying.withdraw(clerk, company.id, "the licence was forged")
    (row,) = verifying.listed(clerk)
    assert (row[0].state, row[0].verification_note) == ("unverified", "the licence was forged")


def test_only_clerks_verify_and_not_their_own(services: Services, company: Company) -> None:
    verifying, seen = services.organisations.verifying, Particulars("甲公司", "")
    for user in company.people().values():
        with pytest.raises(Forbidden):
            verifying.verify(actor_of(user), company.id, "trust me", seen)
        with pytest.raises(Forbidden):
            verifying.withdraw(actor_of(user), company.id, "trust me")
        with pytest.raises(Forbidden):
            verifying.listed(actor_of(user))
    clerk = replace(actor_of(company.reader), roles=frozenset({"notary"}))
    with pytest.raises(Forbidden) as caught:
        verifying.verify(clerk, company.id, "mine", seen)
    assert caught.value.code == "own_organisation"
    with pytest.raises(NotFound):
        verifying.verify(clerk, "made-up", "mine", seen)


def test_only_managers_rename_and_see_the_history(services: Services, company: Company) -> None:
    for user in (company.member, company.reader):
        with pytest.raises(Forbidden):
            services.organisations.rename(actor_of(user), company.id, Particulars("丙", ""))
        with pytest.raises(Forbidden):
            services.organisations.history(actor_of(user), company.id)


def test_strangers_learn_nothing(services: Services, company: Company, make_user: MakeUser) -> None:
    service, stranger = services.organisations, actor_of(make_user())
    put(services, stranger)
    for organisation_id in (company.id, "made-up", ""):
        for ask in (
            lambda one: service.get(stranger, one),
            lambda one: service.rename(stranger, one, Particulars("丙", "")),
            lambda one: service.history(stranger, one),
            lambda one: service.members.everybody(stranger, one),
            lambda one: service.members.change_role(stranger, one, stranger.id, "manager"),
            lambda one: service.members.remove(stranger, one, company.reader.id),
            lambda one: service.members.leave(stranger, one),
            lambda one: service.invitations.invite(stranger, one, "a@example.com", "manager"),
            lambda one: service.invitations.pending(stranger, one),
            lambda one: service.invitations.withdraw(stranger, one, "made-up"),
            lambda one: service.keys.made(stranger, one),
            lambda one: service.keys.create(stranger, one, "key", ("read",), 30),
            lambda one: service.keys.revoke(stranger, one, "made-up"),
        ):
            with pytest.raises(NotFound) as caught:
                ask(organisation_id)
            assert caught.value.code == "organisation_not_found"
    assert service.mine(stranger) == []
