"""Drafts, parties, lists and the freeze: who may do what, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.draws import inviting
from portal.draws.models import DrawList, DrawParty
from portal.draws.previewing import preview
from portal.draws.shapes import Layout, Plan, PlanPool, PlanStage, PoolCount
from portal.problems import (
    BadInput,
    Conflict,
    Forbidden,
    NotFound,
    PortalError,
    RateLimited,
    TooLarge,
)
from portal.services import Services
from portal.settings import Settings
from tests.portal.conftest import MakeSettings, MakeUser
from tests.portal.draws.acting import LAYOUT, Ceremony, acts, plan, table, upload
from tests.portal.draws.conftest import MakeCeremony


def refused(error: type[PortalError], code: str, act: Callable[[], object]) -> PortalError:
    with pytest.raises(error) as caught:
        act()
    assert caught.value.code == code
    return caught.value


# -- Drafts ----------------------------------------------------------------------------------


def test_a_draft_is_kept_and_given_back(ceremony: Ceremony) -> None:
    draws, actor = ceremony.services.draws, ceremony.organiser.actor
    draw_id = draws.create(actor, " 新春  抽奖 ", "")
    wanted = plan(draw_at=ceremony.now + timedelta(days=8), dice_minimum=60, threshold=2)
    draws.save_plan(actor, draw_id, wanted)
    assert draws.plan(actor, draw_id) == wanted
    shown = draws.get(actor, draw_id)
    assert (shown.state, shown.party, shown.may_change) == ("draft", "organiser", True)
    assert [each.role for each in shown.parties] == ["organiser", "portal"]
    assert {each.code for each in shown.obstacles} == {
        *("list_missing", "notary_missing", "party_missing"),
    }
    assert draws.mine(actor).lines[0].id == draw_id


def test_only_organisers_begin_draws(services: Services, user: User) -> None:
    refused(Forbidden, "role_missing", lambda: services.draws.create(acts(user), "x", ""))


def test_a_title_is_needed(ceremony: Ceremony) -> None:
    draws, actor = ceremony.services.draws, ceremony.organiser.actor
    refused(BadInput, "title_missing", lambda: draws.create(actor, " ", ""))


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("max_weight", {"max_weight": 10_001}),
        ("pools-0-id", {"pools": (PlanPool("队伍"),)}),
        ("pools", {"pools": (PlanPool("A"), PlanPool("A"))}),
        ("stages-0-winners", {"stages": (PlanStage(winners=0),)}),
        ("stages-0-pools", {"stages": (PlanStage(pools=("B",)),)}),
        ("stages-0-alternates", {"stages": (PlanStage(winners="all", alternates=1),)}),
        ("stages", {"stages": ()}),
        ("dice_minimum", {"dice_minimum": 49}),
        ("attempts", {"attempts": 3}),
        ("void_reasons", {"void_reasons": ("because",)}),
        ("public", {"public": ()}),
        ("title_zh", {"title_zh": "很" * 201}),
    ],
)
def test_what_no_plan_may_say_is_refused_by_its_field(
    ceremony: Ceremony, field: str, changes: dict[str, object]
) -> None:
    draws, actor = ceremony.services.draws, ceremony.organiser.actor
    draw_id = draws.create(actor, "抽奖", "")
    with pytest.raises(BadInput) as caught:
        draws.save_plan(actor, draw_id, plan(**changes))
    assert caught.value.field == field


def test_other_peoples_draws_are_not_found(ceremony: Ceremony, make_user: MakeUser) -> None:
    draws = ceremony.services.draws
    draw_id = draws.create(ceremony.organiser.actor, "抽奖", "")
    stranger = acts(make_user("organiser", "notary"))
    acted: list[Callable[[], object]] = [
        lambda: draws.get(stranger, draw_id),
        lambda: draws.plan(stranger, draw_id),
        lambda: draws.save_plan(stranger, draw_id, plan()),
        lambda: draws.delete(stranger, draw_id),
        lambda: draws.invite(stranger, draw_id, "notary", "N", ""),
        lambda: draws.uninvite(stranger, draw_id, "portal"),
        lambda: draws.join(stranger, draw_id, "organiser", *_keys(ceremony)),
        lambda: draws.drop_list(stranger, draw_id),
        lambda: draws.choose_columns(stranger, draw_id, LAYOUT, "refuse"),
        lambda: draws.freeze(stranger, draw_id),
        lambda: draws.thaw(stranger, draw_id),
        lambda: draws.task(stranger, draw_id),
        lambda: draws.audit_sample(stranger, draw_id),
        lambda: draws.beacon_file(stranger, draw_id, b"{}"),
        lambda: draws.waive(stranger, draw_id, "why"),
        lambda: draws.public(draw_id),
        lambda: draws.live(draw_id),
        lambda: draws.transcript(draw_id),
        lambda: draws.receipt(draw_id, 0),
    ]
    for act in acted:
        refused(NotFound, "draw_not_found", act)
    assert draws.mine(stranger).lines == ()
    refused(
        NotFound,
        "draw_not_found",
        lambda: draws.take_list(stranger, draw_id, upload(ceremony.services, stranger, b"a")),
    )


def _keys(ceremony: Ceremony) -> tuple[str, str]:
    party = ceremony.organiser.party("x")
    return party.key, party.box


def test_a_draft_goes_with_everything(ceremony: Ceremony, settings: Settings) -> None:
    ceremony.begin()
    draws, services = ceremony.services.draws, ceremony.services
    with services.database.reading() as session:
        key = session.get_one(DrawList, ceremony.draw_id).vault_key
    assert services.vault.exists(key)
    draws.delete(ceremony.organiser.actor, ceremony.draw_id)
    assert not services.vault.exists(key)
    assert not (settings.path("draws") / ceremony.draw_id).exists()
    with services.database.reading() as session:
        assert session.query(DrawParty).count() == 0
    assert draws.mine(ceremony.organiser.actor).lines == ()


# -- Parties ---------------------------------------------------------------------------------


def test_an_invitation_works_once_and_only_for_a_notary(
    ceremony: Ceremony, make_user: MakeUser
) -> None:
    draws, actor = ceremony.services.draws, ceremony.organiser.actor
    draw_id = draws.create(actor, "抽奖", "")
    link = draws.invite(actor, draw_id, "notary", "李公证", "n@example.com")
    token = link.rpartition("/")[2]
    assert draws.invitation(token).role == "notary"
    refused(Forbidden, "role_missing", lambda: draws.claim(acts(make_user()), token))
    assert draws.claim(ceremony.notary.actor, token) == draw_id
    refused(NotFound, "invitation_not_found", lambda: draws.claim(ceremony.notary.actor, token))
    assert draws.get(ceremony.notary.actor, draw_id).party == "notary"
    mails = ceremony.services.mail.waiting()
    assert [mail.recipient for mail in mails] == ["n@example.com"]


def test_nobody_is_two_parties(ceremony: Ceremony) -> None:
    draws, actor = ceremony.services.draws, ceremony.organiser.actor
    draw_id = draws.create(actor, "抽奖", "")
    link = draws.invite(actor, draw_id, "public", "公众", "")
    token = link.rpartition("/")[2]
    refused(Conflict, "party_twice", lambda: draws.claim(actor, token))
    assert draws.claim(ceremony.notary.actor, token) == draw_id


def test_a_new_invitation_of_the_notary_ends_the_old_one(ceremony: Ceremony) -> None:
    draws, actor = ceremony.services.draws, ceremony.organiser.actor
    draw_id = draws.create(actor, "抽奖", "")
    old, new = (draws.invite(actor, draw_id, "notary", "李", "") for _ in range(2))
    refused(NotFound, "invitation_not_found", lambda: draws.invitation(old.rpartition("/")[2]))
    assert draws.claim(ceremony.notary.actor, new.rpartition("/")[2]) == draw_id
    refused(Conflict, "notary_there", lambda: draws.invite(actor, draw_id, "notary", "another", ""))


def test_invitations_are_no_way_to_send_mail_to_strangers(
    ceremony: Ceremony, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inviting, "DAILY", 2)
    draws, actor = ceremony.services.draws, ceremony.organiser.actor
    draw_id = draws.create(actor, "抽奖", "")
    for name in ("public", "public-2"):
        draws.invite(actor, draw_id, "public", name, "p@example.com")
        draws.uninvite(actor, draw_id, "public")
    refused(
        RateLimited, "invitations_many", lambda: draws.invite(actor, draw_id, "public", "x", "")
    )


def test_keys_are_a_partys_own_and_no_weak_ones(ceremony: Ceremony) -> None:
    draws, draw_id = ceremony.services.draws, ceremony.begin()
    actor = ceremony.notary.actor
    party = ceremony.notary.party("another draw")
    refused(
        Forbidden,
        "party_only",
        lambda: draws.join(actor, draw_id, "organiser", party.key, party.box),
    )
    small_order = "00" * 32
    refused(
        BadInput, "party_key", lambda: draws.join(actor, draw_id, "notary", small_order, party.box)
    )
    taken = ceremony.organiser.party(draw_id).key
    refused(BadInput, "key_taken", lambda: draws.join(actor, draw_id, "notary", taken, party.box))
    draws.join(actor, draw_id, "notary", party.key, party.box)
    shown = draws.get(actor, draw_id)
    assert [each.key for each in shown.parties if each.you] == [party.key]


def test_parties_look_but_do_not_change(ceremony: Ceremony) -> None:
    draws, draw_id = ceremony.services.draws, ceremony.begin()
    notary = ceremony.notary.actor
    assert not draws.get(notary, draw_id).may_change
    refused(Forbidden, "organiser_only", lambda: draws.save_plan(notary, draw_id, plan()))
    refused(Forbidden, "organiser_only", lambda: draws.freeze(notary, draw_id))
    refused(Forbidden, "organiser_only", lambda: draws.drop_list(notary, draw_id))


def test_no_secret_of_the_portals_is_in_the_clear(ceremony: Ceremony, services: Services) -> None:
    """Its master and the list's keys are sealed for this draw alone."""
    from portal.draws.kit import Kit
    from portal.draws.portal_party import PortalParty

    draw_id = ceremony.begin()
    other = services.draws.create(ceremony.organiser.actor, "x", "")
    with services.database.transaction() as session:
        mine = session.get_one(DrawParty, (draw_id, "portal"))
        theirs = session.get_one(DrawParty, (other, "portal"))
        assert mine.sealed != theirs.sealed
        theirs.sealed = mine.sealed
        keys = session.get_one(DrawList, draw_id).keys
    assert keys is not None
    assert len(keys) > 128
    kit: Kit = services.draws._kit
    with services.database.reading() as session, pytest.raises(ValueError, match="sealed"):
        PortalParty(kit).open(session, other)


# -- The list --------------------------------------------------------------------------------


def test_a_list_is_surveyed_before_its_columns_are_chosen(ceremony: Ceremony) -> None:
    draws, actor = ceremony.services.draws, ceremony.organiser.actor
    draw_id = ceremony.draw_id = draws.create(actor, "抽奖", "")
    draws.take_list(actor, draw_id, upload(ceremony.services, actor, table(5)))
    assert draws.get(actor, draw_id).list.state == "survey"  # type: ignore[union-attr]
    ceremony.work()
    listed = draws.get(actor, draw_id).list
    assert listed is not None
    assert (listed.state, listed.columns, listed.rows) == ("surveyed", ("编号", "姓名"), 5)
    assert listed.guess is not None
    assert listed.guess.id == "编号"
    refused(
        BadInput,
        "column_unknown",
        lambda: draws.choose_columns(actor, draw_id, Layout("手机"), "refuse"),
    )
    refused(
        BadInput,
        "column_twice",
        lambda: draws.choose_columns(actor, draw_id, Layout("编号", weight="编号"), "refuse"),
    )
    draws.choose_columns(actor, draw_id, LAYOUT, "refuse")
    ceremony.work()
    listed = draws.get(actor, draw_id).list
    assert listed is not None
    assert (listed.state, listed.count, listed.open_problems) == ("committed", 5, False)


def test_half_of_the_list_twice_is_refused_or_counted_once(ceremony: Ceremony) -> None:
    """50 % duplicates: refused by that policy, and by the other the first row counts."""
    twice = table(20) + b"".join(table(20).splitlines(keepends=True)[1:])
    ceremony.begin(content=twice)
    listed = ceremony.view.list
    assert (listed.state, listed.duplicate_count, listed.open_problems) == ("surveyed", 20, True)
    draws, actor = ceremony.services.draws, ceremony.organiser.actor
    refused(Conflict, "not_freezable", lambda: draws.freeze(actor, ceremony.draw_id))
    draws.choose_columns(actor, ceremony.draw_id, LAYOUT, "first")
    ceremony.work()
    listed = ceremony.view.list
    assert (listed.state, listed.count) == ("committed", 20)
    assert listed.document["duplicates"] == {"policy": "first", "found": 20}
    assert ceremony.view.freezable


def test_the_same_number_in_another_spelling_is_a_duplicate(ceremony: Ceremony) -> None:
    content = "编号,姓名\nａ－１,甲\nA-1,乙\nB,丙\n".encode()
    ceremony.begin(content=content)
    listed = ceremony.view.list
    assert listed.duplicate_count == 1
    assert listed.duplicate_rows[0].row == 3


def test_a_list_over_the_limit_is_refused(make_settings: MakeSettings, ceremony: Ceremony) -> None:
    """The limits are settings."""
    kit = ceremony.services.draws._kit
    small = make_settings(draw_entries=10, draw_list_bytes=2000)
    object.__setattr__(kit.tools, "settings", small)
    draws, actor = ceremony.services.draws, ceremony.organiser.actor
    draw_id = ceremony.draw_id = draws.create(actor, "抽奖", "")
    draft = upload(ceremony.services, actor, table(1000))
    refused(TooLarge, "file_too_large", lambda: draws.take_list(actor, draw_id, draft))
    assert ceremony.services.uploads.view(actor, draft).ready  # nothing was taken away
    ceremony.list(table(11))
    listed = ceremony.view.list
    assert listed.state == "failed"
    assert listed.problem
    assert listed.open_problems


def test_what_is_no_list_fails_with_its_reason(ceremony: Ceremony) -> None:
    draws, actor = ceremony.services.draws, ceremony.organiser.actor
    draw_id = ceremony.draw_id = draws.create(actor, "抽奖", "")
    draft = upload(ceremony.services, actor, b"\x00\x01\x02" * 50, "list.xlsx")
    draws.take_list(actor, draw_id, draft)
    ceremony.work()
    listed = ceremony.view.list
    assert listed.state == "failed"
    assert listed.problem
    draws.drop_list(actor, draw_id)
    assert ceremony.view.list is None


def test_other_pools_make_the_list_be_read_again(ceremony: Ceremony) -> None:
    """An empty pool, or one nobody knows, cannot be frozen."""
    ceremony.begin()
    draws, actor = ceremony.services.draws, ceremony.organiser.actor
    assert ceremony.view.freezable
    changed = replace(
        draws.plan(actor, ceremony.draw_id),
        pools=(PlanPool("A"), PlanPool("B")),
        stages=(PlanStage(pools=("A", "B")),),
    )
    draws.save_plan(actor, ceremony.draw_id, changed)
    assert ceremony.view.list.state == "survey"
    ceremony.work()
    codes = {each.code for each in ceremony.view.obstacles}
    assert codes & {"pool_empty", "list_problems"}
    assert not ceremony.view.freezable


def test_more_places_than_entries_cannot_be_frozen(ceremony: Ceremony) -> None:
    ceremony.begin(plan(stages=(PlanStage("一", "", ("A",), 30), PlanStage("二", "", ("A",), 11))))
    assert {each.code for each in ceremony.view.obstacles} == {"places_many"}
    draws, actor = ceremony.services.draws, ceremony.organiser.actor
    refused(Conflict, "not_freezable", lambda: draws.freeze(actor, ceremony.draw_id))


def test_a_second_upload_takes_the_place_of_the_first(ceremony: Ceremony) -> None:
    ceremony.begin()
    first = ceremony.view.list.root
    ceremony.list(table(12))
    assert ceremony.view.list.count == 12
    assert ceremony.view.list.root != first
    with ceremony.services.database.reading() as session:
        assert session.query(DrawList).count() == 1


def test_a_lost_folder_is_made_again_the_same(ceremony: Ceremony, settings: Settings) -> None:
    import shutil

    ceremony.until("commit")
    folder = settings.path("draws") / ceremony.draw_id
    before = ceremony.services.draws.receipt(ceremony.draw_id, 7)
    shutil.rmtree(folder)
    refused(
        PortalError, "list_folder", lambda: ceremony.services.draws.receipt(ceremony.draw_id, 7)
    )
    ceremony.services.draws.sweep()
    ceremony.work()
    assert ceremony.services.draws.receipt(ceremony.draw_id, 7) == before


def test_the_plain_list_lies_nowhere_afterwards(ceremony: Ceremony, settings: Settings) -> None:
    ceremony.begin()
    names = [path.name for path in Path(settings.path("draws")).rglob("source-*")]
    assert names == []


# -- The freeze ------------------------------------------------------------------------------


def test_nothing_changes_after_the_freeze(ceremony: Ceremony) -> None:
    ceremony.begin()
    draws, actor, draw_id = ceremony.services.draws, ceremony.organiser.actor, ceremony.draw_id
    frozen = draws.freeze(actor, draw_id)
    assert draws.freeze(actor, draw_id) == frozen
    acted: list[Callable[[], object]] = [
        lambda: draws.save_plan(actor, draw_id, plan()),
        lambda: draws.drop_list(actor, draw_id),
        lambda: draws.choose_columns(actor, draw_id, LAYOUT, "first"),
        lambda: draws.invite(actor, draw_id, "public", "x", ""),
        lambda: draws.uninvite(actor, draw_id, "notary"),
        lambda: draws.delete(actor, draw_id),
        lambda: draws.join(actor, draw_id, "organiser", *_keys(ceremony)),
    ]
    for act in acted:
        refused(Conflict, "draw_frozen", act)
    draws.thaw(actor, draw_id)
    assert ceremony.view.state == "draft"
    draws.save_plan(actor, draw_id, replace(draws.plan(actor, draw_id), rules_zh="改了"))
    again = json.loads(draws.freeze(actor, draw_id))
    assert again["rules"]["zh"] == "改了"
    ceremony.hand_in(
        ceremony.organiser,
        ceremony.organiser.party(draw_id).config(ceremony.record(), ceremony.now),
    )
    refused(Conflict, "draw_announced", lambda: draws.thaw(actor, draw_id))


def test_the_seven_days_are_a_warning_which_the_notary_waives(ceremony: Ceremony) -> None:
    ceremony.begin(plan(rehearsal=False))
    assert "seven_days" in {each.code for each in ceremony.view.warnings}
    assert ceremony.view.freezable
    draws = ceremony.services.draws
    refused(
        Forbidden,
        "notary_only",
        lambda: draws.waive(ceremony.organiser.actor, ceremony.draw_id, "why not"),
    )
    draws.waive(ceremony.notary.actor, ceremony.draw_id, "开学在即")
    assert "seven_days" not in {each.code for each in ceremony.view.warnings}
    assert ceremony.view.waived == "开学在即"


def test_organisers_have_so_many_open_draws(
    ceremony: Ceremony, make_settings: MakeSettings
) -> None:
    draws, actor = ceremony.services.draws, ceremony.organiser.actor
    object.__setattr__(draws._kit.tools, "settings", make_settings(draw_open=1))
    draws.create(actor, "一", "")
    refused(Conflict, "draws_many", lambda: draws.create(actor, "二", ""))


def test_every_act_stands_in_the_custody_log(make_ceremony: MakeCeremony) -> None:
    ceremony = make_ceremony()
    ceremony.until("final")
    ceremony.services.draws.audit_sample(ceremony.notary.actor, ceremony.draw_id)
    ceremony.audit()
    with ceremony.services.database.reading() as session:
        found = {
            entry.action
            for entry in session.query(AuditEntry)
            if entry.subject == f"draw:{ceremony.draw_id}"
        }
    assert found >= {
        *("draw.created", "draw.planned", "draw.invited", "draw.claimed", "draw.joined"),
        *("draw.list_taken", "draw.columns_chosen", "draw.list_surveyed", "draw.list_committed"),
        *("draw.frozen", "draw.stated", "draw.stepped", "draw.sample_read", "draw.bound"),
        "draw.complete",
    }


# -- How it works out --------------------------------------------------------------------------


def test_a_preview_counts_what_earlier_stages_may_have_taken() -> None:
    counts = {"A": PoolCount(10, 10), "B": PoolCount(20, 20)}
    planned = Plan(
        pools=(PlanPool("A"), PlanPool("B")),
        stages=(
            PlanStage(pools=("A", "B"), winners=5),
            PlanStage(pools=("A",), winners=6),
            PlanStage(pools=("B",), winners=20, repeat=True),
        ),
    )
    shown = preview(planned, counts)
    first, second, third = shown.stages
    assert (first.eligible_least, first.eligible_most) == (30, 30)
    assert (second.eligible_least, second.eligible_most) == (5, 10)
    assert second.problem is not None
    assert second.problem.code == "places_many"
    assert (third.eligible_least, third.problem) == (20, None)
    assert not shown.feasible


def test_places_that_stay_empty_are_carried_over() -> None:
    planned = Plan(
        stages=(PlanStage(winners=12, unfilled="carry"), PlanStage(winners=1, unfilled="leave"))
    )
    shown = preview(planned, {"A": PoolCount(10, 10)})
    assert shown.stages[1].places == 3
    assert shown.feasible
    assert shown.stages[0].chance == 1.0
