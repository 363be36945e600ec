"""Who lists, opens and changes which deposits: every pairing of person and deposit."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.audit.actor import Actor
from portal.deposits.access import changeable, listed
from portal.deposits.models import Deposit
from portal.problems import Conflict, Forbidden, NotFound
from portal.services import Services
from tests.portal.conftest import MakeUser
from tests.portal.organisations.conftest import (
    Company,
    MakeCompany,
    acting,
    actor_of,
    program,
    put,
)


def reads(services: Services, actor: Actor, deposit: Deposit) -> bool:
    try:
        services.deposits.get(actor, deposit.id)
    except NotFound:
        return False
    return True


def changes(services: Services, actor: Actor, deposit: Deposit) -> bool:
    query = select(Deposit.id).where(Deposit.id == deposit.id, changeable(actor))
    with services.database.reading() as session:
        return session.scalar(query) is not None


def lists(services: Services, actor: Actor) -> set[str]:
    with services.database.reading() as session:
        found = set(session.scalars(select(Deposit.id).where(listed(actor))))
    assert found == {each.id for each in services.deposits.page(actor, size=200).items}
    assert len(found) == sum(services.deposits.counts(actor).values())
    return found


def test_what_is_made_for_an_organisation_is_its_own(
    services: Services, company: Company, make_user: MakeUser
) -> None:
    member = acting(services, company.member, company.id)
    shared, private = put(services, member), put(services, actor_of(company.member))
    assert (shared.organisation_id, private.organisation_id) == (company.id, None)
    assert lists(services, member) == {shared.id}
    assert lists(services, actor_of(company.member)) == {private.id}
    for role, user in company.people().items():
        for actor in (actor_of(user), acting(services, user, company.id)):
            assert reads(services, actor, shared), role
            assert changes(services, actor, shared) == (role != "reader"), role
            assert reads(services, actor, private) == (user is company.member), role
        assert lists(services, acting(services, user, company.id)) == {shared.id}
    stranger = actor_of(make_user())
    assert not reads(services, stranger, shared)
    assert lists(services, stranger) == set()


def test_a_key_of_an_organisation_opens_nothing_private_and_nothing_of_another(
    services: Services, company: Company, make_company: MakeCompany
) -> None:
    other = make_company("乙公司")
    boss = company.manager
    private = put(services, actor_of(boss))
    theirs = put(services, acting(services, other.member, other.id))
    ours = put(services, acting(services, company.member, company.id))
    given = put(services, actor_of(other.reader))
    services.organisations.grants.give(actor_of(other.reader), given.id, boss.email, None)
    key = program(acting(services, boss, company.id))
    assert [reads(services, key, each) for each in (ours, private, theirs, given)] == [
        True,
        False,
        False,
        False,
    ]
    assert not changes(services, key, private)
    assert lists(services, key) == {ours.id}
    own_key = program(actor_of(boss))
    assert lists(services, own_key) == {private.id}
    assert reads(services, own_key, given)
    assert not reads(services, own_key, theirs)


def test_a_reader_deposits_nothing_for_it(services: Services, company: Company) -> None:
    with pytest.raises(Forbidden) as caught:
        put(services, acting(services, company.reader, company.id))
    assert caught.value.code == "reader_only"
    put(services, actor_of(company.reader))


def test_who_leaves_leaves_its_deposits_too(services: Services, company: Company) -> None:
    member = acting(services, company.member, company.id)
    made = put(services, member)
    services.organisations.members.remove(actor_of(company.manager), company.id, company.member.id)
    assert not reads(services, actor_of(company.member), made)
    assert not changes(services, actor_of(company.member), made)
    assert reads(services, actor_of(company.manager), made)


def test_one_key_for_two_owners_is_another_request(services: Services, company: Company) -> None:
    from chain_adapter import Digest
    from portal.deposits.records import Metadata

    digest = [Digest.parse("sha256", "ab" * 32)]
    receive = services.deposits.receive_digest
    member = acting(services, company.member, company.id)
    first = receive(member, digest, Metadata(), "key-1")
    assert receive(member, digest, Metadata(), "key-1").deposit.id == first.deposit.id
    with pytest.raises(Conflict):
        receive(actor_of(company.member), digest, Metadata(), "key-1")


def test_the_log_says_for_whom(services: Services, company: Company) -> None:
    made = put(services, acting(services, company.member, company.id))
    (entry,) = services.deposits.custody(actor_of(company.manager), made.id)
    assert entry.actor_name == "成员工"
    assert f'"for":"{company.id}","for_name":"甲公司"' in entry.detail


def test_the_ledger_knows_the_organisation_as_one_depositor(
    services: Services, company: Company
) -> None:
    first = put(services, acting(services, company.member, company.id))
    second = put(services, acting(services, company.manager, company.id))
    alone = put(services, actor_of(company.member))
    names = [each.record.partition('"depositor":"')[2][:37] for each in (first, second, alone)]
    assert names[0] == names[1] != names[2]
