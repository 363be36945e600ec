"""Notaries at work: comparisons, confirmations, and who may do neither."""

from __future__ import annotations

import hashlib
import json

import pytest
from sqlalchemy import delete, update

from portal.audit.service import entries_for
from portal.checks.models import Check
from portal.checks.shapes import GROUPS
from portal.matters.models import MatterAssignment, MatterConflict
from portal.problems import BadInput, Conflict, Forbidden, NotFound
from tests.portal.checks.conftest import CONTENT, Office
from tests.portal.conftest import MakeUser
from tests.portal.deposits.conftest import actor_of


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# -- Comparing ----------------------------------------------------------------------------------


def test_a_digest_alone_without_its_file_needs_a_reason(office: Office) -> None:
    matter_id = office.matter(office.digest())
    view = office.checked(matter_id)
    assert office.outcomes(view)["content"] == "unknown"
    with pytest.raises(BadInput) as refused:
        office.confirm(view)
    assert (refused.value.code, refused.value.field) == ("reason_needed", "reason-content")
    assert office.problem(matter_id) == "check_unconfirmed"
    office.confirm(view, reason="The applicant swore to it.")
    assert office.problem(matter_id) is None
    standing = office.checks.standing_for(office.notary, matter_id)
    assert standing.reasons["content"] == "The applicant swore to it."
    assert standing.outcomes["content"] == "unknown"


def test_the_applicants_file_decides_where_there_is_only_a_digest(office: Office) -> None:
    matter_id = office.matter(office.digest())
    found = office.checks.compare(office.notary, matter_id, sha(CONTENT), name="合同.pdf")
    assert (found.same, found.given) == (True, found.deposited)
    view = office.checked(matter_id)
    assert view.outcome == "pass"
    (comparison,) = view.document["inputs"]["comparisons"]
    assert (comparison["by"], comparison["name"]) == ("王公证", "合同.pdf")
    office.checks.compare(office.notary, matter_id, sha(b"another"))
    view = office.checked(matter_id)
    assert office.failed(view) == {"applicant-file"}
    assert office.problem(matter_id) == "check_failed"
    office.checks.compare(office.notary, matter_id, sha(CONTENT))  # the right one after all
    assert office.checked(matter_id).outcome == "pass"
    office.revise(matter_id)  # what was compared for another application does not count
    assert office.outcomes(office.checked(matter_id))["content"] == "unknown"


def test_another_file_beside_a_sound_original_is_a_question(office: Office, matter_id: str) -> None:
    found = office.checks.compare(office.notary, matter_id, sha(b"forged"), name="合同.pdf")
    assert not found.same
    assert (found.deposited, found.given) == (sha(CONTENT), sha(b"forged"))
    view = office.checked(matter_id)
    assert office.outcomes(view)["content"] == "unknown"
    content = view.group("content")
    assert content is not None
    assert sha(b"forged") in content.lines[-1].check.detail


def test_the_changed_file_of_a_folder_is_named(office: Office) -> None:
    files = {"卷/a.txt": b"first", "卷/sub/b.txt": b"second"}
    deposit = office.folder(files)
    matter_id = office.matter(deposit)

    def compare(content: bytes, name: str) -> tuple[bool, str, bool]:
        found = office.checks.compare(office.notary, matter_id, sha(content), name=name)
        return found.same, found.path, found.known

    assert compare(b"first", "whatever.txt") == (True, "卷/a.txt", True)
    assert compare(b"forged", "b.txt") == (False, "卷/sub/b.txt", True)
    assert compare(b"forged", "C:\\卷\\sub\\b.txt") == (False, "卷/sub/b.txt", True)
    view = office.checked(matter_id)
    content = view.group("content")
    assert content is not None
    assert "卷/sub/b.txt" in content.lines[-1].check.detail
    assert compare(b"second", "卷/sub/b.txt") == (True, "卷/sub/b.txt", True)
    assert office.checked(matter_id).outcome == "pass"
    assert compare(b"strange", "z.txt") == (False, "", False)
    listed = office.tools.vault.read(deposit.vault_key or "")
    assert compare(listed, "files.json") == (True, "", True)


@pytest.mark.parametrize("text", ["", "x" * 64, "ab", "0" * 63])
def test_what_is_no_digest(office: Office, matter_id: str, text: str) -> None:
    with pytest.raises(BadInput):
        office.checks.compare(office.notary, matter_id, text)


def test_a_comparison_is_recorded_and_names_are_bounded(office: Office, matter_id: str) -> None:
    office.checks.compare(office.notary, matter_id, sha(CONTENT), name="a\x00b\n" + "c" * 5000)
    with office.tools.database.reading() as session:
        entry = entries_for(session, f"matter:{matter_id}")[-1]
    detail = json.loads(entry.detail)
    assert (entry.action, detail["same"], detail["sha256"]) == ("check.compared", 1, sha(CONTENT))
    assert detail["name"].startswith("a b cc")
    assert len(detail["name"]) == 200


# -- Confirming ---------------------------------------------------------------------------------


def test_from_the_machine_to_a_certificate(office: Office, matter_id: str) -> None:
    assert office.problem(matter_id) == "check_missing"
    check_id = office.checks.begin(office.notary, matter_id)
    assert office.problem(matter_id) == "check_running"
    while office.checks.advance():
        pass
    assert office.problem(matter_id) == "check_unconfirmed"
    for group in GROUPS:
        assert office.problem(matter_id) == "check_unconfirmed"
        office.checks.confirm(office.notary, check_id, group)
    assert office.problem(matter_id) is None
    assert office.problem(matter_id, check_id) is None
    standing = office.checks.standing_for(office.notary, matter_id)
    assert (standing.ok, standing.check_id, standing.outcome) == (True, check_id, "pass")
    assert {each.name for each in standing.confirmed} == {"王公证"}


def test_the_second_notary_confirms_too(office: Office) -> None:
    matter_id = office.matter(office.put(), second_needed=True)
    view = office.checked(matter_id)
    office.confirm(view)
    assert office.problem(matter_id) == "check_second"
    office.confirm(view, office.second)
    assert office.problem(matter_id) is None
    with office.tools.database.transaction() as session:
        session.execute(delete(MatterAssignment).where(MatterAssignment.part == "second"))
    assert office.problem(matter_id) == "check_no_second"


def test_who_takes_the_matter_over_confirms_anew(office: Office, matter_id: str) -> None:
    view = office.checked(matter_id)
    office.confirm(view)
    with office.tools.database.transaction() as session:
        session.execute(update(MatterAssignment).values(notary_id=office.second.id))
    assert office.problem(matter_id) == "check_unconfirmed"
    office.confirm(view, office.second)
    assert office.problem(matter_id) is None
    with office.tools.database.transaction() as session:
        session.execute(delete(MatterAssignment))
    assert office.problem(matter_id) == "check_unassigned"


def test_what_failed_cannot_be_confirmed(office: Office, matter_id: str) -> None:
    office.tools.vault.delete(office.deposit_of(matter_id).vault_key or "")
    view = office.checked(matter_id)
    with pytest.raises(Conflict) as refused:
        office.confirm(view, reason="I know better")
    assert refused.value.code == "check_failed"
    assert not office.checks.view(office.notary, view.id).confirmed  # all or none
    office.checks.confirm(office.notary, view.id, "time")
    assert office.problem(matter_id) == "check_failed"


def test_after_a_newer_revision_nothing_is_confirmed(office: Office, matter_id: str) -> None:
    view = office.checked(matter_id)
    office.checks.confirm(office.notary, view.id, "time")
    office.revise(matter_id)
    with pytest.raises(Conflict) as refused:
        office.confirm(view)
    assert refused.value.code == "check_revision"
    assert office.problem(matter_id) == "check_revision"


def test_an_older_run_counts_no_more(office: Office, matter_id: str) -> None:
    view = office.checked(matter_id)
    office.confirm(view)
    newer = office.checked(matter_id)
    with pytest.raises(Conflict) as refused:
        office.confirm(view)
    assert refused.value.code == "check_older"
    assert office.problem(matter_id) == "check_unconfirmed"
    office.confirm(newer)
    assert office.problem(matter_id, view.id) == "check_older"
    assert office.problem(matter_id, newer.id) is None


def test_a_check_holds_for_a_day(office: Office, matter_id: str) -> None:
    view = office.checked(matter_id)
    office.confirm(view)
    office.clock.forward(hours=23, minutes=59)
    assert office.problem(matter_id) is None
    office.clock.forward(minutes=2)
    assert office.problem(matter_id) == "check_stale"
    with pytest.raises(Conflict) as refused:
        office.confirm(view)
    assert refused.value.code == "check_stale"


def test_while_it_runs_there_is_nothing_to_confirm(office: Office, matter_id: str) -> None:
    check_id = office.checks.begin(office.notary, matter_id)
    with pytest.raises(Conflict) as refused:
        office.checks.confirm(office.notary, check_id, "time")
    assert refused.value.code == "check_not_ended"


def test_a_word_can_be_changed_and_the_reason_is_bounded(office: Office) -> None:
    matter_id = office.matter(office.digest())
    view = office.checked(matter_id)
    office.checks.confirm(office.notary, view.id, "content", "first thought")
    office.checks.confirm(office.notary, view.id, "content", "second\r\nthought")
    (said,) = office.checks.view(office.notary, view.id).said("content")
    assert said.reason == "second\nthought"
    for group, reason in (("content", "x" * 2001), ("content", " \n "), ("nothing", "")):
        with pytest.raises(BadInput):
            office.checks.confirm(office.notary, view.id, group, reason)


def test_a_report_changed_in_the_database_certifies_nothing(office: Office, matter_id: str) -> None:
    view = office.checked(matter_id)
    office.confirm(view)
    with office.tools.database.transaction() as session:
        session.execute(update(Check).values(document=b'{"schema":"notary/check/v1"}'))
    assert office.problem(matter_id) == "check_damaged"


# -- Who may not --------------------------------------------------------------------------------


def test_another_notarys_check(office: Office, matter_id: str) -> None:
    view = office.checked(matter_id)
    for act in (
        lambda: office.checks.begin(office.second, matter_id),
        lambda: office.checks.confirm(office.second, view.id, "time"),
        lambda: office.checks.compare(office.second, matter_id, "0" * 64),
    ):
        with pytest.raises(Forbidden, match="not assigned"):
            act()
    assert office.checks.latest(office.second, matter_id) is not None  # looking is for all
    assert not office.checks.handles(office.second, matter_id)
    with office.tools.database.transaction() as session:
        session.add(
            MatterConflict(
                matter_id=matter_id,
                notary_id=office.notary.id,
                reason="kin",
                by=office.notary.id,
                at=office.clock(),
            )
        )
    with pytest.raises(Forbidden, match="keep away"):
        office.checks.begin(office.notary, matter_id)


def test_neither_applicants_nor_strangers(
    office: Office, matter_id: str, make_user: MakeUser
) -> None:
    view = office.checked(matter_id)
    auditor = actor_of(make_user("auditor"))
    assert office.checks.view(auditor, view.id).id == view.id
    with pytest.raises(NotFound):
        office.checks.begin(auditor, matter_id)
    for actor in (office.applicant, actor_of(make_user("operator"))):
        for look in (office.checks.latest, office.checks.history, office.checks.about):
            with pytest.raises(NotFound):
                look(actor, matter_id)
        with pytest.raises(NotFound):
            office.checks.document(actor, view.id)
    with pytest.raises(NotFound):
        office.checks.view(office.notary, "nothing")
