"""The office's calendar: changing it, what that moves, and taking it back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from portal.audit.actor import Actor
from portal.desk.service import DeskService
from portal.problems import BadInput, Conflict, Forbidden, NotFound
from tests.portal.desk.conftest import Office

_NATIONAL = date(2026, 10, 1)


def test_a_day_is_set_and_set_back_without_a_trace_in_the_table(
    desk: DeskService, office: Office, li: Actor
) -> None:
    change = desk.days.set(li, _NATIONAL, False, "国庆节")
    listed = desk.days.year(li, 2026)[_NATIONAL]
    assert (listed.working, listed.note) == (False, "国庆节")
    assert desk.days.set(li, _NATIONAL, False, "国庆节") == ""  # it stands so already
    desk.days.set(li, _NATIONAL, True, "")

    assert desk.days.year(li, 2026) == {}
    (entry,) = office.entries(f"calendar:{change}")
    assert '"before":""' in entry.detail
    assert '"now":"off"' in entry.detail


def test_a_list_is_one_change_and_undone_as_one(desk: DeskService, li: Actor) -> None:
    desk.days.set(li, _NATIONAL, False, "国庆")
    change, count = desk.days.take(
        li, "2026-10-01,off,国庆节\n2026-10-02,off,国庆节\n2026-10-10,working".encode()
    )
    assert count == 3
    newest = desk.days.changes(li)[0]
    assert (newest.id, newest.days, newest.first, newest.last) == (
        change,
        3,
        _NATIONAL,
        date(2026, 10, 10),
    )

    again = desk.days.undo(li, change)

    assert {day: each.note for day, each in desk.days.year(li, 2026).items()} == {_NATIONAL: "国庆"}
    desk.days.undo(li, again)  # undoing the undoing
    assert len(desk.days.year(li, 2026)) == 3


def test_a_change_over_which_another_went_is_not_undone(desk: DeskService, li: Actor) -> None:
    first = desk.days.set(li, _NATIONAL, False, "国庆节")
    desk.days.set(li, _NATIONAL, False, "国庆节（调整）")

    with pytest.raises(Conflict) as refused:
        desk.days.undo(li, first)
    assert "2026-10-01" in str(refused.value)


def test_last_days_follow_the_calendar(
    desk: DeskService, office: Office, li: Actor, accepted: str
) -> None:
    due = office.row(accepted).due_on
    assert due is not None

    change = desk.days.set(li, due, False, "停电")
    moved = office.row(accepted).due_on
    assert moved is not None
    assert moved > due
    assert office.acts(accepted)[-1] == "due_moved"
    desk.days.undo(li, change)
    assert office.row(accepted).due_on == due


def test_a_pause_that_is_open_stays_without_a_last_day(
    desk: DeskService, office: Office, li: Actor, accepted: str
) -> None:
    due = office.row(accepted).due_on
    assert due is not None
    desk.pause(li, accepted, "verification", "核实")

    desk.days.set(li, due, False, "停电")

    assert office.row(accepted).due_on is None


def test_only_notaries_change_it_and_auditors_look(
    desk: DeskService, office: Office, li: Actor, auditor: Actor
) -> None:
    change = desk.days.set(li, _NATIONAL, False, "国庆节")
    assert desk.days.year(auditor, 2026)
    for who in (auditor, office.applicant):
        with pytest.raises(Forbidden):
            desk.days.set(who, _NATIONAL, True, "")
        with pytest.raises(Forbidden):
            desk.days.take(who, b"2026-10-02,off")
        with pytest.raises(Forbidden):
            desk.days.undo(who, change)
    with pytest.raises(Forbidden):
        desk.days.year(office.applicant, 2026)


def test_bad_days_and_notes_change_nothing(desk: DeskService, li: Actor) -> None:
    with pytest.raises(BadInput):
        desk.days.set(li, date(1999, 12, 31), False, "")
    with pytest.raises(BadInput):
        desk.days.set(li, _NATIONAL, False, "x" * 101)
    with pytest.raises(BadInput):
        desk.days.take(li, b"2026-10-01,off\n2026-99-01,off")
    with pytest.raises(NotFound):
        desk.days.undo(li, "nothing")
    assert desk.days.year(li, 2026) == {}
    assert desk.days.changes(li) == []


def test_a_day_said_like_its_weekday_but_with_a_note_keeps_the_note(
    desk: DeskService, li: Actor
) -> None:
    monday = date(2026, 10, 12)
    desk.days.set(li, monday, True, "照常上班")

    assert desk.days.year(li, 2026)[monday].note == "照常上班"
    assert desk.days.year(li, 2026)[monday].working
    assert monday + timedelta(days=1) not in desk.days.year(li, 2026)
