"""Cases: made, found, changed and closed by those they belong to, and by nobody else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.audit.actor import Actor
from portal.audit.service import entries_for, verify_chain
from portal.cases.models import Case, CaseState
from portal.cases.service import CaseFields, CaseFilter, CaseService
from portal.problems import BadInput, Conflict, Forbidden, NotFound
from portal.services import Services
from tests.portal.cases.conftest import acting, organisation_with


def acts(services: Services, subject: str) -> list[str]:
    with services.database.reading() as session:
        return [entry.action for entry in entries_for(session, subject)]


def test_every_change_is_a_custody_entry(
    cases: CaseService, actor: Actor, case: Case, services: Services
) -> None:
    cases.change(actor, case.id, CaseFields("另一名称", case.reference, "备注"))
    cases.change(actor, case.id, CaseFields("另一名称", case.reference, "备注"))
    cases.add_note(actor, case.id, "第一次通话")
    cases.close(actor, case.id)
    cases.close(actor, case.id)
    cases.reopen(actor, case.id)
    expected = "created changed noted closed reopened"
    assert acts(services, case.subject) == [f"case.{act}" for act in expected.split()]
    with services.database.reading() as session:
        assert verify_chain(session).ok
        changed = entries_for(session, case.subject)[1]
    assert changed.detail == '{"fields":"title note"}'


def test_a_closed_case_changes_no_more(cases: CaseService, actor: Actor, case: Case) -> None:
    closed = cases.close(actor, case.id)
    assert closed.closed_at is not None
    for attempt in (
        lambda: cases.change(actor, case.id, CaseFields("x")),
        lambda: cases.add_note(actor, case.id, "x"),
    ):
        with pytest.raises(Conflict, match="closed; reopen it first"):
            attempt()
    assert cases.reopen(actor, case.id).closed_at is None


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": ""}, "title"),
        ({"title": " \n "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"title": "\ud800"}, "title"),
        ({"title": "x", "reference": "y" * 101}, "reference"),
        ({"title": "x", "note": "z" * 4001}, "note"),
    ],
)
def test_fields_out_of_bounds_are_named(fields: dict[str, str], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        CaseFields(**fields)
    assert refused.value.field == field


def test_text_is_kept_on_its_lines() -> None:
    fields = CaseFields("  two \n lines ", note=" a\r\nb ")
    assert (fields.title, fields.note) == ("two lines", "a\nb")


def test_search_state_and_pages_by_cursor(cases: CaseService, actor: Actor) -> None:
    made = [cases.create(actor, CaseFields(f"案件 {number}")) for number in range(7)]
    cases.close(actor, made[3].id)
    assert [row.case.id for row in cases.page(actor, CaseFilter("案件 5")).items] == [made[5].id]
    closed = cases.page(actor, CaseFilter(state=CaseState.CLOSED))
    assert [row.case.id for row in closed.items] == [made[3].id]
    assert not cases.page(actor, CaseFilter("100%_")).items
    seen, cursor = [], None
    for _ in range(4):
        page = cases.page(actor, None, cursor, 2)
        seen += [row.case.id for row in page.items]
        cursor = page.cursor
    assert seen == [each.id for each in reversed(made)]
    assert cursor is None


@pytest.mark.parametrize("cursor", ["x", "", "4pyT", "MjAyNi0wMS0wMSB4"])
def test_a_cursor_that_no_page_gave(cases: CaseService, actor: Actor, cursor: str) -> None:
    with pytest.raises(BadInput, match="not one that a page gave"):
        cases.page(actor, None, cursor)


def test_somebody_elses_case_is_not_found(
    cases: CaseService, actor: Actor, stranger: Actor, case: Case, services: Services
) -> None:
    attempts: list[Callable[[Actor, str], object]] = [
        cases.get,
        cases.close,
        cases.reopen,
        cases.deposits,
        cases.size,
        lambda who, key: cases.change(who, key, CaseFields("mine now")),
        lambda who, key: cases.add_note(who, key, "I was here"),
    ]
    before = acts(services, case.subject)
    for attempt in attempts:
        for who, key in ((stranger, case.id), (actor, "no-such-case"), (Actor.nobody(), case.id)):
            with pytest.raises(NotFound, match="There is no such case"):
                attempt(who, key)
    assert not cases.page(stranger).items
    assert acts(services, case.subject) == before
    assert cases.get(actor, case.id).title == case.title


def test_an_organisations_case_belongs_to_its_members(
    cases: CaseService, actor: Actor, stranger: Actor, services: Services
) -> None:
    organisation = organisation_with(services, manager=actor, reader=stranger)
    manager = acting(actor, organisation, "manager")
    reader = acting(stranger, organisation, "reader")
    shared = cases.create(manager, CaseFields("机构案件"))
    private = cases.create(actor, CaseFields("自己的案件"))
    assert [row.case.id for row in cases.page(manager).items] == [shared.id]
    assert [row.case.id for row in cases.page(actor).items] == [private.id]
    assert cases.get(reader, shared.id).id == shared.id
    assert not cases.may_change(reader, shared)
    for attempt in (
        lambda: cases.create(reader, CaseFields("x")),
        lambda: cases.change(reader, shared.id, CaseFields("x")),
        lambda: cases.close(reader, shared.id),
        lambda: cases.add_note(reader, shared.id, "x"),
    ):
        with pytest.raises(Forbidden, match="may read"):
            attempt()
    with pytest.raises(NotFound):
        cases.get(reader, private.id)


def test_a_program_of_an_organisation_sees_nothing_private(
    cases: CaseService, actor: Actor, case: Case, services: Services
) -> None:
    import dataclasses

    organisation = organisation_with(services, manager=actor)
    program = dataclasses.replace(acting(actor, organisation, "manager"), via="api")
    with pytest.raises(NotFound):
        cases.get(program, case.id)
