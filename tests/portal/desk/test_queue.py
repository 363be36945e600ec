"""The queue's order and views, what surrounds it, and the worker's reminders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.certificates.models import NotaryKey
from portal.checks.models import Check
from portal.deposits.models import Deposit
from portal.desk.queue import PAGE, QueueFilter
from portal.desk.service import DeskService
from portal.draws.models import Draw
from portal.matters.models import Matter, MatterState
from portal.matters.service import MatterService
from portal.problems import Forbidden
from portal.services import Services
from tests.portal.deposits.conftest import MovableClock
from tests.portal.desk.conftest import Office


def _ids(desk: DeskService, who: Actor, **wanted: object) -> list[str]:
    page = desk.queue(who, QueueFilter(**wanted))  # type: ignore[arg-type]
    return [row.id for row in page.rows]


def test_what_is_due_first_stands_first(
    desk: DeskService, office: Office, li: Actor, clock: MovableClock
) -> None:
    made = [office.submitted() for _ in range(4)]
    for matter_id in made[:3]:
        desk.take(li, matter_id)
        desk.accept(li, matter_id, "500 元")
        clock.forward(days=2)
    desk.pause(li, made[0], "verification", "核实")
    paused, first, second, undecided = made

    assert _ids(desk, li) == [first, second, undecided, paused]


def test_views_hold_what_they_say(
    desk: DeskService,
    office: Office,
    matters: MatterService,
    li: Actor,
    zhao: Actor,
    auditor: Actor,
    clock: MovableClock,
) -> None:
    mine, others, loose, refused = (office.submitted() for _ in range(4))
    for who, matter_id in ((li, mine), (zhao, others), (li, refused)):
        desk.take(who, matter_id)
    desk.accept(li, mine, "500 元")
    desk.ask_material(zhao, others, "other", "营业执照")
    desk.refuse(li, refused, "immoral", "违背公序良俗")
    clock.forward(days=30)

    assert _ids(desk, li, view="mine") == [mine]
    assert _ids(desk, li, view="unassigned") == [loose]
    assert _ids(desk, li, view="waiting") == [others]
    assert _ids(desk, li, view="overdue") == [mine]
    assert _ids(desk, li, view="ended") == [refused]
    assert _ids(desk, auditor, view="mine") == []
    found = desk.queue(li)
    assert found.counts == {
        "open": 3,
        "mine": 1,
        "unassigned": 1,
        "waiting": 1,
        "paused": 0,
        "overdue": 1,
        "ended": 1,
    }
    matters.post(office.applicant, mine, "请问进度？")
    assert {row.id: row.unread for row in desk.queue(li).rows}[mine] == 1
    matters.messages(li, mine)
    assert {row.id: row.unread for row in desk.queue(li).rows}[mine] == 0


def test_drafts_are_never_in_it_and_strangers_never_see_it(
    desk: DeskService, office: Office, li: Actor
) -> None:
    office.draft()

    assert _ids(desk, li) == []
    with pytest.raises(Forbidden):
        desk.queue(office.applicant)


def test_filters_and_pages(
    desk: DeskService, office: Office, services: Services, li: Actor
) -> None:
    first = office.row(office.submitted())
    now = datetime.now(UTC)
    with services.database.transaction() as session:
        for number in range(PAGE):
            session.add(
                Matter(
                    number=f"MA20990101-{number:08d}",
                    owner_id=first.owner_id,
                    deposit_id=first.deposit_id,
                    template="draw",
                    state=MatterState.SUBMITTED,
                    created_at=now,
                    changed_at=now,
                    submitted_at=now + timedelta(minutes=number),
                )
            )

    page = desk.queue(li)
    assert (len(page.rows), page.total, page.pages) == (PAGE, PAGE + 1, 2)
    assert len(desk.queue(li, QueueFilter(page=2)).rows) == 1
    assert desk.queue(li, QueueFilter(page=99)).page == 2
    assert _ids(desk, li, template="preservation") == [first.id]
    assert _ids(desk, li, text=first.number[-5:].lower()) == [first.id]
    assert _ids(desk, li, text="张") == [first.id]
    assert _ids(desk, li, text="%") == []


def test_notaries_are_reminded_once_before_and_once_after(
    desk: DeskService, office: Office, li_user: User, accepted: str, clock: MovableClock
) -> None:
    def reminded() -> list[str]:
        return [subject for subject in office.mails(li_user) if "due" in subject]

    assert desk.housekeeping() == 0
    clock.forward(days=18)  # three working days, or fewer, are left
    assert desk.housekeeping() == 1
    assert desk.housekeeping() == 0
    assert len(reminded()) == 1
    clock.forward(days=7)
    assert desk.housekeeping() == 1
    assert desk.housekeeping() == 0
    assert len(reminded()) == 2
    assert "overdue" in reminded()[-1]
    assert office.acts(accepted).count("reminded") == 2


def test_a_last_day_that_moved_is_reminded_of_anew_and_a_paused_one_not(
    desk: DeskService, office: Office, li: Actor, accepted: str, clock: MovableClock
) -> None:
    clock.forward(days=18)
    assert desk.housekeeping() == 1
    desk.pause(li, accepted, "supplement", "等待")
    clock.forward(days=28)
    assert desk.housekeeping() == 0
    desk.resume(li, accepted)
    assert desk.housekeeping() == 1


def test_what_is_nobodys_everybody_is_reminded_of(
    desk: DeskService,
    office: Office,
    li: Actor,
    li_user: User,
    zhao_user: User,
    accepted: str,
    clock: MovableClock,
) -> None:
    desk.release(li, accepted, "调离")
    clock.forward(days=18)
    desk.housekeeping()

    for user in (li_user, zhao_user):
        assert any("due" in subject for subject in office.mails(user))


def test_last_days_that_a_change_of_the_calendar_missed_are_mended(
    desk: DeskService, office: Office, accepted: str
) -> None:
    due = office.row(accepted).due_on
    assert due is not None
    office.change(accepted, due_on=due + timedelta(days=3))

    desk.housekeeping()

    assert office.row(accepted).due_on == due


def test_what_surrounds_the_queue(
    desk: DeskService,
    office: Office,
    services: Services,
    li: Actor,
    accepted: str,
    clock: MovableClock,
) -> None:
    assert desk.around().quiet
    now = datetime.now(UTC)
    row = office.row(accepted)
    with services.database.transaction() as session:
        session.add(
            NotaryKey(
                notary_id=li.id,
                kind="office",
                certificate=b"",
                fingerprint="f",
                holder="李公证",
                not_before=now,
                not_after=now + timedelta(days=20),
                created_at=now,
            )
        )
        session.add(
            Check(
                matter_id=accepted,
                n=1,
                revision=row.revision,
                state="failed",
                trouble="The vault cannot be read.",
                next_attempt_at=now,
                begun_by=li.id,
                begun_at=now,
            )
        )
        for hours, title in ((1, "今日抽奖"), (72, "下周抽奖")):
            session.add(
                Draw(
                    owner_id=row.owner_id,
                    actor="{}",
                    title_zh=title,
                    title_en="",
                    plan="{}",
                    state="running",
                    next_attempt_at=now,
                    created_at=now,
                    changed_at=now,
                    draw_at=datetime.combine(
                        desk.today, datetime.min.time(), services.settings.zone
                    )
                    + timedelta(hours=hours),
                )
            )
        deposit = session.get_one(Deposit, row.deposit_id)
        deposit.state, deposit.wait_reason = "received", "tsa-timeout"

    found = desk.around()

    assert [each.title_zh for each in found.draws] == ["今日抽奖"]
    assert [(each.notary, each.days) for each in found.keys] == [("李公证", 19)]
    assert [(each.matter_id, each.what) for each in found.troubles] == [(accepted, "check")]
    assert [each.reason for each in found.backlog] == ["tsa-timeout"]
    assert not found.quiet


def test_the_timeline_names_who_did_what_in_which_role(
    desk: DeskService, matters: MatterService, office: Office, li: Actor, accepted: str
) -> None:
    matters.particulars(li, accepted, office.party(accepted))

    entries = desk.timeline(li, accepted)

    last = entries[-1]
    assert (last.action, last.who) == ("matter.particulars_read", "李公证")
    assert "notary" in last.roles
    assert last.at.tzinfo is not None
    assert [each.action for each in entries][-3:] == [
        "matter.taken",
        "matter.accepted",
        "matter.particulars_read",
    ]
