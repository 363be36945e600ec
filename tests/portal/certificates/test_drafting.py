"""Writing: one draft for a matter, revisions, and approval by the right person."""

from __future__ import annotations

import pytest

from portal.audit.actor import Actor
from portal.matters.models import Matter
from portal.problems import BadInput, Conflict, Forbidden, NotFound
from tests.portal.certificates.conftest import NAME, Desk
from tests.portal.deposits.conftest import actor_of


def test_a_draft_is_filled_in_and_begun_once(desk: Desk, matter_id: str) -> None:
    desk.check(matter_id)
    certificate_id = desk.drafted(matter_id)
    assert desk.drafted(matter_id) == certificate_id
    view = desk.certificates.office_view(desk.notary, certificate_id)
    deposit = desk.deposits.get(desk.applicant, desk.matter_of(certificate_id).deposit_id)
    for text in (view.testimony_zh, view.testimony_en):
        for fact in (NAME, deposit.number, deposit.sha256):
            assert fact in text
    assert "《中华人民共和国公证法》" in view.testimony_zh
    assert "None" not in view.testimony_zh + view.testimony_en
    assert desk.log(f"matter:{matter_id}")[-1] == "matter.particulars_read"
    pdf = desk.certificates.preview(desk.notary, certificate_id)
    assert pdf.startswith(b"%PDF-")


def test_it_speaks_the_languages_that_were_applied_for(desk: Desk) -> None:
    matter_id = desk.matter(desk.deposit(), language="zh")
    certificate_id = desk.drafted(matter_id)
    view = desk.certificates.office_view(desk.notary, certificate_id)
    assert view.testimony_zh
    assert not view.testimony_en
    desk.certificates.edit(desk.notary, certificate_id, "证词", "not wanted", 1)
    assert desk.row(certificate_id).testimony_en == ""


def test_each_change_is_a_revision_and_nobody_overwrites_unseen(desk: Desk, matter_id: str) -> None:
    certificate_id = desk.drafted(matter_id)
    assert desk.certificates.edit(desk.notary, certificate_id, "甲", "one", 1) == 2
    assert desk.certificates.edit(desk.notary, certificate_id, "甲", "one", 2) == 2
    with pytest.raises(Conflict, match="in the meantime"):
        desk.certificates.edit(desk.notary, certificate_id, "乙", "two", 1)
    with pytest.raises(BadInput):
        desk.certificates.edit(desk.notary, certificate_id, "丙" * 12_001, "", 2)
    with pytest.raises(BadInput, match="NUL"):
        desk.certificates.edit(desk.notary, certificate_id, "\x00", "", 2)
    assert desk.row(certificate_id).testimony_zh == "甲"
    assert desk.certificates.renew(desk.notary, certificate_id, 2) == 3
    assert NAME in desk.row(certificate_id).testimony_zh


def test_approval_covers_one_revision_and_falls_with_the_next(desk: Desk, matter_id: str) -> None:
    certificate_id = desk.drafted(matter_id)
    with pytest.raises(Conflict, match="machine check has not been run"):
        desk.certificates.approve(desk.notary, certificate_id, 1)
    desk.check(matter_id)
    with pytest.raises(Conflict, match="in the meantime"):
        desk.certificates.approve(desk.notary, certificate_id, 7)
    desk.certificates.approve(desk.notary, certificate_id, 1)
    desk.certificates.approve(desk.notary, certificate_id, 1)  # pressed twice
    row = desk.row(certificate_id)
    assert (row.state, row.approved_revision, row.approved_by) == ("approved", 1, desk.notary.id)
    desk.certificates.edit(desk.notary, certificate_id, "另一种说法", "other words", 1)
    row = desk.row(certificate_id)
    assert (row.state, row.approved_revision, row.approved_by) == ("draft", None, None)
    with pytest.raises(Conflict, match="changed after the approval"):
        desk.issue(certificate_id)
    desk.certificates.edit(desk.notary, certificate_id, "", "x", 2)
    with pytest.raises(BadInput, match="in Chinese is still empty"):
        desk.certificates.approve(desk.notary, certificate_id, 3)


def test_where_a_second_notary_is_needed_the_drafter_approves_nothing(desk: Desk) -> None:
    matter_id = desk.matter(desk.deposit(), second_needed=True)
    desk.check(matter_id)
    certificate_id = desk.drafted(matter_id)
    with pytest.raises(Forbidden, match="not assigned to you"):
        desk.certificates.approve(desk.notary, certificate_id, 1)
    with desk.tools.database.transaction() as session:  # the second one wrote it last, somehow
        from portal.certificates.models import Certificate

        session.get_one(Certificate, certificate_id).drafted_by = desk.second.id
    with pytest.raises(Forbidden, match="Whoever wrote the text last"):
        desk.certificates.approve(desk.second, certificate_id, 1)


def test_others_neither_read_nor_write(
    desk: Desk, matter_id: str, auditor: Actor, make_user
) -> None:  # type: ignore[no-untyped-def]
    certificate_id = desk.drafted(matter_id)
    stranger, notary = actor_of(make_user()), actor_of(make_user("notary"))
    for actor in (stranger, desk.applicant):
        with pytest.raises(NotFound):
            desk.certificates.office_view(actor, certificate_id)
        with pytest.raises(NotFound):
            desk.certificates.view(actor, certificate_id)
        with pytest.raises(NotFound):
            desk.certificates.draft(actor, matter_id)
    assert desk.certificates.office_view(auditor, certificate_id).state == "draft"
    for actor, error in ((auditor, NotFound), (notary, Forbidden), (desk.second, Forbidden)):
        with pytest.raises(error):
            desk.certificates.edit(actor, certificate_id, "x", "y", 1)
        with pytest.raises(error):
            desk.certificates.approve(actor, certificate_id, 1)
        with pytest.raises(error):
            desk.certificates.drop(actor, certificate_id)
        with pytest.raises(error):
            desk.certificates.issue(actor, certificate_id, "x", "y", 1)


def test_a_notarys_own_application_is_somebody_elses_to_certify(desk: Desk) -> None:
    matter_id = desk.matter(desk.deposit())
    with desk.tools.database.transaction() as session:
        session.get_one(Matter, matter_id).owner_id = desk.notary.id
    with pytest.raises(Forbidden, match="of your own"):
        desk.certificates.draft(desk.notary, matter_id)


def test_a_draft_given_up_leaves_room_for_another(desk: Desk, matter_id: str) -> None:
    first = desk.drafted(matter_id)
    desk.certificates.drop(desk.notary, first)
    second = desk.drafted(matter_id)
    assert second != first
    assert [view.id for view in desk.certificates.of_matter(desk.notary, matter_id, "office")] == [
        second
    ]
    assert desk.certificates.of_matter(desk.applicant, matter_id, "applicant") == ()
