"""Deposits into cases and out of them, and their tags: all of what was asked, or nothing."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.audit.actor import Actor
from portal.audit.service import entries_for
from portal.cases.filing import MOST_AT_ONCE
from portal.cases.models import Case
from portal.cases.service import CaseFields, CaseService
from portal.deposits.service import DepositService
from portal.problems import BadInput, Conflict, Forbidden, NotFound
from portal.services import Services
from tests.portal.cases.conftest import acting, organisation_with, put


def standing(cases: CaseService, actor: Actor, case: Case) -> set[str]:
    return {each.id for each in cases.deposits(actor, case.id).items}


def test_in_to_another_and_back_again(
    cases: CaseService, actor: Actor, case: Case, deposits: DepositService, services: Services
) -> None:
    other = cases.create(actor, CaseFields("另案"))
    ids = [put(deposits, actor).id for _ in range(3)]
    assert cases.filing.move(actor, ids, case.id) == 3
    assert cases.filing.move(actor, ids, case.id) == 0
    assert cases.filing.move(actor, ids[:2], other.id) == 2
    assert standing(cases, actor, case) == {ids[2]}
    assert cases.filing.move(actor, ids[:2], case.id) == 2
    assert standing(cases, actor, case) == set(ids)
    assert cases.filing.move(actor, ids, None) == 3
    assert standing(cases, actor, case) == standing(cases, actor, other) == set()
    with services.database.reading() as session:
        about = [entry.action for entry in entries_for(session, f"deposit:{ids[0]}")]
        of_case = entries_for(session, case.subject)
    assert about.count("deposit.case_changed") == 4
    assert [json.loads(entry.detail).get("count") for entry in of_case] == [None, 3, 2, 2, 3]


def test_my_deposit_goes_into_no_case_of_others_and_theirs_into_none_of_mine(
    cases: CaseService, actor: Actor, stranger: Actor, case: Case, deposits: DepositService
) -> None:
    theirs = cases.create(stranger, CaseFields("别人的案件"))
    mine, other = put(deposits, actor).id, put(deposits, stranger).id
    for who, ids, into in (
        (actor, [mine], theirs.id),
        (actor, [other], case.id),
        (actor, [mine, other], case.id),
        (stranger, [mine], theirs.id),
        (actor, ["no-such-deposit"], case.id),
        (actor, [mine], "no-such-case"),
        (actor, [other], None),
    ):
        with pytest.raises(NotFound):
            cases.filing.move(who, ids, into)
    for words in ([other], [mine, other]):
        with pytest.raises(NotFound):
            cases.filing.add_tags(actor, words, ["x"])
    with pytest.raises(NotFound):
        cases.filing.tag(actor, other, ["x"])
    assert standing(cases, actor, case) == standing(cases, stranger, theirs) == set()
    assert cases.filing.tags([mine, other]) == {}


def test_case_and_deposit_have_the_same_holder(
    cases: CaseService, actor: Actor, case: Case, deposits: DepositService, services: Services
) -> None:
    manager = acting(actor, organisation_with(services, manager=actor), "manager")
    private, shared = put(deposits, actor), put(deposits, manager)
    common = cases.create(manager, CaseFields("机构案件"))
    for one, into in ((private, common), (shared, case)):
        with pytest.raises(Conflict, match="same person or organisation"):
            cases.filing.move(actor, [one.id], into.id)
    assert cases.filing.move(actor, [shared.id], common.id) == 1


def test_a_reader_of_the_organisation_changes_nothing(
    cases: CaseService, actor: Actor, stranger: Actor, deposits: DepositService, services: Services
) -> None:
    organisation = organisation_with(services, manager=actor, reader=stranger)
    manager = acting(actor, organisation, "manager")
    reader = acting(stranger, organisation, "reader")
    shared, common = put(deposits, manager), cases.create(manager, CaseFields("机构案件"))
    with pytest.raises(Forbidden):
        cases.filing.move(reader, [shared.id], common.id)
    with pytest.raises(Forbidden, match="may read these deposits"):
        cases.filing.tag(reader, shared.id, ["x"])
    labels = cases.filing.labels(reader, shared)
    assert labels is not None
    assert not labels.may_change


def test_order_is_the_holders_and_no_strangers_business(
    cases: CaseService, actor: Actor, stranger: Actor, deposits: DepositService
) -> None:
    deposit = put(deposits, actor)
    cases.filing.tag(actor, deposit.id, ["秘密策略"])
    assert cases.filing.labels(stranger, deposit) is None
    assert cases.filing.suggestions(stranger) == []


def test_a_closed_case_takes_and_gives_nothing(
    cases: CaseService, actor: Actor, case: Case, deposits: DepositService
) -> None:
    inside, outside = put(deposits, actor).id, put(deposits, actor).id
    cases.filing.move(actor, [inside], case.id)
    cases.close(actor, case.id)
    for ids, into in (([outside], case.id), ([inside], None)):
        with pytest.raises(Conflict, match="closed"):
            cases.filing.move(actor, ids, into)
    assert standing(cases, actor, case) == {inside}


def test_tags_are_given_added_and_suggested(
    cases: CaseService, actor: Actor, deposits: DepositService, services: Services
) -> None:
    one, two = put(deposits, actor).id, put(deposits, actor).id
    assert cases.filing.tag(actor, one, ["Contract", "合同", "CONTRACT"]) == ["Contract", "合同"]
    assert cases.filing.add_tags(actor, [one, two], ["contract", "urgent"]) == 2
    assert cases.filing.tags([one, two]) == {
        one: ["Contract", "urgent", "合同"],
        two: ["contract", "urgent"],
    }
    assert cases.filing.add_tags(actor, [one, two], ["URGENT"]) == 0
    assert set(cases.filing.suggestions(actor)) == {"contract", "urgent", "合同"}
    assert cases.filing.tag(actor, one, []) == []
    with services.database.reading() as session:
        last = entries_for(session, f"deposit:{one}")[-1]
    assert json.loads(last.detail) == {"removed": "Contract, urgent, 合同"}


def test_twenty_tags_and_not_one_more(
    cases: CaseService, actor: Actor, deposits: DepositService
) -> None:
    one, two = put(deposits, actor).id, put(deposits, actor).id
    cases.filing.tag(actor, one, [str(number) for number in range(20)])
    with pytest.raises(BadInput, match="at most 20 tags"):
        cases.filing.add_tags(actor, [two, one], ["another"])
    assert cases.filing.tags([two]) == {}


def test_case_and_tags_change_together_or_not_at_all(
    cases: CaseService, actor: Actor, case: Case, deposits: DepositService
) -> None:
    one, two = put(deposits, actor).id, put(deposits, actor).id
    cases.filing.place(actor, one, case.id, [str(number) for number in range(20)])
    with pytest.raises(BadInput, match="at most 20 tags"):
        cases.filing.place_many(actor, [one, two], None, ["another"])
    with pytest.raises(BadInput, match="at most 40 characters"):
        cases.filing.place(actor, one, None, ["x" * 41])
    with pytest.raises(NotFound):
        cases.filing.place(actor, two, "no-such-case", ["x"])
    assert standing(cases, actor, case) == {one}
    assert cases.filing.tags([two]) == {}
    cases.filing.place_many(actor, [two], case.id, ["another"])
    assert standing(cases, actor, case) == {one, two}


def test_a_bulk_action_is_bounded(cases: CaseService, actor: Actor, case: Case) -> None:
    ids = [str(number) for number in range(MOST_AT_ONCE + 1)]
    with pytest.raises(BadInput, match="At most 1000"):
        cases.filing.move(actor, ids, case.id)


def test_two_at_once_leave_each_deposit_in_one_case(
    cases: CaseService, actor: Actor, case: Case, deposits: DepositService
) -> None:
    other = cases.create(actor, CaseFields("另案"))
    ids = [put(deposits, actor).id for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        targets = [case.id, other.id] * 4
        list(pool.map(lambda into: cases.filing.place_many(actor, ids, into, ["一起"]), targets))
    assert cases.filing.suggestions(actor) == ["一起"]
    here, there = standing(cases, actor, case), standing(cases, actor, other)
    assert here | there == set(ids)
    assert here & there == set()
