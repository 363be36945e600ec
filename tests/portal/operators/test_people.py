"""Somebody who can administer always remains, whoever acts at the same moment."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.accounts.administration import Administration
from portal.problems import BadInput, Conflict, NotFound
from portal.services import Services
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import actor_of


@pytest.fixture
def people(services: Services) -> Administration:
    return services.operators.people


def test_two_who_remove_each_other_leave_one(people: Administration, make_user: MakeUser) -> None:
    first, second = make_user("administrator"), make_user("administrator")

    def remove(pair: tuple[object, object]) -> bool:
        actor, other = pair
        try:
            people.set_roles(actor_of(actor), other.id, ["depositor"])  # type: ignore[arg-type, attr-defined]
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(remove, [(first, second), (second, first)]))
    assert sorted(done) == [False, True]
    assert people.search(role="administrator").total == 1


def test_a_closed_administrator_does_not_count(people: Administration, make_user: MakeUser) -> None:
    first, second = make_user("administrator"), make_user("administrator")
    people.close(actor_of(first), second.id)
    with pytest.raises(Conflict, match="last administrator"):
        people.set_roles(actor_of(first), first.id, ["depositor"])
    people.set_roles(actor_of(first), second.id, ["depositor"])
    people.reopen(actor_of(first), second.id)
    assert people.person(second.id).active


def test_ones_own_account_is_not_closed(people: Administration, make_user: MakeUser) -> None:
    make_user("administrator")
    oneself = make_user("administrator")
    with pytest.raises(Conflict):
        people.close(actor_of(oneself), oneself.id)


def test_nobody_and_no_such_role(people: Administration, make_user: MakeUser) -> None:
    actor = actor_of(make_user("administrator"))
    for act in (people.close, people.reopen, people.demand_password, people.sign_out):
        with pytest.raises(NotFound):
            act(actor, "none")
    with pytest.raises(BadInput):
        people.set_roles(actor, actor.id, ["emperor"])


def test_pages_of_people(people: Administration, make_user: MakeUser) -> None:
    for number in range(32):
        make_user(name=f"Page {number:02}")
    first, second = people.search("page "), people.search("PAGE ", page=2)
    assert (first.total, first.pages, len(first.items), len(second.items)) == (32, 2, 30, 2)
    assert not {each.id for each in first.items} & {each.id for each in second.items}
    assert people.search("%").total == 0
    assert people.search("x\x00y", page=10**9).items == ()
