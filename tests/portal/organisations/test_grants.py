"""Access to one deposit: given, found, ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from portal.audit.actor import Actor
from portal.deposits.models import Deposit
from portal.mail.models import OutboxMail
from portal.organisations.grants import MAX_GRANTS
from portal.organisations.models import AccessGrant
from portal.problems import BadInput, Conflict, Forbidden, NotFound
from portal.services import Services
from tests.portal.conftest import MakeUser
from tests.portal.organisations.conftest import Company, acting, actor_of, put


@pytest.fixture
def owner(make_user: MakeUser) -> Actor:
    return actor_of(make_user(name="物主"))


@pytest.fixture
def deposit(services: Services, owner: Actor) -> Deposit:
    return put(services, owner)


def opens(services: Services, actor: Actor, deposit: Deposit) -> bool:
    try:
        services.deposits.get(actor, deposit.id)
    except NotFound:
        return False
    return True


def test_given_found_and_taken_back(
    services: Services, owner: Actor, deposit: Deposit, make_user: MakeUser
) -> None:
    colleague, grants = make_user(email="li@example.com"), services.organisations.grants
    reader = actor_of(colleague)
    assert not opens(services, reader, deposit)
    grants.give(owner, deposit.id, " LI@example.com ", None)
    assert opens(services, reader, deposit)
    (shared,) = grants.shared(reader)
    assert (shared.deposit.id, shared.giver, shared.until) == (deposit.id, "物主", None)
    assert services.deposits.page(reader).items == ()  # found apart from one's own
    (given,) = grants.holders(owner, deposit.id)
    assert (given.email, given.giver) == ("li@example.com", "物主")
    grants.take_back(owner, deposit.id, given.id)
    assert not opens(services, reader, deposit)
    assert (grants.shared(reader), grants.holders(owner, deposit.id)) == ([], [])
    log = services.deposits.custody(owner, deposit.id)
    assert [each.action for each in log][1:] == ["access.given", "access.taken_back"]
    assert all('"to":"l**@example.com"' in each.detail for each in log[1:])
    with services.database.reading() as session:
        (mail,) = session.scalars(select(OutboxMail))
    assert deposit.number in mail.subject


def test_it_ends_by_itself(
    services: Services, owner: Actor, deposit: Deposit, make_user: MakeUser
) -> None:
    colleague, grants = make_user(), services.organisations.grants
    now = datetime.now(UTC)
    grants.give(owner, deposit.id, colleague.email, now + timedelta(hours=1))
    assert opens(services, actor_of(colleague), deposit)
    with services.database.transaction() as session:
        session.execute(update(AccessGrant).values(until=now - timedelta(seconds=1)))
    assert not opens(services, actor_of(colleague), deposit)
    assert (grants.shared(actor_of(colleague)), grants.holders(owner, deposit.id)) == ([], [])
    grants.give(owner, deposit.id, colleague.email, None)  # and may be given again
    assert opens(services, actor_of(colleague), deposit)


def test_reading_does_not_hand_on(
    services: Services, owner: Actor, deposit: Deposit, make_user: MakeUser
) -> None:
    colleague, third = make_user(), make_user()
    grants = services.organisations.grants
    grants.give(owner, deposit.id, colleague.email, None)
    (given,) = grants.holders(owner, deposit.id)
    reader = actor_of(colleague)
    for attempt in (
        lambda: grants.give(reader, deposit.id, third.email, None),
        lambda: grants.holders(reader, deposit.id),
        lambda: grants.take_back(reader, deposit.id, given.id),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert not grants.may_change(reader, deposit.id)
    assert not opens(services, actor_of(third), deposit)


def test_strangers_and_other_peoples_grants(
    services: Services, owner: Actor, deposit: Deposit, make_user: MakeUser
) -> None:
    grants, stranger = services.organisations.grants, actor_of(make_user())
    own = put(services, stranger)
    grants.give(owner, deposit.id, make_user().email, None)
    (given,) = grants.holders(owner, deposit.id)
    for deposit_id in (deposit.id, "made-up"):
        for attempt in (
            lambda one: grants.give(stranger, one, owner.name, None),
            lambda one: grants.give(stranger, one, make_user().email, None),
            lambda one: grants.holders(stranger, one),
            lambda one: grants.take_back(stranger, one, given.id),
        ):
            with pytest.raises((NotFound, BadInput)) as caught:
                attempt(deposit_id)
            assert caught.value.code in ("deposit_not_found", "email")
    with pytest.raises(NotFound) as caught:  # a real grant under a deposit of one's own
        grants.take_back(stranger, own.id, given.id)
    assert caught.value.code == "grant_not_found"
    assert len(grants.holders(owner, deposit.id)) == 1


def test_what_cannot_be_given(
    services: Services, owner: Actor, deposit: Deposit, make_user: MakeUser
) -> None:
    grants, colleague = services.organisations.grants, make_user()
    with pytest.raises(BadInput) as caught:
        grants.give(owner, deposit.id, "nobody@example.com", None)
    assert caught.value.code == "no_such_person"
    with pytest.raises(BadInput):
        grants.give(owner, deposit.id, colleague.email, datetime.now(UTC))
    grants.give(owner, deposit.id, colleague.email, None)
    with pytest.raises(Conflict):
        grants.give(owner, deposit.id, colleague.email, None)
    with services.database.transaction() as session:
        session.add_all(
            AccessGrant(
                deposit_id=deposit.id,
                user_id=colleague.id,
                granted_by=owner.id,
                created_at=datetime.now(UTC),
            )
            for _ in range(MAX_GRANTS)
        )
    with pytest.raises(Conflict) as full:
        grants.give(owner, deposit.id, make_user().email, None)
    assert full.value.code == "too_many_grants"


def test_of_an_organisations_deposit(
    services: Services, company: Company, make_user: MakeUser
) -> None:
    grants, guest = services.organisations.grants, make_user()
    made = put(services, acting(services, company.member, company.id))
    with pytest.raises(Forbidden):
        grants.give(actor_of(company.reader), made.id, guest.email, None)
    grants.give(acting(services, company.member, company.id), made.id, guest.email, None)
    assert opens(services, actor_of(guest), made)
    (given,) = grants.holders(actor_of(company.manager), made.id)
    grants.take_back(actor_of(company.manager), made.id, given.id)
    assert not opens(services, actor_of(guest), made)
