"""What the office does with a matter, and what it must not do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from datetime import date

import pytest
from sqlalchemy import select

from portal.accounts.models import User
from portal.audit.actor import Actor
from portal.desk.service import DeskService
from portal.matters.models import MatterAssignment, MatterConflict, MatterPause, MatterState
from portal.matters.service import MatterService
from portal.problems import BadInput, Conflict, Forbidden, NotFound, PortalError
from portal.services import Services
from tests.portal.cases.conftest import acting, organisation_with
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import MovableClock, actor_of
from tests.portal.desk.conftest import Office

ACTS = {
    "take": lambda desk, who, matter: desk.take(who, matter),
    "assign": lambda desk, who, matter: desk.assign(who, matter, who.id),
    "accept": lambda desk, who, matter: desk.accept(who, matter, "500 元"),
    "refuse": lambda desk, who, matter: desk.refuse(who, matter, "unlawful", "查证不实"),
    "pause": lambda desk, who, matter: desk.pause(who, matter, "supplement", "等待补充"),
    "resume": lambda desk, who, matter: desk.resume(who, matter),
    "release": lambda desk, who, matter: desk.release(who, matter, "出差"),
    "second": lambda desk, who, matter: desk.set_second(who, matter, True, "标的重大"),
    "keep_away": lambda desk, who, matter: desk.keep_away(who, matter, "系当事人近亲属"),
    "ask": lambda desk, who, matter: desk.ask_material(who, matter, "other", "营业执照"),
}


def refusals(
    desk: DeskService, who: Actor, matter_id: str, acts: Collection[str] = tuple(ACTS)
) -> set[tuple[type[PortalError], str]]:
    """How each of the acts is refused; none of them may be done."""
    found = set()
    for name in acts:
        with pytest.raises(PortalError) as refused:
            ACTS[name](desk, who, matter_id)
        found.add((type(refused.value), refused.value.code))
    return found


# -- The way of a matter ------------------------------------------------------------------------


def test_taken_and_accepted_the_clock_runs_and_the_applicant_is_told(
    office: Office, desk: DeskService, li: Actor, applicant: User
) -> None:
    matter_id = office.submitted()
    desk.take(li, matter_id)
    desk.accept(li, matter_id, "每件 500 元", seen=office.row(matter_id).revision)

    row, clock = office.row(matter_id), desk.clock(li, matter_id)
    assert (row.state, row.fee, row.second_needed) == (MatterState.ACCEPTED, "每件 500 元", False)
    assert row.due_on == clock.due_on
    assert (clock.used, clock.left) == (0, 15)
    assert office.acts(matter_id)[-2:] == ["taken", "accepted"]
    assert any("accepted" in subject for subject in office.mails(applicant))


def test_refusal_ends_it_with_the_ground_and_the_words(
    office: Office, desk: DeskService, li: Actor, taken: str, applicant: User
) -> None:
    desk.refuse(li, taken, "insufficient-material", "未能提供授权委托书。")

    row = office.row(taken)
    assert (row.state, row.ended_reason) == (MatterState.REFUSED, "insufficient-material")
    assert row.ended_note == "未能提供授权委托书。"
    assert row.ended_at is not None
    # The mail says that, and nothing of why: it is no letter under seal.
    assert not any("授权" in subject for subject in office.mails(applicant))


def test_a_pause_takes_its_days_away(
    office: Office, desk: DeskService, li: Actor, accepted: str, clock: MovableClock
) -> None:
    before = office.row(accepted).due_on
    desk.pause(li, accepted, "verification", "向登记机关核实")
    assert office.row(accepted).due_on is None
    assert desk.clock(li, accepted).paused

    clock.forward(days=14)
    desk.resume(li, accepted)

    after = office.row(accepted).due_on
    assert before is not None
    assert after is not None
    # Two weeks of five days; which days of the week today is does not matter.
    assert (after - before).days == 14
    assert desk.clock(li, accepted).used == 0
    assert office.acts(accepted)[-2:] == ["paused", "resumed"]


def test_refusing_ends_the_pause(
    office: Office, desk: DeskService, services: Services, li: Actor, accepted: str
) -> None:
    desk.pause(li, accepted, "supplement", "等待授权书")
    desk.refuse(li, accepted, "insufficient-material", "逾期未补充")

    with services.database.reading() as session:
        pause = session.scalars(select(MatterPause).filter_by(matter_id=accepted)).one()
    assert pause.ended_at is not None
    assert pause.ended_by == li.id


def test_material_is_accepted_sent_back_and_done_without(
    office: Office, desk: DeskService, matters: MatterService, li: Actor, taken: str
) -> None:
    material = office.materials(taken)[0].id

    desk.decide_material(li, taken, material, "accept")
    assert office.materials(taken)[0].state == "accepted"
    desk.decide_material(li, taken, material, "send_back", "照片不清晰")
    assert office.materials(taken)[0].state == "missing"
    desk.decide_material(li, taken, material, "waive", "已当面核对原件")
    assert (office.materials(taken)[0].state, office.materials(taken)[0].decided_by) == (
        "waived",
        li.id,
    )
    with pytest.raises(Conflict, match="moved on"):
        desk.decide_material(li, taken, material, "accept")


def test_asking_for_material_puts_it_on_the_list_and_may_stop_the_clock(
    office: Office, desk: DeskService, matters: MatterService, li: Actor, accepted: str
) -> None:
    party = office.party(accepted)
    desk.ask_material(li, accepted, "ownership", "著作权登记证书", party, stop=True)

    asked = matters.view(office.applicant, accepted).asked
    assert [(each.code, each.note) for each in asked] == [("ownership", "著作权登记证书")]
    assert desk.clock(li, accepted).paused
    assert desk.queue(li).rows[0].pause == "supplement"


def test_a_party_is_checked_and_not_after_all(
    office: Office, desk: DeskService, matters: MatterService, li: Actor, taken: str
) -> None:
    party = office.party(taken)
    desk.check_party(li, taken, party)
    assert matters.office_view(li, taken).parties[0].checked_at is not None
    desk.check_party(li, taken, party, checked=False)

    assert matters.office_view(li, taken).parties[0].checked_at is None
    assert office.acts(taken)[-2:] == ["party_checked", "party_unchecked"]


# -- Who handles it -----------------------------------------------------------------------------


def test_assigned_to_somebody_else_who_is_told(
    office: Office, desk: DeskService, li: Actor, zhao: Actor, zhao_user: User, taken: str
) -> None:
    desk.assign(li, taken, zhao.id, seen=li.id)

    assert desk.standing(zhao, taken).parts == {"first"}
    assert desk.standing(li, taken).parts == frozenset()
    assert any("is assigned to you" in subject for subject in office.mails(zhao_user))


def test_released_it_is_nobodys(office: Office, desk: DeskService, li: Actor, taken: str) -> None:
    desk.release(li, taken, "出差两周")

    assert desk.queue(li).counts["unassigned"] == 1
    with pytest.raises(Forbidden) as refused:
        desk.release(li, taken, "再次")
    assert refused.value.code == "not_assigned"


def test_whoever_comes_second_is_told_who_was_first(
    office: Office, desk: DeskService, li: Actor, zhao: Actor, taken: str
) -> None:
    with pytest.raises(Conflict) as late:
        desk.take(zhao, taken)

    assert late.value.code == "taken"
    assert str(late.value) == "李公证 has taken this matter; nothing was changed."
    desk.take(li, taken)  # a second click is no error
    with pytest.raises(Conflict):
        desk.assign(zhao, taken, zhao.id, seen="")


@pytest.mark.parametrize("act", ["take", "decide"])
def test_of_two_at_once_one_wins(
    office: Office, desk: DeskService, services: Services, li: Actor, zhao: Actor, act: str
) -> None:
    matter_id = office.submitted()
    if act == "decide":
        desk.take(li, matter_id)
    acts: Sequence[Callable[[], object]] = {
        "take": [lambda: desk.take(li, matter_id), lambda: desk.take(zhao, matter_id)],
        "decide": [
            lambda: desk.accept(li, matter_id, "500 元"),
            lambda: desk.refuse(li, matter_id, "disputed", "当事人有争议"),
        ],
    }[act]
    found: list[str] = []
    together = threading.Barrier(2)

    def go(do: Callable[[], object]) -> None:
        together.wait()
        try:
            do()
            found.append("done")
        except PortalError as error:
            found.append(error.code)

    threads = [threading.Thread(target=go, args=(each,)) for each in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    lost = {"take": "taken", "decide": "matter_moved_on"}
    if found[0] == "done" and found[1] == "done":  # accepted first, and refused after that
        assert office.row(matter_id).state == MatterState.REFUSED
    else:
        assert sorted(found) == sorted(["done", lost[act]])
    with services.database.reading() as session:
        held = session.scalars(
            select(MatterAssignment).filter_by(matter_id=matter_id, ended_at=None)
        ).all()
    assert len(held) == 1


def test_a_decision_on_what_has_changed_meanwhile_is_none(
    office: Office, desk: DeskService, li: Actor, taken: str
) -> None:
    seen = office.row(taken).revision
    office.change(taken, revision=seen + 1)

    with pytest.raises(Conflict) as stale:
        desk.accept(li, taken, "500 元", seen=seen)
    assert stale.value.code == "matter_changed"
    with pytest.raises(Conflict):
        desk.refuse(li, taken, "unlawful", "不实", seen=seen)


def test_a_second_notary_is_another_person(
    office: Office, desk: DeskService, li: Actor, zhao: Actor, taken: str
) -> None:
    with pytest.raises(Conflict) as none:
        desk.take(zhao, taken, "second")
    assert none.value.code == "second_not_needed"

    desk.set_second(li, taken, True, "涉外")
    with pytest.raises(Conflict) as same:
        desk.take(li, taken, "second")
    assert same.value.code == "same_notary"
    desk.take(zhao, taken, "second")
    assert desk.standing(zhao, taken).parts == {"second"}
    with pytest.raises(Forbidden):  # the second notary does not decide on acceptance
        desk.accept(zhao, taken, "500 元")
    desk.set_second(li, taken, False, "改为单人办理")
    assert desk.standing(zhao, taken).parts == frozenset()


@pytest.mark.parametrize(
    ("rule", "template", "needed"),
    [
        ("never", "draw", False),
        ("draws", "draw", True),
        ("draws", "web", False),
        ("always", "web", True),
    ],
)
def test_the_offices_rule_on_second_notaries(
    office: Office,
    desk: DeskService,
    services: Services,
    li: Actor,
    taken: str,
    monkeypatch: pytest.MonkeyPatch,
    rule: str,
    template: str,
    needed: bool,
) -> None:
    monkeypatch.setitem(services.settings.__dict__, "second_notary", rule)
    office.change(taken, template=template)

    desk.accept(li, taken, "500 元")

    assert office.row(taken).second_needed is needed


# -- Who must not act ---------------------------------------------------------------------------


def test_no_notary_acts_on_a_matter_of_their_own(
    office: Office, desk: DeskService, make_user: MakeUser
) -> None:
    both = actor_of(make_user("notary", "depositor", name="孙公证"))
    matter_id = office.submitted(both)

    assert refusals(desk, both, matter_id) == {(Forbidden, "own_matter")}
    assert desk.standing(both, matter_id).barred == "own_matter"


def test_no_notary_acts_for_an_organisation_they_belong_to(
    office: Office, desk: DeskService, services: Services, li: Actor, zhao: Actor
) -> None:
    organisation = organisation_with(services, manager=office.applicant, reader=li)
    matter_id = office.submitted(acting(office.applicant, organisation, "manager"))

    with pytest.raises(Forbidden) as refused:
        desk.take(li, matter_id)
    assert refused.value.code == "own_matter"
    with pytest.raises(BadInput) as assigned:
        desk.assign(zhao, matter_id, li.id)
    assert assigned.value.code == "own_matter"


def test_whoever_keeps_away_cannot_act(
    office: Office, desk: DeskService, li: Actor, taken: str
) -> None:
    desk.keep_away(li, taken, "系当事人近亲属")

    assert desk.standing(li, taken).barred == "keeps_away"
    assert refusals(desk, li, taken) == {(Forbidden, "keeps_away")}
    assert desk.queue(li).counts["unassigned"] == 1


def test_keeping_away_is_noted_of_others_as_well(
    office: Office, desk: DeskService, services: Services, li: Actor, zhao: Actor, taken: str
) -> None:
    desk.keep_away(zhao, taken, "与当事人有投资关系", li.id)

    with services.database.reading() as session:
        kept = session.get(MatterConflict, (taken, li.id))
    assert kept is not None
    assert kept.by == zhao.id
    assert [each.notary for each in desk.kept_away(zhao, taken)] == ["李公证"]
    with pytest.raises(Conflict):
        desk.keep_away(zhao, taken, "再次", li.id)
    with pytest.raises(BadInput) as assigned:
        desk.assign(zhao, taken, li.id)
    assert assigned.value.code == "keeps_away"


def test_auditors_and_applicants_act_on_nothing(
    office: Office, desk: DeskService, auditor: Actor, taken: str
) -> None:
    for who in (auditor, office.applicant):
        assert refusals(desk, who, taken) == {(NotFound, "matter_not_found")}


def test_drafts_are_nothing_to_the_office(office: Office, desk: DeskService, li: Actor) -> None:
    assert refusals(desk, li, office.draft()) == {(NotFound, "matter_not_found")}


def test_what_has_ended_is_not_acted_on(
    office: Office, desk: DeskService, li: Actor, taken: str
) -> None:
    desk.refuse(li, taken, "fee-refused", "拒绝缴费")

    assert refusals(desk, li, taken) == {(Conflict, "matter_moved_on")}


def test_what_is_somebody_elses_is_not_decided(
    office: Office, desk: DeskService, zhao: Actor, accepted: str
) -> None:
    own = ("refuse", "pause", "resume", "second", "ask", "release")

    assert refusals(desk, zhao, accepted, own) == {(Forbidden, "not_assigned")}
    assert refusals(desk, zhao, accepted, ("accept",)) == {(Conflict, "matter_moved_on")}


# -- Bad input ----------------------------------------------------------------------------------


def test_refusing_needs_a_ground_of_the_law_and_words(
    desk: DeskService, office: Office, li: Actor, taken: str
) -> None:
    for reason, note in (("", "不实"), ("other", "不实"), ("unlawful", " ")):
        with pytest.raises(BadInput):
            desk.refuse(li, taken, reason, note)
    assert office.row(taken).state == MatterState.SUBMITTED


def test_pausing_needs_a_reason_of_the_law_and_words(
    desk: DeskService, li: Actor, accepted: str
) -> None:
    for reason, note in (("", "等"), ("holiday", "等"), ("supplement", "")):
        with pytest.raises(BadInput):
            desk.pause(li, accepted, reason, note)


def test_the_clock_stands_once_and_goes_on_once(
    desk: DeskService, li: Actor, accepted: str
) -> None:
    with pytest.raises(Conflict) as runs:
        desk.resume(li, accepted)
    assert runs.value.code == "not_paused"
    desk.pause(li, accepted, "force-majeure", "台风停工")
    with pytest.raises(Conflict) as stands:
        desk.pause(li, accepted, "force-majeure", "台风停工")
    assert stands.value.code == "paused"
    with pytest.raises(Conflict):
        desk.ask_material(li, accepted, "other", "再补充", stop=True)


def test_only_notaries_are_assigned(
    desk: DeskService, li: Actor, auditor: Actor, office: Office, taken: str, services: Services
) -> None:
    for somebody in (auditor.id, office.applicant.id, "", "nobody"):
        with pytest.raises(BadInput) as refused:
            desk.assign(li, taken, somebody, seen=li.id)
        assert refused.value.code == "no_notary"
    with pytest.raises(BadInput):
        desk.assign(li, taken, li.id, part="third")


def test_words_and_kinds_are_asked_for(
    desk: DeskService, office: Office, li: Actor, taken: str
) -> None:
    material = office.materials(taken)[0].id
    for act in (
        lambda: desk.accept(li, taken, "  "),
        lambda: desk.release(li, taken, ""),
        lambda: desk.keep_away(li, taken, ""),
        lambda: desk.set_second(li, taken, True, ""),
        lambda: desk.ask_material(li, taken, "photograph", "照片"),
        lambda: desk.ask_material(li, taken, "other", ""),
        lambda: desk.decide_material(li, taken, material, "waive"),
        lambda: desk.decide_material(li, taken, material, "burn"),
    ):
        with pytest.raises(BadInput):
            act()
    for act in (
        lambda: desk.decide_material(li, taken, "other", "accept"),
        lambda: desk.check_party(li, taken, "other"),
        lambda: desk.ask_material(li, taken, "other", "照片", "other"),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(Conflict):
        desk.ask_material(li, taken, "other", "照片", stop=True)  # no clock runs yet


def test_material_of_another_matter_is_not_decided(
    desk: DeskService, office: Office, li: Actor, taken: str, make_user: MakeUser
) -> None:
    other = office.submitted(actor_of(make_user(name="陈某")))

    with pytest.raises(NotFound):
        desk.decide_material(li, taken, office.materials(other)[0].id, "accept")


def test_days_are_the_offices(desk: DeskService) -> None:
    assert isinstance(desk.today, date)
