"""Roles, removal, leaving: an organisation always keeps a manager."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.accounts.keys import authenticate_api_key
from portal.accounts.models import User
from portal.organisations.particulars import Particulars
from portal.problems import BadInput, Conflict, Forbidden, NotFound, PortalError, Unauthenticated
from portal.services import Services
from tests.portal.conftest import MakeUser
from tests.portal.organisations.conftest import Company, actor_of


def roles(services: Services, company: Company) -> dict[str, str]:
    members = services.organisations.members.everybody(actor_of(company.manager), company.id)
    return {each.user_id: each.role for each in members}


def test_addresses_are_for_managers(services: Services, company: Company) -> None:
    members = services.organisations.members
    shown = members.everybody(actor_of(company.manager), company.id)
    assert {each.email for each in shown} == {each.email for each in company.people().values()}
    for user in (company.member, company.reader):
        assert {each.email for each in members.everybody(actor_of(user), company.id)} == {""}


def test_a_manager_changes_roles(services: Services, company: Company) -> None:
    members, boss = services.organisations.members, actor_of(company.manager)
    members.change_role(boss, company.id, company.reader.id, "manager")
    assert roles(services, company)[company.reader.id] == "manager"
    members.change_role(actor_of(company.reader), company.id, company.manager.id, "reader")
    assert roles(services, company)[company.manager.id] == "reader"
    history = services.organisations.history(actor_of(company.reader), company.id)
    assert history[-1].action == "organisation.role_changed"
    assert '"after":"reader","before":"manager"' in history[-1].detail


@pytest.mark.parametrize("role", ["administrator", "owner", "", "Manager", "manager ", "\x00"])
def test_there_are_no_other_roles(services: Services, company: Company, role: str) -> None:
    with pytest.raises(BadInput):
        services.organisations.members.change_role(
            actor_of(company.manager), company.id, company.member.id, role
        )


def test_nobody_else_changes_anything(services: Services, company: Company) -> None:
    before, members = roles(services, company), services.organisations.members
    for user in (company.member, company.reader):
        actor = actor_of(user)
        with pytest.raises(Forbidden):
            members.change_role(actor, company.id, user.id, "manager")
        with pytest.raises(Forbidden):
            members.remove(actor, company.id, company.manager.id)
        with pytest.raises(Forbidden):
            services.organisations.invitations.invite(actor, company.id, "a@example.com", "reader")
        with pytest.raises(Forbidden):
            services.organisations.keys.create(actor, company.id, "key", ("read",), 30)
    assert roles(services, company) == before


def test_the_last_manager_stays(services: Services, company: Company) -> None:
    members, boss = services.organisations.members, actor_of(company.manager)
    attempts: tuple[Callable[[], None], ...] = (
        lambda: members.leave(boss, company.id),
        lambda: members.remove(boss, company.id, boss.id),
        lambda: members.change_role(boss, company.id, boss.id, "member"),
    )
    for attempt in attempts:
        with pytest.raises(Conflict) as caught:
            attempt()
        assert caught.value.code == "last_manager"
    members.change_role(boss, company.id, company.member.id, "manager")
    members.leave(boss, company.id)
    assert services.organisations.mine(boss) == []


def test_a_closed_account_is_no_manager_that_stays(services: Services, company: Company) -> None:
    members, boss = services.organisations.members, actor_of(company.manager)
    members.change_role(boss, company.id, company.member.id, "manager")
    with services.database.transaction() as session:
        session.get_one(User, company.member.id).active = False
    with pytest.raises(Conflict, match="manager"):
        members.change_role(boss, company.id, company.manager.id, "reader")
    members.remove(boss, company.id, company.member.id)


def test_two_managers_leaving_at_once_leave_one_behind(
    services: Services, company: Company
) -> None:
    members = services.organisations.members
    members.change_role(actor_of(company.manager), company.id, company.member.id, "manager")

    def leave(user: User) -> str:
        try:
            members.leave(actor_of(user), company.id)
        except PortalError as error:
            return error.code
        return "left"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(leave, (company.manager, company.member)))
    assert outcomes == ["last_manager", "left"]
    shown = services.organisations.members.everybody(actor_of(company.reader), company.id)
    assert [each.role for each in shown].count("manager") == 1


def test_who_is_removed_leaves_no_key_behind(services: Services, company: Company) -> None:
    members, boss = services.organisations.members, actor_of(company.manager)
    members.change_role(boss, company.id, company.member.id, "manager")
    plain = services.organisations.keys.create(
        actor_of(company.member), company.id, "backup", ("read", "write"), 30
    )
    assert authenticate_api_key(services.database, plain).organisation_id == company.id
    members.remove(boss, company.id, company.member.id)
    with pytest.raises(Unauthenticated):
        authenticate_api_key(services.database, plain)
    with pytest.raises(NotFound):
        members.remove(boss, company.id, company.member.id)
    last = services.organisations.history(boss, company.id)[-1]
    assert '"keys_revoked":1' in last.detail


def test_people_of_another_organisation_are_no_members(
    services: Services, company: Company, make_user: MakeUser
) -> None:
    stranger = make_user()
    for user_id in (stranger.id, "made-up"):
        with pytest.raises(NotFound) as caught:
            services.organisations.members.change_role(
                actor_of(company.manager), company.id, user_id, "manager"
            )
        assert caught.value.code == "member_not_found"


def test_any_manager_revokes_any_key_and_only_of_their_own(
    services: Services, company: Company, make_user: MakeUser
) -> None:
    keys, members = services.organisations.keys, services.organisations.members
    boss, second = actor_of(company.manager), actor_of(company.member)
    members.change_role(boss, company.id, second.id, "manager")
    plain = keys.create(boss, company.id, "backup", ("read",), 30)
    (made,) = keys.made(second, company.id)
    assert (made.key.name, made.maker) == ("backup", "管经理")
    other = services.organisations.create(actor_of(company.reader), Particulars("乙公司", ""))
    with pytest.raises(NotFound):
        keys.revoke(actor_of(company.reader), other.id, made.key.id)
    keys.revoke(second, company.id, made.key.id)
    keys.revoke(second, company.id, made.key.id)
    with pytest.raises(Unauthenticated):
        authenticate_api_key(services.database, plain)
